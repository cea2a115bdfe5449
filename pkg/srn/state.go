package srn

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/device"
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
	f := &artifact.File{Metadata: metadata}
	for _, b := range m.buffers() {
		v := make([]float32, b.buffer.Len())
		m.be.Read(v, b.buffer)
		f.Tensors = append(f.Tensors, artifact.Float32(b.name, []int{len(v)}, v))
	}
	f.Tensors = append(f.Tensors, artifact.Float32("phi", []int{len(m.phi0)}, m.Surrogate.phi))
	for _, z := range m.scores() {
		v := z.score.state()
		f.Tensors = append(f.Tensors, artifact.Float64(z.name, []int{len(v)}, v))
	}
	return artifact.Write(path, f)
}

type namedBuffer struct {
	name   string
	buffer device.Buffer
}

func (m *Meta) buffers() []namedBuffer {
	return []namedBuffer{{"theta", m.net.Params()}, {"running", m.net.Running()}, {"velocity", m.velocity}}
}

type namedScore struct {
	name  string
	score *zScore
}

func (m *Meta) scores() []namedScore {
	return []namedScore{{"z_val_loss", &m.target.loss}, {"z_inverse_margin", &m.target.inverse}}
}

// loadState takes a state back, which must be of a run with the same
// configuration and inputs.
func (m *Meta) loadState(path string, want artifact.Provenance) error {
	f, err := artifact.Read(path, artifact.Limits{})
	if err != nil {
		return err
	}
	if _, err := f.Provenance(path, stateFormat); err != nil {
		return err
	}
	bad := func(field, problem string) error {
		return &artifact.FormatError{Path: path, Field: field, Problem: problem, Mend: "delete the file to start afresh"}
	}
	if differing, err := differences(f.Metadata, want); err != nil {
		return err
	} else if differing != "" {
		return bad("metadata", "is of another run: "+differing)
	}
	if m.round, err = strconv.Atoi(f.Metadata["round"]); err != nil || m.round < 1 || m.round > m.Rounds {
		return bad(`metadata "round"`, fmt.Sprintf("%q is not from 1 to %d", f.Metadata["round"], m.Rounds))
	}
	for _, b := range m.buffers() {
		t, err := f.Need(path, b.name, artifact.F32, b.buffer.Len())
		if err != nil {
			return err
		}
		v, err := t.Float32s()
		if err != nil {
			return err
		}
		m.be.Write(b.buffer, v)
	}
	t, err := f.Need(path, "phi", artifact.F32, len(m.phi0))
	if err != nil {
		return err
	}
	phi, err := t.Float32s()
	if err != nil {
		return err
	}
	m.Surrogate.SetPhi(phi)
	for _, z := range m.scores() {
		t, err := f.Need(path, z.name, artifact.F64, -1)
		if err != nil {
			return err
		}
		v, err := t.Float64s()
		if err != nil {
			return err
		}
		if err := z.score.restore(v); err != nil {
			return bad(fmt.Sprintf("tensor %q", z.name), err.Error())
		}
	}
	return nil
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
