package method

import (
	"math"

	"srn/pkg/artifact"
	"srn/pkg/device"
)

// weightDecayRatio is the control of srn with --guidance-ratio: it adds a
// vector along θ that has a held fraction of the task gradient's norm.
//
//	g + ratio·(‖g‖/‖θ‖)·θ
type weightDecayRatio struct {
	ratio float64
	net   Network
	be    device.Backend

	steps, decays float64 // sums of the epoch
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
		return &weightDecayRatio{ratio: v.number("ratio"), net: o.Net, be: o.Net.Backend()}, nil
	},
}

func (w *weightDecayRatio) add(*Step) {
	g, theta := w.net.Grad(), w.net.Params()
	norm := math.Sqrt(w.be.Dot(theta, theta))
	w.steps++
	if norm == 0 || w.ratio == 0 {
		return
	}
	c := w.ratio * math.Sqrt(w.be.Dot(g, g)) / norm
	w.be.Axpy(g, float32(c), theta)
	w.decays += c
}

func (w *weightDecayRatio) report() artifact.Fields {
	f := artifact.Fields{{Key: "guidance_ratio", Value: w.ratio}, {Key: "decay_coefficient", Value: w.decays / w.steps}}
	w.steps, w.decays = 0, 0
	return f
}

func (w *weightDecayRatio) state() []artifact.Tensor {
	return []artifact.Tensor{artifact.Float64("state.decay", []int{2}, []float64{w.steps, w.decays})}
}

func (w *weightDecayRatio) restore(f *artifact.File, path string) error {
	v := make([]float64, 2)
	if err := restoreFloats(f, path, "state.decay", v); err != nil {
		return err
	}
	w.steps, w.decays = v[0], v[1]
	return nil
}
