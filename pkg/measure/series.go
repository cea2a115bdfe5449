package measure

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"srn/pkg/checkpoint"
	"srn/pkg/dataset"
	"srn/pkg/record"
	"srn/pkg/resnet"
)

// Measurement is what a [Series] takes at each checkpoint. It is a struct of
// its settings and of what it carries from one checkpoint to the next.
type Measurement interface {
	// Check refuses settings that cannot work.
	Check() error
	// Prepare reads further inputs and refuses checkpoints that do not fit the
	// settings, before anything is computed or written.
	Prepare(*Series) error
	// Network is what the measurement needs of the network.
	Network() resnet.Config
	// Records lists the types of the records of a checkpoint in their order, but
	// for the tests of Hessian-vector products that come first.
	Records(*checkpoint.Checkpoint) ([]string, error)
	// Measure yields the records of a point, each as soon as it is known, but the
	// first skip of them, which are there already. An error ends it; a record may
	// come with it.
	Measure(ctx context.Context, p *Point, skip int) iter.Seq2[record.Record, error]

	settings() *Loss
	tests() int // of Hessian-vector products, each a record before the others
}

// summary is a measurement that ends with a record of the whole series. Resume
// gives it the records that an earlier run has written.
type summary interface {
	Resume(done []record.Record)
	Last() record.Record
}

// ordered is a measurement that knows more of its records of a checkpoint, from
// 0, than their types.
type ordered interface {
	Fits(n int, r record.Record) bool
}

// Series is a measurement at one checkpoint after the other.
type Series struct {
	*Session
	Measurement Measurement
	// Before are the eigenvectors found at the checkpoint before, by what they
	// are of: the searches start there. A series that resumes is given those of
	// the series that was interrupted.
	Before map[string][][]float32
	// Save, if set, is called whenever more is done than the state that was saved
	// last, and the records, tell.
	Save func() error

	loss     *Loss
	examples []int32
	subset   dataset.Examples
	standing resumption
}

// NewSeries picks the images and prepares the measurement.
func NewSeries(s *Session, m Measurement) (*Series, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	series := &Series{Session: s, Measurement: m, Before: map[string][][]float32{}, loss: m.settings()}
	var err error
	if series.examples, series.subset, err = series.loss.choose(s.Indices); err != nil {
		return nil, err
	}
	if err := series.loss.room(series); err != nil {
		return nil, err
	}
	return series, m.Prepare(series)
}

// Run takes the measurement at every checkpoint and hands each record to write
// as soon as it is known. Done are the records that an earlier run of the same
// settings has written, see [Series.Follows]: the series resumes after them.
func (s *Series) Run(ctx context.Context, done []record.Record, write func(record.Record) error) error {
	all, err := s.plan()
	if err != nil {
		return err
	}
	sum, summed := s.Measurement.(summary)
	if summed {
		sum.Resume(done)
	}
	skip := len(done)
	s.stand(skip)
	for i, c := range s.Checkpoints {
		n := len(all[i])
		if skip >= n {
			skip -= n
			continue
		}
		if err := s.at(ctx, c, skip, write); err != nil {
			return diverged(c.Path, errors.Join(err, s.saveInterrupted(err)))
		}
		skip = 0
		done := 0
		for _, types := range all[:i+1] {
			done += len(types)
		}
		s.stand(done)
		if s.Stateful() {
			if err := s.save(); err != nil {
				return err
			}
		}
	}
	if summed && skip == 0 {
		return write(sum.Last())
	}
	return nil
}

// at yields the records of one checkpoint but the first skip.
func (s *Series) at(ctx context.Context, c *checkpoint.Checkpoint, skip int, write func(record.Record) error) error {
	p, err := s.Point(c)
	if err != nil {
		return err
	}
	defer p.Close()
	for r, err := range s.Measurement.Measure(ctx, p, skip) {
		if r != nil {
			if err := write(r); err != nil {
				return fmt.Errorf("writing records: %w", err)
			}
			if s.Partial() {
				s.standing.records++
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// part computes one record of a point.
type part func() (record.Record, error)

// made is a record as a part returns it.
func made[T any, P interface {
	*T
	record.Record
}](r P, err error) (record.Record, error) {
	if r == nil {
		return nil, err
	}
	return r, err
}

// each yields what parts compute but the first skip, and ends with an error.
func each(yield func(record.Record, error) bool, skip int, parts ...part) {
	for _, f := range parts[min(skip, len(parts)):] {
		if r, err := f(); !yield(r, err) || err != nil {
			return
		}
	}
}

// plan lists the types of all records, by checkpoint.
func (s *Series) plan() ([][]string, error) {
	all := make([][]string, len(s.Checkpoints))
	for i, c := range s.Checkpoints {
		types, err := s.Measurement.Records(c)
		if err != nil {
			return nil, err
		}
		for range s.Measurement.tests() {
			types = append([]string{record.Check{}.Type()}, types...)
		}
		all[i] = types
	}
	return all, nil
}

// Follows refuses records that are not the first of those that the series
// writes, or not all where they are said to be complete, by a
// *ForeignRecordsError.
func (s *Series) Follows(done []record.Record, complete bool) error {
	all, err := s.plan()
	if err != nil {
		return err
	}
	want := len(slices.Concat(all...))
	sum, summed := s.Measurement.(summary)
	if summed {
		want++
	}
	if n := len(done); n > want || n < want && complete {
		return &ForeignRecordsError{-1, fmt.Sprintf("has %d records, where %d make the series", n, want)}
	}
	n := 0
	for i, c := range s.Checkpoints {
		for k, want := range all[i] {
			if n == len(done) {
				return nil
			}
			r := done[n]
			about, _ := r.(interface{ CheckpointPath() string })
			fits := r.Type() == want && about != nil && about.CheckpointPath() == c.Path
			if o, ok := s.Measurement.(ordered); ok && fits {
				fits = o.Fits(k-s.Measurement.tests(), r)
			}
			if !fits {
				return &ForeignRecordsError{n, fmt.Sprintf("is not the %s that comes there: records are missing or from elsewhere", want)}
			}
			n++
		}
	}
	if summed && n < len(done) && done[n].Type() != sum.Last().Type() {
		return &ForeignRecordsError{n, fmt.Sprintf("is not the %s that comes there: records are missing or from elsewhere", sum.Last().Type())}
	}
	return nil
}
