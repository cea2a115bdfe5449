package measure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"srn/pkg/artifact"
)

// resumption is where a series can be resumed: the records written before the
// checkpoint at hand, or before the block at hand where a part of it is saved,
// and the eigenvectors known before the checkpoint.
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
	m, ok := s.Measurement.(partial)
	if !errors.Is(err, context.Canceled) || !s.Stateful() && (!ok || m.part() == nil) {
		return nil
	}
	return s.save()
}

// State is what an interrupted series is resumed from: the number of records
// that it counts with, and tensors.
func (s *Series) State() (records int, tensors []artifact.Tensor) {
	if m, ok := s.Measurement.(partial); ok {
		return s.standing.records, m.part()
	}
	for _, name := range slices.Sorted(maps.Keys(s.standing.before)) {
		for i, v := range s.standing.before[name] {
			tensors = append(tensors, artifact.Float32(fmt.Sprintf("before.%d.%s", i, name), []int{len(v)}, v))
		}
	}
	return s.standing.records, tensors
}

// Restore takes up a state that counts with so many records; path is its file's
// name, for the error, an *artifact.FormatError.
func (s *Series) Restore(f *artifact.File, path string, records int) error {
	if m, ok := s.Measurement.(partial); ok {
		dim, err := s.dim(m, records)
		if err != nil {
			return err
		}
		if dim == 0 {
			return &artifact.FormatError{Path: path, Problem: fmt.Sprintf("after %d records there is no block of which a part could be done", records)}
		}
		return m.resume(f, path, dim)
	}
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
