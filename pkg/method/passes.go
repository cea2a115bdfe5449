package method

import (
	"srn/pkg/device"
	"srn/pkg/nn"
)

// passes runs a network forward and backward on a batch.
type passes struct {
	net     Network
	be      device.Backend
	classes int
	loss    loss // nil: cross-entropy
	network []reparameterisation

	images int

	// The first pass's losses and logits, which the records are about.
	keep, kept             bool
	firstLoss, firstLogits device.Buffer

	logits, targets, grads, losses []float32
	z, t, d                        []float64 // rows
}

func newPasses(net Network) *passes {
	batch := net.Loss().Len()
	classes := net.Logits().Len() / batch
	p := &passes{net: net, be: net.Backend(), classes: classes}
	p.logits, p.targets, p.grads = make([]float32, batch*classes), make([]float32, batch*classes), make([]float32, batch*classes)
	p.losses = make([]float32, batch)
	p.z, p.t, p.d = make([]float64, classes), make([]float64, classes), make([]float64, classes)
	return p
}

// begin readies a step of a number of images. With keep, the losses and
// logits of the first pass are those that remain after end.
func (p *passes) begin(images int, keep bool) {
	p.images, p.keep, p.kept = images, keep, false
	if keep && p.firstLoss == nil {
		p.firstLoss, p.firstLogits = p.be.New(p.net.Loss().Len()), p.be.New(p.net.Logits().Len())
	}
}

func (p *passes) end() {
	if p.kept {
		p.be.Copy(p.net.Loss(), p.firstLoss)
		p.be.Copy(p.net.Logits(), p.firstLogits)
	}
}

// run is a pass forward and backward, which leaves the mean loss's gradient
// in the trained parameters.
func (p *passes) run(mode nn.Mode) {
	p.within(func() {
		p.forward(p.images, mode)
		p.net.Backward(p.images)
	})
}

// within does what it is given with the parameters that the network computes
// with, and leaves the gradient in the trained ones.
func (p *passes) within(do func()) {
	for _, r := range p.network {
		r.enter()
	}
	do()
	for i := len(p.network) - 1; i >= 0; i-- {
		p.network[i].leave()
	}
}

// forward computes logits, losses and the mean loss's gradient in the logits.
func (p *passes) forward(images int, mode nn.Mode) {
	p.net.Forward(images, mode)
	p.evaluate(images)
}

// evaluate computes losses and their gradient from the logits.
func (p *passes) evaluate(images int) {
	if p.loss == nil {
		p.net.CrossEntropy(images)
	} else {
		p.rows(images, p.loss)
	}
	if p.keep && !p.kept {
		p.be.Copy(p.firstLoss, p.net.Loss())
		p.be.Copy(p.firstLogits, p.net.Logits())
		p.kept = true
	}
}

// rows evaluates a loss row by row.
func (p *passes) rows(images int, l loss) {
	logits, targets := p.readLogits(images), p.readTargets(images)
	scale := 1 / float64(images)
	for i := range images {
		p.load(logits, targets, i)
		p.losses[i] = float32(l.row(p.d, p.z, p.t))
		for k, v := range p.d {
			p.grads[i*p.classes+k] = float32(scale * v)
		}
	}
	p.be.Write(p.net.Loss().Slice(0, images), p.losses[:images])
	p.writeGrads(images)
}

// accuracy is that of the logits at hand for the likeliest targets.
func (p *passes) accuracy(images int) float64 {
	logits, targets := p.readLogits(images), p.readTargets(images)
	right := 0
	for i := range images {
		p.load(logits, targets, i)
		if argmax(p.z) == argmax(p.t) {
			right++
		}
	}
	return float64(right) / float64(images)
}

// load puts an example's logits and targets into z and t.
func (p *passes) load(logits, targets []float32, i int) {
	for k := range p.classes {
		p.z[k], p.t[k] = float64(logits[i*p.classes+k]), float64(targets[i*p.classes+k])
	}
}

func (p *passes) readLogits(images int) []float32 { return p.read(p.logits, p.net.Logits(), images) }

func (p *passes) readTargets(images int) []float32 { return p.read(p.targets, p.net.Targets(), images) }

func (p *passes) readGrads(images int) []float32 { return p.read(p.grads, p.net.LogitGrad(), images) }

func (p *passes) writeGrads(images int) {
	p.be.Write(p.net.LogitGrad().Slice(0, images*p.classes), p.grads[:images*p.classes])
}

func (p *passes) read(to []float32, from device.Buffer, images int) []float32 {
	n := images * p.classes
	p.be.Read(to[:n], from.Slice(0, n))
	return to[:n]
}
