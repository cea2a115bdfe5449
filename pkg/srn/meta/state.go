package meta

import (
	"fmt"
	"strconv"

	"srn/pkg/artifact"
	"srn/pkg/run"
)

// saveState saves everything that the rounds to come depend on.
func (m *Meta) saveState() error {
	state, err := m.files.State(map[string]string{"round": strconv.Itoa(m.round)}, m.round, m.tensors())
	if err != nil {
		return err
	}
	m.statePath, err = m.files.SaveState(state)
	m.saved = m.round
	return err
}

// tensors are those of a state.
func (m *Meta) tensors() []artifact.Tensor {
	list := append(run.SaveBuffers(m.be, m.buffers()), artifact.Float32("phi", []int{len(m.outer.phi0)}, m.Surrogate.Phi()))
	for _, part := range m.parts() {
		list = append(list, part.State()...)
	}
	return list
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

// restore takes a state up, which must be such as a run of this configuration
// can have left.
func (m *Meta) restore(f *artifact.File, path string) error {
	round, err := run.StateNumber(f, path, "round", 1, m.Rounds)
	if err != nil {
		return err
	}
	if n, recorded, err := run.Records(f, path, m.Rounds); err != nil {
		return err
	} else if recorded && n != round {
		return &artifact.FormatError{Path: path, Field: `metadata "records"`, Problem: fmt.Sprintf("%d of %d rounds", n, round)}
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
	m.round, m.saved, m.statePath = round, round, path
	return nil
}
