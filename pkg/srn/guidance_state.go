package srn

import "srn/pkg/artifact"

// Names of the tensors that hold a guidance's state.
const (
	stateGradient = "state.guidance.gradient"
	stateNumbers  = "state.guidance.numbers"
)

// State returns what a resumed run needs to go on with the same gradient.
func (g *Guidance) State() []artifact.Tensor {
	v := make([]float32, g.grad.Len())
	g.be.Read(v, g.grad)
	valid := 0.0
	if g.valid {
		valid = 1
	}
	return []artifact.Tensor{
		artifact.Float32(stateGradient, []int{len(v)}, v),
		artifact.Float64(stateNumbers, []int{4}, []float64{valid, float64(g.age), g.norm, g.value.u}),
	}
}

// Restore takes the state back. Path is the file's name for the error, which
// is an *artifact.FormatError.
func (g *Guidance) Restore(f *artifact.File, path string) error {
	t, err := f.Need(path, stateGradient, artifact.F32, g.grad.Len())
	if err != nil {
		return err
	}
	v, err := t.Float32s()
	if err != nil {
		return err
	}
	if t, err = f.Need(path, stateNumbers, artifact.F64, 4); err != nil {
		return err
	}
	n, err := t.Float64s()
	if err != nil {
		return err
	}
	g.be.Write(g.grad, v)
	g.valid, g.age, g.norm, g.value = n[0] != 0, int(n[1]), n[2], g.s.value(n[3])
	return nil
}
