package method

import (
	"math"

	"srn/pkg/device"
	"srn/pkg/record"
	"srn/pkg/rng"
)

// randomPush is the control of guidance that knows nothing: it adds a direction
// that is drawn anew at every step, scaled to a fraction of the task gradient.
//
//	g + ratio·‖g‖·d/‖d‖,  d ~ N(0, I) by the seed and the step
type randomPush struct {
	ratio  float64
	net    Network
	be     device.Backend
	seed   uint64
	random rng.Rand
	host   []float32
	d      device.Buffer
}

var randomPushInfo = Info{
	Name:      "random-push",
	Kind:      "gradient",
	Formula:   "gradient + ratio·‖g‖·d/‖d‖, d normal, drawn at every step",
	Reference: "control of srn: a push as strong as the guidance, in no direction",
	Passes:    "1",
	Params:    []Param{number("ratio", 0.1, 0, math.Inf(1), "norm of what is added relative to the task gradient's")},
	Notes:     []string{"Set ratio to the --guidance-ratio of the run to compare with, or to its recorded guidance_ratio. Directions depend on the seed and the step alone."},
	make: func(o Options, v values) (part, error) {
		n := o.Net.Params().Len()
		return &randomPush{ratio: v.number("ratio"), net: o.Net, be: o.Net.Backend(), seed: o.Seed,
			host: make([]float32, n), d: o.Net.Backend().New(n)}, nil
	},
}

var randomPushStream = rng.Stream("random-push")

func (r *randomPush) add(s *Step) {
	if r.ratio == 0 {
		return
	}
	r.random.Reset(r.seed, randomPushStream, uint64(s.Number))
	for i := range r.host {
		r.host[i] = float32(r.random.NormFloat64())
	}
	r.be.Write(r.d, r.host)
	g := r.net.Grad()
	r.be.Axpy(g, float32(r.ratio*math.Sqrt(r.be.Dot(g, g)/r.be.Dot(r.d, r.d))), r.d)
}

func (r *randomPush) report() record.Figures {
	return record.Figures{GuidanceRatio: new(r.ratio)}
}
