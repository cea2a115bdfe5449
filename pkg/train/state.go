package train

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/device"
	"srn/pkg/record"
)

// stateFormat is the metadata "format" of a saved state.
const stateFormat = "srn-state/1"

// StatePath is where the state of a run that writes output lies.
func StatePath(output string) string { return output + ".state" }

// buffers names what a state holds of the backend's memory.
func (r *Run) buffers() map[string]device.Buffer {
	m := r.descent.buffers()
	m["state.params"], m["state.running"] = r.Net.Params(), r.Net.Running()
	return m
}

// saveState writes everything that the rest of the run depends on. The next
// step to run is the given one. All records are flushed by then. A run whose
// output is a stream has no state.
func (r *Run) saveState(epoch, step int) error {
	if r.Output == "-" {
		return nil
	}
	f, err := r.state(epoch, step)
	if err != nil {
		return err
	}
	path := StatePath(r.Output)
	if err := artifact.Write(path, f); err != nil {
		return fmt.Errorf("saving the state: %w", err)
	}
	r.lastGood = path
	return nil
}

// state is the run before a step; there is none after a faulty step.
func (r *Run) state(epoch, step int) (*artifact.File, error) {
	sums, fault, found := r.tally.Read()
	if found {
		return nil, r.faulty(fault)
	}
	config, err := record.Marshal(r.Config.Fit)
	if err != nil {
		return nil, err
	}
	f := &artifact.File{Metadata: map[string]string{
		"format":  stateFormat,
		"config":  string(config),
		"epoch":   strconv.Itoa(epoch),
		"step":    strconv.Itoa(step),
		"records": strconv.Itoa(r.records),
	}}
	for name, b := range r.buffers() {
		v := make([]float32, b.Len())
		r.be.Read(v, b)
		f.Tensors = append(f.Tensors, artifact.Float32(name, []int{len(v)}, v))
	}
	f.Tensors = append(f.Tensors, r.tally.tensor(sums))
	f.Tensors = append(f.Tensors, r.Method.State()...)
	return f, nil
}

// Saved is where a run stood when its state was saved.
type Saved struct {
	Epoch   int // to go on in, from 1
	Step    int // next step of it, from 0
	Records int // written: none, or one for each epoch done
}

// Restore takes up the state beside the output, nil where there is none. A
// state that is not of this run, or that no run can have left, is an error.
func (r *Run) Restore() (*Saved, error) {
	path := StatePath(r.Output)
	f, err := artifact.Read(path, artifact.Limits{})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = r.restore(f, path)
	}
	if err != nil {
		return nil, startAfresh(err)
	}
	r.lastGood = path
	return &Saved{r.epoch, r.step, r.records}, nil
}

// startAfresh adds what can be done about a state that is not good.
func startAfresh(err error) error {
	var bad *artifact.FormatError
	if errors.As(err, &bad) {
		bad.Mend = "remove it to start afresh"
	}
	return err
}

// restore takes up a state, whosever it is.
func (r *Run) restore(f *artifact.File, path string) error {
	if f.Metadata["format"] != stateFormat {
		return &artifact.FormatError{Path: path, Field: "metadata", Problem: "it is not the state of a training run"}
	}
	if err := r.Config.same(path, f.Metadata["config"]); err != nil {
		return err
	}
	return r.adopt(f, path)
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
	for name, b := range r.buffers() {
		v := make([]float32, b.Len())
		if err := f.ReadFinite32(path, name, v); err != nil {
			return err
		}
		r.be.Write(b, v)
	}
	r.epoch, r.step, r.records = saved.Epoch, saved.Step, saved.Records
	r.tally.restore(sums)
	r.Net.Load()
	return r.Method.Restore(f, path)
}

// saved reads where the run stood.
func (r *Run) saved(f *artifact.File, path string) (Saved, error) {
	var s Saved
	for _, n := range []struct {
		key         string
		to          *int
		least, most int
	}{{"epoch", &s.Epoch, 1, r.Config.Epochs}, {"step", &s.Step, 0, r.sampler.Steps() - 1}, {"records", &s.Records, 0, r.Config.Epochs - 1}} {
		v, err := strconv.Atoi(f.Metadata[n.key])
		if err != nil || v < n.least || v > n.most {
			return s, &artifact.FormatError{Path: path, Field: "metadata " + n.key,
				Problem: fmt.Sprintf("%q is not from %d to %d", f.Metadata[n.key], n.least, n.most)}
		}
		*n.to = v
	}
	if done := s.Epoch - 1; s.Records != 0 && s.Records != done {
		return s, &artifact.FormatError{Path: path, Field: "metadata records",
			Problem: fmt.Sprintf("%d records of %d epochs: some would be missing", s.Records, done)}
	}
	return s, nil
}

// Resumable refuses to go on with the records of another run.
func (c Config) Resumable(path string, h record.Header) error {
	recorded, err := record.Marshal(h.Config)
	if err != nil {
		return err
	}
	return c.same(path, string(recorded))
}

// ConfigError lists the flags in which a run differs from the one it is to
// continue.
type ConfigError struct {
	Path  string
	Diffs []string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("%s belongs to a run with other settings: %s", e.Path, strings.Join(e.Diffs, ", "))
}

// ExitCode is the exit status of wrong flags.
func (e *ConfigError) ExitCode() int { return 2 }

// same checks that a recorded configuration is c.
func (c Config) same(path, recorded string) error {
	was, err := record.DecodeFit([]byte(recorded))
	if err != nil { // settings of another version among other things
		return &artifact.FormatError{Path: path, Field: "config", Problem: err.Error(), Mend: "remove it to start afresh"}
	}
	e := &ConfigError{Path: path}
	for _, f := range record.FieldsOf(c.Fit) {
		x, _ := f.Value(was)
		y, _ := f.Value(c.Fit)
		if f.Go.Kind() == reflect.Map {
			e.Diffs = append(e.Diffs, differing(was.Parameters, c.Parameters)...)
			continue
		}
		if !reflect.DeepEqual(x.Interface(), y.Interface()) {
			e.Diffs = append(e.Diffs, fmt.Sprintf("%s was %v and is now %v", f.Key, reflect.Indirect(x), reflect.Indirect(y)))
		}
	}
	if e.Diffs == nil {
		return nil
	}
	return e
}

// differing says which parameters are not the same.
func differing(was, now map[string]any) []string {
	all := maps.Clone(was)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, now)
	var list []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		x, y := was[name], now[name]
		if x != y {
			list = append(list, fmt.Sprintf("%s was %v and is now %v", name, cmp.Or(x, any("unset")), cmp.Or(y, any("unset"))))
		}
	}
	return list
}

// Complete reports whether output is the checkpoint of this very run, done.
func (c Config) Complete(output string) (bool, error) {
	f, err := artifact.Read(output, artifact.Limits{})
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if f.Metadata["complete"] != "true" {
		return false, nil
	}
	return true, c.same(output, f.Metadata["config"])
}

// RemoveState removes the state of a run that is complete, if it is there still.
func RemoveState(output string) error {
	err := os.Remove(StatePath(output))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
