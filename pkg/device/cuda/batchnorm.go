//go:build cuda

package cuda

import (
	kernels "srn/kernels/cuda"
	"srn/pkg/device"
)

// batchNorm keeps the state of the latest pass on the device, and whether its
// statistics were the running ones on the host.
type batchNorm struct {
	b                                *Backend
	k                                kernels.BatchNorm // but for its scratch
	coef, tangent, grad, gradTangent *buffer
	fixed                            bool
}

// BatchNorm implements device.Layers.
func (b *Backend) BatchNorm(channels, pixels, batch int) device.BatchNorm {
	n := &batchNorm{b: b, coef: b.new(3 * channels), tangent: b.new(4 * channels), grad: b.new(3 * channels), gradTangent: b.new(5 * channels)}
	n.k = kernels.BatchNorm{Channels: channels, Pixels: pixels, State: b.allocate(kernels.BatchNormState(channels)),
		Coef: n.coef.at, TangentCoef: n.tangent.at, GradCoef: n.grad.at, GradTangentCoef: n.gradTangent.at}
	return n
}

func (n *batchNorm) Coef() device.Buffer            { return n.coef }
func (n *batchNorm) TangentCoef() device.Buffer     { return n.tangent }
func (n *batchNorm) GradCoef() device.Buffer        { return n.grad }
func (n *batchNorm) GradTangentCoef() device.Buffer { return n.gradTangent }

// kernels returns the normalisation with the memory for its sums.
func (n *batchNorm) kernels() kernels.BatchNorm {
	k := n.k
	k.Scratch = n.b.temporary(kernels.BatchNormScratch(k.Channels))
	return k
}

// statistics is a pass that decides where the statistics come from.
type statistics struct {
	operation
	n     *batchNorm
	fixed bool
}

func (s *statistics) run(images int) {
	s.n.fixed = s.fixed
	s.operation.run(images)
}

func (n *batchNorm) Train(y, gamma, beta, runningMean, runningVar device.Buffer) device.Op {
	return &statistics{n.b.plan(func(images int) []kernels.Launch {
		return n.kernels().Train(at(y), at(gamma), at(beta), at(runningMean), at(runningVar), images)
	}), n, false}
}

func (n *batchNorm) Eval(gamma, beta, runningMean, runningVar device.Buffer) device.Op {
	return &statistics{n.b.task(func() kernels.Launch {
		return n.k.Eval(at(gamma), at(beta), at(runningMean), at(runningVar))
	}), n, true}
}

// derivative is a pass after one that decided on the statistics.
type derivative struct {
	n                *batchNorm
	ofBatch, ofFixed operation
}

// derivative plans a pass for both kinds of statistics.
func (n *batchNorm) derivative(build func(images int, fixed bool) []kernels.Launch) device.Op {
	return &derivative{n,
		n.b.plan(func(images int) []kernels.Launch { return build(images, false) }),
		n.b.plan(func(images int) []kernels.Launch { return build(images, true) })}
}

func (d *derivative) run(images int) {
	if d.n.fixed {
		d.ofFixed.run(images)
	} else {
		d.ofBatch.run(images)
	}
}

func (n *batchNorm) Tangent(yDot, y, gammaDot, betaDot device.Buffer) device.Op {
	return n.derivative(func(images int, fixed bool) []kernels.Launch {
		return n.kernels().Tangent(at(yDot), at(y), at(gammaDot), at(betaDot), images, fixed)
	})
}

func (n *batchNorm) Backward(dgamma, dbeta, dz, y device.Buffer) device.Op {
	return n.derivative(func(images int, fixed bool) []kernels.Launch {
		return n.kernels().Backward(at(dgamma), at(dbeta), at(dz), at(y), images, fixed)
	})
}

func (n *batchNorm) BackwardTangent(dgammaDot, dbetaDot, dz, dzDot, y, yDot device.Buffer) device.Op {
	return n.derivative(func(images int, fixed bool) []kernels.Launch {
		return n.kernels().BackwardTangent(at(dgammaDot), at(dbetaDot), at(dz), at(dzDot), at(y), at(yDot), images, fixed)
	})
}
