package method

import (
	"math"

	"srn/pkg/device"
	"srn/pkg/record"
)

// weightDecayRatio is the control of srn with --guidance-ratio: it adds a
// vector along θ that has a held fraction of the task gradient's norm.
//
//	g + ratio·(‖g‖/‖θ‖)·θ
type weightDecayRatio struct {
	ratio float64
	net   Network
	be    device.Backend
	means
}

var weightDecayRatioInfo = Info{
	Name:      "weight-decay-ratio",
	Kind:      "gradient",
	Formula:   "gradient + ratio·(‖g‖/‖θ‖)·θ",
	Reference: "control of srn: weight decay as strong as the guidance",
	Passes:    "1",
	Params:    []Param{number("ratio", 0.1, 0, math.Inf(1), "norm of what is added relative to the task gradient's")},
	Notes:     []string{"Set ratio to the --guidance-ratio of the run to compare with, or to its recorded guidance_ratio. The record's decay_coefficient is the weight decay that it amounts to."},
	make: func(o Options, v values) (part, error) {
		return &weightDecayRatio{ratio: v.number("ratio"), net: o.Net, be: o.Net.Backend(),
			means: newMeans("decay", "coefficient")}, nil
	},
}

func (w *weightDecayRatio) add(*Step) {
	g, theta := w.net.Grad(), w.net.Params()
	c := 0.0
	if norm := math.Sqrt(w.be.Dot(theta, theta)); norm > 0 {
		c = w.ratio * math.Sqrt(w.be.Dot(g, g)) / norm
	}
	if c > 0 {
		w.be.Axpy(g, float32(c), theta)
	}
	w.count(c)
}

func (w *weightDecayRatio) report() record.Figures {
	f := w.means.report()
	f.GuidanceRatio = new(w.ratio)
	return f
}
