package method

import (
	"srn/pkg/artifact"
	"srn/pkg/device"
	"srn/pkg/record"
	"srn/pkg/rng"
	"srn/pkg/run"
	"srn/pkg/srn/guidance"
	"srn/pkg/srn/surrogate"
)

// surrogateGuided is training guided by a frozen surrogate (paper, Eq. 2 and
// section 4.1):
//
//	minimise cross-entropy + λ·r(Θ;φ).
//
// λ is 1 in the paper. ∇_Θ r is computed every so many steps, which the paper
// does not mention but its epoch times imply; a ratio in place of λ scales it
// to a fraction of the task gradient's norm. A dictionary's guidance h takes
// the place of ∇_Θ r.
type surrogateGuided struct {
	guidance *guidance.Guidance
	net      Network
	be       device.Backend
	scored   bool // the surrogate has an r
	flipped  bool

	steps, values float64 // of the epoch: their number, and the sum of r
}

var srnInfo = Info{
	Name:      "srn",
	Kind:      "gradient",
	Formula:   "mean cross-entropy + λ·r(Θ;φ), φ frozen",
	Reference: "the paper, Eq. 2",
	PaperRow:  "SRN",
	Passes:    "1",
	Surrogate: true,
	Notes: []string{"λ, a held ratio in its place, and how often ∇r is computed are flags of their own, --lambda-srn, --guidance-ratio and --guidance-every; the choices that the paper leaves open are srn-meta's, and so are the ablations of its Table 4: --r-max, --surrogate mlp, --gamma-mar.",
		"A surrogate of the form dictionary has no r: what it composes of each tensor's gradient, weights and momentum is added in place of ∇r."},
	make: func(o Options, _ values) (part, error) { return newSurrogateGuided("srn", o) },
}

// initSeed is the parameter of controls that are random: independent of the run's
// seed, so that the two can be crossed, or that seed, so that each run has an
// initialisation of its own.
var initSeed = number("init-seed", 0, 0, 1e9, "initialisation seed; run: the run's own").or("run").was("draw")

// initialisation is the value of initSeed.
func initialisation(o Options, v values) uint64 {
	if v.word("init-seed") == initSeed.Or {
		return o.Seed
	}
	return uint64(v.number("init-seed"))
}

// srnUntrainedInfo is the control that tells what meta-training adds: the
// same surrogate with φ as it was initSeed, before any meta-training.
var srnUntrainedInfo = Info{
	Name:      "srn-untrained",
	Kind:      "gradient",
	Formula:   "mean cross-entropy + λ·r(Θ;φ₀), φ₀ random",
	Reference: "control of srn",
	Passes:    "1",
	Surrogate: true,
	Params:    []Param{initSeed},
	Notes:     []string{"The surrogate gives its shape alone. φ₀ depends on init-seed alone, and on the run's seed only by init-seed=run: several tell how much depends on one initialisation."},
	make: func(o Options, v values) (part, error) {
		if o.Surrogate != nil {
			o.Surrogate.Init(rng.New(initialisation(o, v), rng.Stream("srn-untrained")).Uint64())
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

// srnShuffledInfo is the control that tells whether it matters which layer
// guidance is for.
var srnShuffledInfo = Info{
	Name:      "srn-shuffled",
	Kind:      "gradient",
	Formula:   "as srn, each tensor guided by what was meant for another",
	Reference: "control of srn",
	Passes:    "1",
	Surrogate: true,
	Params:    []Param{initSeed},
	Notes:     []string{"A dictionary's coefficients are exchanged between tensors. Of a surrogate with a score, each tensor's part of ∇r gets another's root mean square. Which is exchanged with which depends on init-seed, not on the run's seed."},
	make: func(o Options, v values) (part, error) {
		if o.Surrogate != nil {
			order := make([]int, len(o.Surrogate.Target()))
			for i := range order {
				order[i] = i
			}
			rng.New(initialisation(o, v), rng.Stream("srn-shuffled")).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			o.Surrogate.ShuffleLayers(order)
		}
		return newSurrogateGuided("srn-shuffled", o)
	},
}

func newSurrogateGuided(name string, o Options) (*surrogateGuided, error) {
	if o.Surrogate == nil {
		return nil, run.Refuse("srn", "method %s needs a surrogate", name)
	}
	g, err := guidance.New(o.Net.Backend(), o.Surrogate, o.Guidance)
	if err != nil {
		return nil, err
	}
	_, scored := o.Surrogate.(*surrogate.Scorer)
	return &surrogateGuided{guidance: g, net: o.Net, be: o.Net.Backend(), scored: scored}, nil
}

func (m *surrogateGuided) add(s *Step) {
	grad := m.net.Grad()
	m.values += m.guidance.Step(grad, m.net.Params(), s.Velocity).R
	if m.flipped { // g − c·∇r = −(−g + c·∇r), and signs change without rounding
		m.be.Scale(grad, -1)
	}
	m.guidance.Add(grad)
	if m.flipped {
		m.be.Scale(grad, -1)
	}
	m.steps++
}

func (m *surrogateGuided) report() record.Figures {
	f := record.Figures{GuidanceRatio: new(m.guidance.Ratios() / m.steps), SurrogateSeconds: new(m.guidance.Evaluation())}
	if m.scored {
		f.R, f.GradRNorm = new(m.values/m.steps), new(m.guidance.GradNorm())
	}
	m.steps, m.values = 0, 0
	m.guidance.SetRatios(0)
	return f
}

func (m *surrogateGuided) state() []artifact.Tensor {
	return append(m.guidance.State(),
		artifact.Float64("state.srn.sums", []int{3}, []float64{m.steps, m.guidance.Ratios(), m.values}))
}

func (m *surrogateGuided) restore(f *artifact.File, path string) error {
	v := make([]float64, 3)
	if err := f.ReadFloats(path, "state.srn.sums", v); err != nil {
		return err
	}
	m.steps, m.values = v[0], v[2]
	m.guidance.SetRatios(v[1])
	return m.guidance.Restore(f, path)
}
