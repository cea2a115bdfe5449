package method

import (
	"errors"
	"math"

	"srn/pkg/artifact"
	"srn/pkg/srn"
)

// surrogateGuided is training guided by a frozen surrogate (paper, Eq. 2 and
// section 4.1):
//
//	minimise cross-entropy + λ·r(Θ;φ).
//
// λ is 1 in the paper. ∇_Θ r is computed every so many steps, which the paper
// does not mention but its epoch times imply; a ratio in place of λ scales it
// to a fraction of the task gradient's norm.
type surrogateGuided struct {
	guidance *srn.Guidance

	steps, ratios, values float64 // sums of the epoch
}

var srnInfo = Info{
	Name:      "srn",
	Formula:   "mean cross-entropy + λ·r(Θ;φ), φ frozen",
	Reference: "the paper, Eq. 2",
	PaperRow:  "SRN",
	Passes:    1,
	Surrogate: true,
	New: func(o Options) (Method, error) {
		if o.Surrogate == nil {
			return nil, errors.New("method srn needs a surrogate: give one by --srn")
		}
		g, err := srn.NewGuidance(o.Net.Backend(), o.Surrogate, o.Guidance)
		if err != nil {
			return nil, err
		}
		return &surrogateGuided{guidance: g}, nil
	},
}

func (m *surrogateGuided) Gradient(s *Step) error {
	s.Task()
	be, grad := s.Net.Backend(), s.Net.Grad()
	m.values += m.guidance.Step(s.Net.Params())
	m.ratios += m.guidance.Add(grad, math.Sqrt(be.Dot(grad, grad)))
	m.steps++
	return nil
}

func (m *surrogateGuided) Report() artifact.Fields {
	f := artifact.Fields{
		{Key: "r", Value: m.values / m.steps},
		{Key: "guidance_ratio", Value: m.ratios / m.steps},
		{Key: "grad_r_norm", Value: m.guidance.GradNorm()},
	}
	m.steps, m.ratios, m.values = 0, 0, 0
	return f
}

func (m *surrogateGuided) State() []artifact.Tensor {
	return append(m.guidance.State(),
		artifact.Float64("state.srn.sums", []int{3}, []float64{m.steps, m.ratios, m.values}))
}

func (m *surrogateGuided) Restore(f *artifact.File, path string) error {
	t, err := f.Need(path, "state.srn.sums", artifact.F64, 3)
	if err != nil {
		return err
	}
	v, err := t.Float64s()
	if err != nil {
		return err
	}
	m.steps, m.ratios, m.values = v[0], v[1], v[2]
	return m.guidance.Restore(f, path)
}
