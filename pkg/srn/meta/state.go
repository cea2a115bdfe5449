package meta

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/record"
	"srn/pkg/run"
)

// stateFormat is the metadata "format" of the file that a run keeps to be
// resumed from.
const stateFormat = "srn-meta-state/1"

// saveState writes everything that the rounds to come depend on.
func (m *Meta) saveState(path string, p artifact.Provenance) error {
	p.Format = stateFormat
	metadata, err := p.Metadata()
	if err != nil {
		return err
	}
	metadata["round"] = strconv.Itoa(m.round)
	f := &artifact.File{Metadata: metadata, Tensors: run.SaveBuffers(m.be, m.buffers())}
	f.Tensors = append(f.Tensors, artifact.Float32("phi", []int{len(m.outer.phi0)}, m.Surrogate.Phi()))
	for _, part := range m.parts() {
		f.Tensors = append(f.Tensors, part.State()...)
	}
	return artifact.Write(path, f)
}

func (m *Meta) buffers() []run.Buffer {
	return []run.Buffer{{Name: "theta", Buffer: m.net.Params()}, {Name: "running", Buffer: m.net.Running()}, {Name: "velocity", Buffer: m.velocity}}
}

// stateful carries something from round to round.
type stateful interface {
	State() []artifact.Tensor
	Restore(f *artifact.File, path string) error
}

func (m *Meta) parts() []stateful { return []stateful{m.guidance, m.objective, m.outer} }

// loadState takes a state back, which must be of a run with the same
// configuration and inputs, and such as a run can have left.
func (m *Meta) loadState(path string, want artifact.Provenance) error {
	f, err := artifact.Read(path, artifact.Limits{})
	if err == nil {
		err = m.restore(f, path, want)
	}
	return startAfresh(err)
}

// startAfresh adds what can be done about a state that is not good.
func startAfresh(err error) error {
	var bad *artifact.FormatError
	if errors.As(err, &bad) {
		bad.Mend = "delete the file to start afresh"
	}
	return err
}

// restore takes up a state, whosever it is.
func (m *Meta) restore(f *artifact.File, path string, want artifact.Provenance) error {
	if _, err := f.Provenance(path, stateFormat); err != nil {
		return err
	}
	if err := sameRun(path, f.Metadata, want); err != nil {
		return err
	}
	round, err := strconv.Atoi(f.Metadata["round"])
	if err != nil || round < 1 || round > m.Rounds {
		return &artifact.FormatError{Path: path, Field: `metadata "round"`, Problem: fmt.Sprintf("%q is not from 1 to %d", f.Metadata["round"], m.Rounds)}
	}
	if err := run.RestoreBuffers(m.be, f, path, m.buffers()); err != nil {
		return err
	}
	phi := make([]float32, len(m.outer.phi0))
	if err := f.ReadFinite32(path, "phi", phi); err != nil {
		return err
	}
	m.Surrogate.SetPhi(phi)
	for _, part := range m.parts() {
		if err := part.Restore(f, path); err != nil {
			return err
		}
	}
	if want := max(0, round-m.outer.first); m.outer.count[0] != float64(want) {
		return &artifact.FormatError{Path: path, Field: `tensor "outer.count"`,
			Problem: fmt.Sprintf("φ of %g rounds is summed, where round %d has %d", m.outer.count[0], round, want)}
	}
	m.round, m.saved = round, round
	return nil
}

// sameRun refuses metadata of another run.
func sameRun(path string, metadata map[string]string, want artifact.Provenance) error {
	differing, err := differences(metadata, want)
	if err == nil && differing != "" {
		err = &artifact.FormatError{Path: path, Field: "metadata", Problem: "is of another run: " + differing}
	}
	return err
}

// ours refuses to go on with the records of another run.
func (r Run) ours(h record.Header) error {
	metadata, err := artifact.Provenance{Config: h.Config, Inputs: h.Inputs}.Metadata()
	if err != nil {
		return err
	}
	return sameRun(r.Metrics, metadata, r.File.Made())
}

// differences says in which flags and inputs the run that wrote metadata
// differs from another; "" is no difference.
func differences(metadata map[string]string, want artifact.Provenance) (string, error) {
	wanted, err := want.Metadata()
	if err != nil {
		return "", err
	}
	var list []string
	if metadata["inputs"] != wanted["inputs"] {
		list = append(list, "its inputs differ")
	}
	var then, now map[string]any
	if err := json.Unmarshal([]byte(wanted["config"]), &now); err != nil {
		return "", err
	}
	if err := json.Unmarshal([]byte(metadata["config"]), &then); err != nil {
		return "its configuration cannot be read", nil
	}
	keys := maps.Clone(then)
	maps.Copy(keys, now)
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if a, b := fmt.Sprint(then[k]), fmt.Sprint(now[k]); a != b {
			list = append(list, fmt.Sprintf("%s was %s, now %s", k, a, b))
		}
	}
	return strings.Join(list, ", "), nil
}
