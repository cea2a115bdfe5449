package measure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"srn/pkg/artifact"
)

// resumption is where a series can be resumed: the records written, and the
// eigenvectors known, before the checkpoint at hand.
type resumption struct {
	records int
	before  map[string][][]float32
}

// carrying is a measurement that takes something from one checkpoint to the
// next that its records do not tell.
type carrying interface{ carries() bool }

func (t *Top) carries() bool    { return t.Warm }
func (f *Follow) carries() bool { return f.Warm }

// Stateful says that a series resumes by a state beside its records.
func (s *Series) Stateful() bool {
	c, ok := s.Measurement.(carrying)
	return ok && c.carries()
}

func (s *Series) stand(records int) {
	s.standing = resumption{records, maps.Clone(s.Before)}
}

func (s *Series) save() error {
	if s.Save == nil {
		return nil
	}
	return s.Save()
}

// saveInterrupted saves the state of a series that an error ends, where it is
// an interruption.
func (s *Series) saveInterrupted(err error) error {
	if !errors.Is(err, context.Canceled) {
		return nil
	}
	return s.save()
}

// State is what an interrupted series is resumed from: the number of records
// that it counts with, and tensors.
func (s *Series) State() (records int, tensors []artifact.Tensor) {
	for _, name := range slices.Sorted(maps.Keys(s.standing.before)) {
		for i, v := range s.standing.before[name] {
			tensors = append(tensors, artifact.Float32(fmt.Sprintf("before.%d.%s", i, name), []int{len(v)}, v))
		}
	}
	return s.standing.records, tensors
}

// Restore takes up a state; path is its file's name, for the error, an
// *artifact.FormatError.
func (s *Series) Restore(f *artifact.File, path string) error {
	for _, t := range f.Tensors {
		var i int
		var name string
		if n, err := fmt.Sscanf(t.Name, "before.%d.", &i); n != 1 || err != nil {
			return &artifact.FormatError{Path: path, Field: fmt.Sprintf("tensor %q", t.Name), Problem: "is not of a series"}
		}
		name = t.Name[len(fmt.Sprintf("before.%d.", i)):]
		if i != len(s.Before[name]) {
			return &artifact.FormatError{Path: path, Field: fmt.Sprintf("tensor %q", t.Name), Problem: "follows no other"}
		}
		v := make([]float32, t.Len())
		if err := f.ReadFinite32(path, t.Name, v); err != nil {
			return err
		}
		s.Before[name] = append(s.Before[name], v)
	}
	return nil
}
