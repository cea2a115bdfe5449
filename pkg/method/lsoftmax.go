package method

import (
	"math"

	"srn/pkg/device"
	"srn/pkg/nn"
)

// lSoftmax makes the label's logit harder to reach: of w_y·x = ‖w_y‖‖x‖·cos θ
// it makes ‖w_y‖‖x‖·ψ(θ), with
//
//	ψ(θ) = (−1)^k·cos(mθ) − 2k  for θ in [kπ/m, (k+1)π/m],
//
// blended with the plain logit as (λ·plain + margin)/(1+λ), λ falling from
// step to step: λ = max(λ_min, base·(1 + γ·step)^−power). x are the features
// that the classifier reads. The bias is added afterwards.
type lSoftmax struct {
	margin                   int
	base, gamma, power, last float64

	net             Network
	be              device.Backend
	weight, bias    nn.Param
	features, grads []float32
	theta, grad     []float32
	lambda          float64
}

var lSoftmaxInfo = Info{
	Name: "l-softmax",
	Read: Code,
	Differs: []string{
		"The original's classifier has no bias; these networks' is kept, outside the margin.",
	},
	Kind:      "passes",
	Formula:   "mean cross-entropy with the label's logit ‖w_y‖‖x‖·ψ(θ), ψ ≤ cos θ",
	Reference: "Liu, Wen, Yu & Yang 2016",
	PaperRow:  "L-M Softmax",
	Passes:    "1",
	Params: []Param{
		number("m", 2, 1, 4, "margin m, a whole number; 1 is cross-entropy"),
		number("base", 1000, 0, math.Inf(1), "λ at the first step"),
		number("gamma", 1e-5, 0, math.Inf(1), "γ; the authors use 2e-5, and 1e-5 with augmentation"),
		number("power", 45, 0, math.Inf(1), "exponent of λ's fall"),
		number("lambda-min", 0, 0, math.Inf(1), "smallest λ"),
	},
	Notes: []string{
		"Mixed or smoothed targets: the margin is that of the likeliest class, the cross-entropy that of the targets.",
		"λ's schedule counts steps, as the original's does for its own number of steps.",
	},
	make: func(o Options, v values) (part, error) {
		l := &lSoftmax{margin: int(v.number("m")), base: v.number("base"), gamma: v.number("gamma"), power: v.number("power"), last: v.number("lambda-min"),
			net: o.Net, be: o.Net.Backend()}
		l.weight, _ = o.Net.Layout().Find("linear.weight")
		l.bias, _ = o.Net.Layout().Find("linear.bias")
		l.features, l.grads = make([]float32, o.Net.Features().Len()), make([]float32, o.Net.Features().Len())
		l.theta, l.grad = make([]float32, l.weight.Len()+l.bias.Len()), make([]float32, l.weight.Len()+l.bias.Len())
		return l, nil
	},
}

func (l *lSoftmax) begin(s *Step) {
	l.lambda = max(l.last, l.base*math.Pow(1+l.gamma*float64(s.Number), -l.power))
}

func (l *lSoftmax) gradient(s *Step, p *passes) error {
	p.within(func() {
		n := s.Images
		l.net.Forward(n, nn.Train)
		l.be.Read(l.features, l.net.Features())
		l.be.Read(l.theta, l.head(l.net.Params()))
		width := l.weight.Shape[1]
		plain := append([]float32(nil), p.readLogits(n)...)
		logits, targets := p.logits[:n*p.classes], p.readTargets(n)
		labels := make([]marginal, n)
		for i := range n {
			p.load(plain, targets, i)
			y := argmax(p.t)
			labels[i] = l.label(y, l.features[i*width:][:width], p.z[y])
			logits[i*p.classes+y] = float32(labels[i].logit)
		}
		l.be.Write(l.net.Logits().Slice(0, n*p.classes), logits)
		p.evaluate(n)
		grads := p.readGrads(n)
		direct := make([]float64, n)
		for i, m := range labels {
			g := &grads[i*p.classes+m.y]
			direct[i] = float64(*g)
			*g = float32(direct[i] * m.slope)
		}
		p.writeGrads(n)
		l.net.BackwardHead(n)
		l.norms(labels, direct)
		l.net.BackwardBody(n)
	})
	return nil
}

// head is the classifier's part of a vector laid out as the parameters, whose
// last two tensors are its weight and bias.
func (l *lSoftmax) head(b device.Buffer) device.Buffer {
	return b.Slice(l.weight.Offset, l.bias.Offset+l.bias.Len())
}

// marginal is a label's logit with margin, and its derivatives.
type marginal struct {
	y                 int
	logit             float64
	slope             float64 // in the plain logit
	product           float64 // in ‖w‖‖x‖
	normW, normX      float64
	features, weights []float32
}

func (l *lSoftmax) label(y int, x []float32, plain float64) marginal {
	w := l.theta[y*len(x):][:len(x)]
	m := marginal{y: y, normW: norm(w), normX: norm(x), features: x, weights: w}
	bias := float64(l.theta[l.weight.Len()+y])
	product := m.normW * m.normX
	if product == 0 || l.margin == 1 {
		m.logit, m.slope = plain, 1
		return m
	}
	cos := max(-1, min(1, (plain-bias)/product))
	psi, slope := psi(cos, l.margin)
	m.logit = (l.lambda*(plain-bias)+product*psi)/(1+l.lambda) + bias
	m.slope = (l.lambda + slope) / (1 + l.lambda)
	m.product = (psi - cos*slope) / (1 + l.lambda)
	return m
}

// psi is ψ as a function of cos θ, and its slope in it.
func psi(cos float64, m int) (value, slope float64) {
	k := int(math.Acos(cos) * float64(m) / math.Pi)
	if k == m { // θ = π
		k--
	}
	// cos mθ and its slope in cos θ, by the recurrence of Chebyshev.
	t0, t1, d0, d1 := 1.0, cos, 0.0, 1.0
	for range m - 1 {
		t0, t1, d0, d1 = t1, 2*cos*t1-t0, d1, 2*t1+2*cos*d1-d0
	}
	sign := 1.0
	if k%2 == 1 {
		sign = -1
	}
	return sign*t1 - 2*float64(k), sign * d1
}

// norms adds what the loss owes to ‖w_y‖ and ‖x‖, and gives the bias the
// gradient of the logit itself.
func (l *lSoftmax) norms(labels []marginal, direct []float64) {
	features, head := l.net.FeatureGrad(), l.head(l.net.Grad())
	l.be.Read(l.grads, features)
	l.be.Read(l.grad, head)
	width := l.weight.Shape[1]
	for i, m := range labels {
		l.grad[l.weight.Len()+m.y] += float32(direct[i] * (1 - m.slope))
		q := direct[i] * m.product
		if q == 0 {
			continue
		}
		toX, toW := l.grads[i*width:][:width], l.grad[m.y*width:][:width]
		for j, x := range m.features {
			toX[j] += float32(q * m.normW / m.normX * float64(x))
			toW[j] += float32(q * m.normX / m.normW * float64(m.weights[j]))
		}
	}
	l.be.Write(features, l.grads)
	l.be.Write(head, l.grad)
}
