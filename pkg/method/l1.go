package method

import (
	"math"

	"srn/pkg/device"
)

// l1 adds λ·‖θ‖₁ to the loss, by its subgradient λ·sign(θ).
type l1 struct {
	lambda       float32
	be           device.Backend
	net          Network
	theta, signs []float32
	step         device.Buffer
}

var l1Info = Info{
	Name:      "l1",
	Read:      Secondary,
	Kind:      "gradient",
	Formula:   "+ λ·‖θ‖₁",
	Reference: "Tibshirani 1996",
	Passes:    "1",
	Params:    []Param{number("lambda", 1e-5, 0, math.Inf(1), "λ")},
	Notes:     []string{"Of all parameters, as weight decay is; steps are those of the subgradient, without a proximal step, so that weights come near 0 but not to it."},
	make: func(o Options, v values) (part, error) {
		n := o.Net.Params().Len()
		return &l1{lambda: float32(v.number("lambda")), be: o.Net.Backend(), net: o.Net,
			theta: make([]float32, n), signs: make([]float32, n), step: o.Net.Backend().New(n)}, nil
	},
}

func (l *l1) add(*Step) {
	l.be.Read(l.theta, l.net.Params())
	for i, v := range l.theta {
		switch {
		case v > 0:
			l.signs[i] = 1
		case v < 0:
			l.signs[i] = -1
		default:
			l.signs[i] = 0
		}
	}
	l.be.Write(l.step, l.signs)
	l.be.Axpy(l.net.Grad(), l.lambda, l.step)
}
