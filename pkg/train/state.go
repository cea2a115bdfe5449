package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strconv"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/device"
)

// stateFormat is the metadata "format" of a saved state.
const stateFormat = "srn-state/1"

// StatePath is where the state of a run that writes output lies.
func StatePath(output string) string { return output + ".state" }

// buffers names what a state holds of the backend's memory.
func (r *Run) buffers() map[string]device.Buffer {
	return map[string]device.Buffer{
		"state.params":   r.Net.Params(),
		"state.running":  r.Net.Running(),
		"state.velocity": r.velocity,
	}
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
	config, err := json.Marshal(r.Config)
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

// Restore takes up the state beside the output and returns how many records
// had been written by then. Without a state it returns found = false.
func (r *Run) Restore() (records int, found bool, err error) {
	path := StatePath(r.Output)
	f, err := artifact.Read(path, artifact.Limits{})
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	if f.Metadata["format"] != stateFormat {
		return 0, false, &artifact.FormatError{Path: path, Field: "metadata", Problem: "it is not the state of a training run",
			Mend: "remove it to start afresh"}
	}
	if err := r.Config.same(path, f.Metadata["config"]); err != nil {
		return 0, false, err
	}
	if err := r.adopt(f, path); err != nil {
		return 0, false, err
	}
	r.lastGood = path
	return r.records, true, nil
}

// adopt takes up a state of a run with the same configuration.
func (r *Run) adopt(f *artifact.File, path string) error {
	numbers := map[string]*int{"epoch": &r.epoch, "step": &r.step, "records": &r.records}
	for key, to := range numbers {
		n, err := strconv.Atoi(f.Metadata[key])
		if *to = n; err != nil || n < 0 {
			return &artifact.FormatError{Path: path, Field: "metadata " + key,
				Problem: fmt.Sprintf("%q is no count", f.Metadata[key]), Mend: "remove it to start afresh"}
		}
	}
	for name, b := range r.buffers() {
		t, err := f.Need(path, name, artifact.F32, b.Len())
		if err != nil {
			return err
		}
		v, err := t.Float32s()
		if err != nil {
			return err
		}
		r.be.Write(b, v)
	}
	sums := make([]float64, 5)
	if err := f.ReadFloats(path, "state.tally", sums); err != nil {
		return err
	}
	r.tally.restore(sums)
	r.Net.Load()
	return r.Method.Restore(f, path)
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
	var was Config
	if err := json.Unmarshal([]byte(recorded), &was); err != nil {
		return &artifact.FormatError{Path: path, Field: "metadata config", Problem: err.Error(), Mend: "remove it to start afresh"}
	}
	if was == c {
		return nil
	}
	e := &ConfigError{Path: path}
	a, b := reflect.ValueOf(was), reflect.ValueOf(c)
	for i := range a.NumField() {
		if x, y := a.Field(i).Interface(), b.Field(i).Interface(); x != y {
			name, _, _ := strings.Cut(a.Type().Field(i).Tag.Get("json"), ",")
			e.Diffs = append(e.Diffs, fmt.Sprintf("%s was %v and is now %v", name, x, y))
		}
	}
	return e
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
