package train

import (
	"fmt"
	"strconv"

	"srn/pkg/artifact"
	"srn/pkg/run"
)

// buffers are what a state holds of the backend's memory.
func (r *Run) buffers() []run.Buffer {
	return append(r.descent.buffers(), run.Buffer{Name: "state.params", Buffer: r.Net.Params()}, run.Buffer{Name: "state.running", Buffer: r.Net.Running()})
}

// saveState saves everything that the rest of the run depends on. The next
// step to run is the given one.
func (r *Run) saveState(epoch, step int) error {
	f, err := r.state(epoch, step)
	if err != nil {
		return err
	}
	if r.statePath, err = r.Files.SaveState(f); err != nil {
		return err
	}
	if r.statePath != "" {
		r.lastGood = r.statePath
	}
	return nil
}

// state is the run before a step; there is none after a faulty step.
func (r *Run) state(epoch, step int) (*artifact.File, error) {
	sums, fault, found := r.tally.Read()
	if found {
		return nil, r.faulty(fault)
	}
	tensors := append(run.SaveBuffers(r.be, r.buffers()), r.tally.tensor(sums))
	return r.Files.State(map[string]string{"epoch": strconv.Itoa(epoch), "step": strconv.Itoa(step)}, r.records, append(tensors, r.Method.State()...))
}

// Saved is where a run stood when its state was saved.
type Saved struct {
	Epoch   int // to go on in, from 1
	Step    int // next step of it, from 0
	Records int // written: none, or one for each epoch done
}

// Restore takes up the state that the run begins with. One that no run can
// have left is an *artifact.FormatError.
func (r *Run) Restore(b run.Beginning) (Saved, error) {
	if err := r.adopt(b.State, b.StatePath); err != nil {
		return Saved{}, run.Damaged(err)
	}
	r.statePath, r.lastGood = b.StatePath, b.StatePath
	return Saved{r.epoch, r.step, r.records}, nil
}

// adopt takes up a state of a run with the same configuration.
func (r *Run) adopt(f *artifact.File, path string) error {
	saved, err := r.saved(f, path)
	if err != nil {
		return err
	}
	sums := make([]float64, 5)
	if err := f.ReadFinite(path, "state.tally", sums); err != nil {
		return err
	}
	if images := min(saved.Step*r.Config.BatchSize, r.sampler.Len()); sums[0] != float64(images) || sums[2] != float64(saved.Step) {
		return &artifact.FormatError{Path: path, Field: `tensor "state.tally"`,
			Problem: fmt.Sprintf("tells of %g images in %g steps, where step %d of an epoch has seen %d", sums[0], sums[2], saved.Step, images)}
	}
	if err := run.RestoreBuffers(r.be, f, path, r.buffers()); err != nil {
		return err
	}
	r.epoch, r.step, r.records = saved.Epoch, saved.Step, saved.Records
	r.tally.restore(sums)
	r.Net.Load()
	return r.Method.Restore(f, path)
}

// saved reads where the run stood.
func (r *Run) saved(f *artifact.File, path string) (s Saved, err error) {
	if s.Epoch, err = run.StateNumber(f, path, "epoch", 1, r.Config.Epochs); err != nil {
		return s, err
	}
	if s.Step, err = run.StateNumber(f, path, "step", 0, r.sampler.Steps()-1); err != nil {
		return s, err
	}
	n, recorded, err := run.Records(f, path, r.Config.Epochs-1)
	if done := s.Epoch - 1; err == nil && recorded && n != done {
		err = &artifact.FormatError{Path: path, Field: "metadata \"records\"",
			Problem: fmt.Sprintf("%d of %d epochs done: some would be missing", n, done)}
	}
	s.Records = n
	return s, err
}
