package load

import (
	"cmp"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/compare"
	"srn/pkg/record"
)

// Run is one training with what was measured on its checkpoints. Its lists
// are by epoch; of several records for one epoch, under one condition, the
// last written counts.
type Run struct {
	record.Fit
	// Known says that the training's settings are known. Of a checkpoint of
	// other software there are the network, the data that it was measured on, and
	// as method the checkpoint's name.
	Known   bool
	Trained *Source // its records; nil for a checkpoint that came without them

	Curve       []*record.Epoch
	Final       *record.Final  // nil: it has not ended
	Tests       []*record.Eval // on the test images
	HeldOut     []*record.Eval // on the held-out training images
	Tops        []*record.Top
	Densities   []*record.Density
	Guidances   []*record.Guidance
	Stabilities []*record.Stability
	Landscapes  []*Plane

	Surrogate *Source // the meta-training that made what guided it; nil: none, or not among the files
}

// HeldOut is the split of training images that choices may look at.
const HeldOut = "meta_val"

// Plane is a landscape with its cells.
type Plane struct {
	*record.Landscape
	Points []*record.Cell
}

// Last is the last epoch of which something is recorded.
func (r *Run) Last() int {
	last := 0
	for _, e := range r.Curve {
		last = max(last, e.Epoch)
	}
	for _, e := range r.Tests {
		last = max(last, EpochOf(e.Subject))
	}
	for _, t := range r.Tops {
		last = max(last, EpochOf(t.Subject))
	}
	return last
}

// Complete says that training reached its last epoch and said so.
func (r *Run) Complete() bool {
	if r.Trained == nil {
		return true
	}
	return r.Trained.State() == "" && len(r.Curve) > 0 && r.Curve[len(r.Curve)-1].Epoch >= r.Epochs
}

// EpochOf is the epoch after which a checkpoint was written, 0 where it is not
// known.
func EpochOf(s record.Subject) int {
	if s.Epoch == nil {
		return 0
	}
	return *s.Epoch
}

// Runs is every training found, and what could not be placed.
type Runs struct {
	Sources   []*Source
	Trainings []*Run
	Meta      []*Source
	Ambiguous int // measurements that fit several trainings alike
	Elsewhere int // evaluations on other splits than test and held-out images

	byCheckpoint, byTraining map[string][]*Run
}

// MaxRuns is the largest number of runs that are compared.
const MaxRuns = 2048

// Collect makes a run of each training and gives it the measurements of its
// checkpoints: those of the checkpoint that its records name by hash, and those
// whose training has the same settings and seed. Other measurements make runs
// of their own. More than [MaxRuns] are an *artifact.FormatError.
func Collect(sources []*Source) (*Runs, error) {
	c := &Runs{Sources: Sorted(sources), byCheckpoint: map[string][]*Run{}, byTraining: map[string][]*Run{}}
	for _, s := range c.Sources {
		if f, ok := s.Fit(); ok {
			c.add(newRun(s, f))
		} else if _, ok := s.Meta(); ok {
			c.Meta = append(c.Meta, s)
		}
	}
	c.findSurrogates()
	for _, s := range c.Sources {
		if c.place(s); len(c.Trainings)+len(c.Meta) > MaxRuns {
			return nil, &artifact.FormatError{Path: s.Path, Problem: fmt.Sprintf("the files hold more than %d runs", MaxRuns), Mend: "make a report of fewer at a time"}
		}
	}
	for _, r := range c.Trainings {
		r.sort()
	}
	return c, nil
}

func (c *Runs) add(r *Run) {
	c.Trainings = append(c.Trainings, r)
	if r.Final != nil && r.Final.CheckpointSHA256 != "" {
		c.byCheckpoint[r.Final.CheckpointSHA256] = append(c.byCheckpoint[r.Final.CheckpointSHA256], r)
	}
	c.byTraining[r.key()] = append(c.byTraining[r.key()], r)
}

func (r *Run) key() string { return fmt.Sprint(r.Known, compare.RunKey(r.Fit)) }

func newRun(s *Source, f record.Fit) *Run {
	r := &Run{Fit: f, Known: true, Trained: s}
	r.Curve = ByEpoch(Of[record.Epoch](s), func(e *record.Epoch) int { return e.Epoch })
	if list := Of[record.Final](s); len(list) > 0 {
		r.Final = list[len(list)-1]
	}
	return r
}

// ByEpoch sorts records by epoch; of several for one epoch the last counts.
func ByEpoch[T any](list []T, epoch func(T) int) []T {
	return lastOf(list, func(a, b T) int { return cmp.Compare(epoch(a), epoch(b)) })
}

// lastOf sorts a list, and keeps the last of entries that compare equal.
func lastOf[T any](list []T, order func(a, b T) int) []T {
	list = slices.Clone(list)
	slices.SortStableFunc(list, order)
	var kept []T
	for i, v := range list {
		if i+1 == len(list) || order(list[i+1], v) != 0 {
			kept = append(kept, v)
		}
	}
	return kept
}

// findSurrogates gives each guided run the meta-training that wrote its
// surrogate.
func (c *Runs) findSurrogates() {
	byHash := map[string]*Source{}
	for _, s := range c.Meta {
		for _, made := range Of[record.Surrogate](s) {
			byHash[made.SurrogateSHA256] = s
		}
	}
	for _, r := range c.Trainings {
		if r.SRN != "" {
			r.Surrogate = byHash[r.SRN]
		}
	}
}

// place gives a source's measurements to their runs.
func (c *Runs) place(s *Source) {
	var last *Plane
	for _, rec := range s.Records {
		if cell, ok := rec.(*record.Cell); ok {
			if last != nil && last.Checkpoint == cell.Checkpoint {
				last.Points = append(last.Points, cell)
			}
			continue
		}
		last = nil
		subject, ok := SubjectOf(rec)
		if !ok || !shown(rec) {
			continue
		}
		if e, ok := rec.(*record.Eval); ok && e.Split != "test" && e.Split != HeldOut {
			c.Elsewhere++
			continue
		}
		var plane *Plane
		if l, ok := rec.(*record.Landscape); ok {
			plane = &Plane{Landscape: l}
			last = plane
		}
		r := c.of(subject)
		if r == nil {
			c.Ambiguous++
			continue
		}
		switch rec := rec.(type) {
		case *record.Eval:
			if rec.Split == HeldOut {
				r.HeldOut = append(r.HeldOut, rec)
			} else {
				r.Tests = append(r.Tests, rec)
			}
		case *record.Top:
			r.Tops = append(r.Tops, rec)
		case *record.Density:
			r.Densities = append(r.Densities, rec)
		case *record.Guidance:
			r.Guidances = append(r.Guidances, rec)
		case *record.Stability:
			r.Stabilities = append(r.Stabilities, rec)
		case *record.Landscape:
			r.Landscapes = append(r.Landscapes, plane)
		}
	}
}

// shown says that a report shows measurements of the type.
func shown(rec record.Record) bool {
	switch rec.(type) {
	case *record.Eval, *record.Top, *record.Density, *record.Guidance, *record.Stability, *record.Landscape:
		return true
	}
	return false
}

// SubjectOf is what a measurement is of; ok is false for records of other
// types.
func SubjectOf(rec record.Record) (s record.Subject, ok bool) {
	v := reflect.Indirect(reflect.ValueOf(rec))
	if v.Kind() != reflect.Struct {
		return s, false
	}
	if v = v.FieldByName("Subject"); v.IsValid() {
		s, ok = v.Interface().(record.Subject)
	}
	return s, ok
}

// of finds the run that a checkpoint belongs to, or makes one. It is nil where
// several fit.
func (c *Runs) of(s record.Subject) *Run {
	if found := c.byCheckpoint[s.CheckpointSHA256]; len(found) > 0 {
		return found[0]
	}
	want := &Run{Fit: record.Fit{Network: s.Network}, Known: s.Training != nil}
	if want.Known {
		want.Training = *s.Training
	} else {
		want.Method, want.Dataset, want.DataSHA256 = stem(s.Checkpoint), s.OnDataset, s.OnDataSHA256
	}
	switch fitting := c.byTraining[want.key()]; len(fitting) {
	case 0:
		c.add(want)
		return want
	case 1:
		return fitting[0]
	}
	return nil
}

// stem is a file's name without folder and suffixes.
func stem(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	return name
}

// sort puts the run's measurements in order.
func (r *Run) sort() {
	evals := func(list []*record.Eval) []*record.Eval {
		return ByEpoch(list, func(e *record.Eval) int { return EpochOf(e.Subject) })
	}
	r.Tests, r.HeldOut = evals(r.Tests), evals(r.HeldOut)
	r.Tops = byCondition(r.Tops)
	r.Densities = byCondition(r.Densities)
	r.Guidances = byCondition(r.Guidances)
	r.Stabilities = byCondition(r.Stabilities)
	slices.SortStableFunc(r.Landscapes, func(a, b *Plane) int { return cmp.Compare(EpochOf(a.Subject), EpochOf(b.Subject)) })
	if !r.Known && r.Epochs == 0 {
		r.Epochs = r.Last()
	}
}

// byCondition sorts measurements by epoch, and of several for one epoch and
// condition keeps the last.
func byCondition[T record.Record](list []T) []T {
	return lastOf(list, func(a, b T) int {
		x, _ := SubjectOf(a)
		y, _ := SubjectOf(b)
		return cmp.Or(cmp.Compare(EpochOf(x), EpochOf(y)), strings.Compare(ConditionOf(a).Key(), ConditionOf(b).Key()))
	})
}

// ConditionOf is the condition of a measurement.
func ConditionOf(rec record.Record) compare.Condition {
	switch rec := rec.(type) {
	case *record.Top:
		return compare.OfMatrix(rec.Examined, rec.Matrix)
	case *record.Density:
		return compare.OfMatrix(rec.Examined, rec.Matrix)
	case *record.Guidance:
		return compare.Of(rec.Examined, rec.LossConfig)
	case *record.Stability:
		return compare.Of(rec.Examined, rec.LossConfig)
	case *record.Landscape:
		return compare.Of(rec.Examined, rec.LossConfig)
	}
	return compare.Condition{}
}
