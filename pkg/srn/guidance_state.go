package srn

import (
	"math"

	"srn/pkg/artifact"
)

// State is what a resumed run needs to go on between two refreshes.
func (g *Guidance) State() []artifact.Tensor {
	gradient := make([]float32, g.grad.Len())
	g.be.Read(gradient, g.grad)
	valid := 0.0
	if g.valid {
		valid = 1
	}
	return []artifact.Tensor{
		artifact.Float32("state.guidance.gradient", []int{len(gradient)}, gradient),
		artifact.Float64("state.guidance.scalars", []int{3}, []float64{g.value.u, float64(g.age), valid}),
	}
}

// Restore takes State back from a file read from path.
func (g *Guidance) Restore(f *artifact.File, path string) error {
	t, err := f.Need(path, "state.guidance.gradient", artifact.F32, g.grad.Len())
	if err != nil {
		return err
	}
	gradient, err := t.Float32s()
	if err != nil {
		return err
	}
	if t, err = f.Need(path, "state.guidance.scalars", artifact.F64, 3); err != nil {
		return err
	}
	scalars, err := t.Float64s()
	if err != nil {
		return err
	}
	g.be.Write(g.grad, gradient)
	g.norm = math.Sqrt(g.be.Dot(g.grad, g.grad))
	g.value = g.s.value(scalars[0])
	g.age, g.valid = int(scalars[1]), scalars[2] != 0
	return nil
}
