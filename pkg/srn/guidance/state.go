package guidance

import (
	"fmt"
	"math"

	"srn/pkg/artifact"
	"srn/pkg/run"
)

// stateNumbers is the name of the tensor of a guidance's numbers.
const stateNumbers = "state.guidance.numbers"

// vectors names the vectors that a guidance's state holds.
func (g *Guidance) vectors() []run.Buffer {
	list := []run.Buffer{{Name: "state.guidance.gradient", Buffer: g.grad}}
	if g.path != nil {
		list = append(list, run.Buffer{Name: "state.guidance.start", Buffer: g.path.start}, run.Buffer{Name: "state.guidance.average", Buffer: g.path.average})
	}
	if g.cycle != nil {
		list = append(list, run.Buffer{Name: "state.guidance.blocks", Buffer: g.cycle.Sequence()})
	}
	return list
}

// State returns what a resumed run needs to go on with the same guidance, and
// Restore takes it back. Path is the file's name for the error, which is an
// *artifact.FormatError.
func (g *Guidance) State() []artifact.Tensor {
	list := run.SaveBuffers(g.be, g.vectors())
	if g.cycle != nil {
		list = append(list, g.cycle.state())
	}
	flag := map[bool]float64{true: 1}
	return append(list, artifact.Float64(stateNumbers, []int{5},
		[]float64{flag[g.valid], float64(g.age), g.norm, g.value.U, flag[g.path != nil && g.path.begun]}))
}

// Restore is State's inverse.
func (g *Guidance) Restore(f *artifact.File, path string) error {
	if err := run.RestoreBuffers(g.be, f, path, g.vectors()); err != nil {
		return err
	}
	if g.cycle != nil {
		if err := g.cycle.restore(f, path); err != nil {
			return err
		}
	}
	n := make([]float64, 5)
	if err := f.ReadFinite(path, stateNumbers, n); err != nil {
		return err
	}
	if !(n[1] >= 0 && n[1] <= 1<<52 && n[1] == math.Trunc(n[1])) || n[2] < 0 {
		return &artifact.FormatError{Path: path, Field: fmt.Sprintf("tensor %q", stateNumbers),
			Problem: fmt.Sprintf("%g steps, and a norm of %g, are none", n[1], n[2])}
	}
	g.valid, g.age, g.norm = n[0] != 0, int(n[1]), n[2]
	if g.path != nil {
		g.path.begun = n[4] != 0
	} else {
		g.value = g.s.Configuration().Score(n[3])
	}
	return nil
}
