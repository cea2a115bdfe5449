package srn

import (
	"fmt"
	"math"

	"srn/pkg/artifact"
	"srn/pkg/device"
)

// stateNumbers is the name of the tensor of a guidance's numbers.
const stateNumbers = "state.guidance.numbers"

// vectors names the vectors that a guidance's state holds.
func (g *Guidance) vectors() []namedBuffer {
	list := []namedBuffer{{"state.guidance.gradient", g.grad}}
	if g.path != nil {
		list = append(list, namedBuffer{"state.guidance.start", g.path.start}, namedBuffer{"state.guidance.average", g.path.average})
	}
	if g.cycle != nil {
		list = append(list, namedBuffer{"state.guidance.blocks", g.cycle.dx})
	}
	return list
}

// State returns what a resumed run needs to go on with the same guidance, and
// Restore takes it back. Path is the file's name for the error, which is an
// *artifact.FormatError.
func (g *Guidance) State() []artifact.Tensor { return g.state() }

// Restore is State's inverse.
func (g *Guidance) Restore(f *artifact.File, path string) error { return g.restore(f, path) }

func (g *Guidance) state() []artifact.Tensor {
	list := saved(g.be, g.vectors())
	if g.cycle != nil {
		list = append(list, g.cycle.state())
	}
	flag := map[bool]float64{true: 1}
	return append(list, artifact.Float64(stateNumbers, []int{5},
		[]float64{flag[g.valid], float64(g.age), g.norm, g.value.u, flag[g.path != nil && g.path.begun]}))
}

func (g *Guidance) restore(f *artifact.File, path string) error {
	if err := restored(g.be, f, path, g.vectors()); err != nil {
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
		g.value = g.s.Configuration().value(n[3])
	}
	return nil
}

// namedBuffer is a part of a state.
type namedBuffer struct {
	name   string
	buffer device.Buffer
}

func saved(be device.Backend, list []namedBuffer) []artifact.Tensor {
	var tensors []artifact.Tensor
	for _, b := range list {
		v := make([]float32, b.buffer.Len())
		be.Read(v, b.buffer)
		tensors = append(tensors, artifact.Float32(b.name, []int{len(v)}, v))
	}
	return tensors
}

func restored(be device.Backend, f *artifact.File, path string, list []namedBuffer) error {
	for _, b := range list {
		v := make([]float32, b.buffer.Len())
		if err := f.ReadFinite32(path, b.name, v); err != nil {
			return err
		}
		be.Write(b.buffer, v)
	}
	return nil
}
