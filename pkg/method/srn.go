package method

import (
	"math"

	"srn/pkg/artifact"
	"srn/pkg/device"
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
	net      Network
	be       device.Backend
	flipped  bool

	steps, ratios, values float64 // sums of the epoch
}

var srnInfo = Info{
	Name:      "srn",
	Kind:      "gradient",
	Formula:   "mean cross-entropy + λ·r(Θ;φ), φ frozen",
	Reference: "the paper, Eq. 2",
	PaperRow:  "SRN",
	Passes:    "1",
	Surrogate: true,
	Notes:     []string{"λ, a held ratio in its place, and how often ∇r is computed are flags of their own, --lambda-srn, --guidance-ratio and --guidance-every; the choices that the paper leaves open are srn-meta's."},
	make:      func(o Options, _ values) (part, error) { return newSurrogateGuided("srn", o) },
}

// srnUntrainedInfo is the control that tells what meta-training adds: the
// same surrogate with φ as it was drawn, before any meta-training.
var srnUntrainedInfo = Info{
	Name:      "srn-untrained",
	Kind:      "gradient",
	Formula:   "mean cross-entropy + λ·r(Θ;φ₀), φ₀ random",
	Reference: "control of srn",
	Passes:    "1",
	Surrogate: true,
	Notes:     []string{"The surrogate of --srn gives its shape alone; φ₀ is drawn anew with the run's seed."},
	make: func(o Options, _ values) (part, error) {
		if o.Surrogate != nil {
			o.Surrogate.Init(o.Seed)
		}
		return newSurrogateGuided("srn-untrained", o)
	},
}

// srnFlippedInfo is the control that tells whether guidance's direction
// matters: the opposite of srn's.
var srnFlippedInfo = Info{
	Name:      "srn-flipped",
	Kind:      "gradient",
	Formula:   "mean cross-entropy − λ·r(Θ;φ), φ frozen",
	Reference: "control of srn",
	Passes:    "1",
	Surrogate: true,
	Notes:     []string{"With --guidance-ratio the direction is flipped likewise."},
	make: func(o Options, _ values) (part, error) {
		m, err := newSurrogateGuided("srn-flipped", o)
		if err == nil {
			m.flipped = true
		}
		return m, err
	},
}

func newSurrogateGuided(name string, o Options) (*surrogateGuided, error) {
	if o.Surrogate == nil {
		return nil, noSurrogate(name)
	}
	g, err := srn.NewGuidance(o.Net.Backend(), o.Surrogate, o.Guidance)
	if err != nil {
		return nil, err
	}
	return &surrogateGuided{guidance: g, net: o.Net, be: o.Net.Backend()}, nil
}

func (m *surrogateGuided) add(*Step) {
	grad := m.net.Grad()
	m.values += m.guidance.Step(m.net.Params())
	norm := math.Sqrt(m.be.Dot(grad, grad))
	if m.flipped { // g − c·∇r = −(−g + c·∇r), and signs change without rounding
		m.be.Scale(grad, -1)
	}
	m.ratios += m.guidance.Add(grad, norm)
	if m.flipped {
		m.be.Scale(grad, -1)
	}
	m.steps++
}

func (m *surrogateGuided) report() artifact.Fields {
	f := artifact.Fields{
		{Key: "r", Value: m.values / m.steps},
		{Key: "guidance_ratio", Value: m.ratios / m.steps},
		{Key: "grad_r_norm", Value: m.guidance.GradNorm()},
		{Key: "surrogate_seconds", Value: m.guidance.Evaluation()},
	}
	m.steps, m.ratios, m.values = 0, 0, 0
	return f
}

func (m *surrogateGuided) state() []artifact.Tensor {
	return append(m.guidance.State(),
		artifact.Float64("state.srn.sums", []int{3}, []float64{m.steps, m.ratios, m.values}))
}

func (m *surrogateGuided) restore(f *artifact.File, path string) error {
	v := make([]float64, 3)
	if err := restoreFloats(f, path, "state.srn.sums", v); err != nil {
		return err
	}
	m.steps, m.ratios, m.values = v[0], v[1], v[2]
	return m.guidance.Restore(f, path)
}
