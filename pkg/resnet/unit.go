package resnet

import (
	"srn/pkg/device"
	"srn/pkg/nn"
)

// parameter is one tensor with its gradient and the tangents of both.
type parameter struct{ value, grad, dot, gradDot device.Buffer }

func (n *Net) parameter(name string) parameter {
	return parameter{view(n.params, n.layout, name), view(n.grad, n.layout, name),
		view(n.paramsDot, n.layout, name), view(n.gradDot, n.layout, name)}
}

// activation is a batch of images with its gradient and the tangents of both.
// Gradients are those of the loss in what comes before the ReLU, once they
// have been masked.
type activation struct{ value, grad, dot, gradDot device.Buffer }

// unit is a convolution and the batch normalisation after it. Of the two only
// the convolution's raw output y is stored; whoever reads the unit's output
// applies the normalisation's coefficients on the way.
type unit struct {
	unitShape
	outSize        int
	conv           device.Conv
	bn             device.BatchNorm
	w, gamma, beta parameter
	mean, variance device.Buffer
	y, yDot        device.Buffer
}

func (n *Net) newUnit(s unitShape, outputs *buffers) *unit {
	u := &unit{unitShape: s, outSize: s.size / s.stride,
		w: n.parameter(s.conv + ".weight"), gamma: n.parameter(s.bn + ".weight"), beta: n.parameter(s.bn + ".bias"),
		mean:     view(n.stats, n.running, s.bn+".running_mean"),
		variance: view(n.stats, n.running, s.bn+".running_var"),
	}
	u.conv = n.be.Conv(device.ConvShape{In: s.in, Out: s.out, Size: s.size, Stride: s.stride, Batch: n.Batch})
	u.bn = n.be.BatchNorm(s.out, u.pixels(), n.Batch)
	u.y = outputs.take(s.out, u.outSize)
	if n.Tangents {
		u.yDot = n.be.New(n.Batch * u.pixels() * s.out)
	}
	return u
}

func (u *unit) pixels() int { return u.outSize * u.outSize }

// forward computes y and the normalisation's coefficients.
func (u *unit) forward(x device.Operand, mode nn.Mode) device.Stage {
	normalise := u.bn.Train(u.y, u.gamma.value, u.beta.value, u.mean, u.variance)
	switch mode {
	case nn.TrainFrozen:
		normalise = u.bn.Train(u.y, u.gamma.value, u.beta.value, nil, nil)
	case nn.Eval:
		normalise = u.bn.Eval(u.gamma.value, u.beta.value, u.mean, u.variance)
	}
	return device.Stage{u.conv.Forward(u.y, x), normalise}
}

// activate computes relu(bn(conv(x)) + residual) by the running statistics and
// nothing else.
func (u *unit) activate(z device.Buffer, x device.Operand, residual device.Buffer) device.Stage {
	return device.Stage{u.bn.Eval(u.gamma.value, u.beta.value, u.mean, u.variance),
		u.conv.Activate(z, x, u.bn.Coef(), residual)}
}

// forwardTangent computes ẏ and its coefficients.
func (u *unit) forwardTangent(x, xDot device.Operand) device.Stage {
	return device.Stage{u.conv.ForwardTangent(u.yDot, x, xDot),
		u.bn.Tangent(u.yDot, u.y, u.gamma.dot, u.beta.dot)}
}

// output is relu(bn(y)).
func (u *unit) output() device.Operand {
	return device.Operand{Src: []device.Buffer{u.y}, Coef: u.bn.Coef(), Post: device.ReLU}
}

// outputDot is output's tangent.
func (u *unit) outputDot() device.Operand {
	return device.Operand{Src: []device.Buffer{u.yDot, u.y}, Coef: u.bn.TangentCoef(),
		Post: device.Mask, MaskSrc: u.y, MaskCoef: u.bn.Coef()}
}

// mask stores a gradient where output is positive.
func (u *unit) mask(be device.Backend, g, coef device.Buffer) device.Op {
	return be.Combine(g, device.Operand{Src: []device.Buffer{g}, Coef: coef,
		Post: device.Mask, MaskSrc: u.y, MaskCoef: u.bn.Coef()}, u.out, u.pixels())
}

// sums prepares the coefficients of the gradient in y from that in bn(y).
func (u *unit) sums(dz device.Buffer) device.Op {
	return u.bn.Backward(u.gamma.grad, u.beta.grad, dz, u.y)
}

func (u *unit) sumsTangent(dz, dzDot device.Buffer) device.Op {
	return u.bn.BackwardTangent(u.gamma.gradDot, u.beta.gradDot, dz, dzDot, u.y, u.yDot)
}

// dy is the gradient in y from that in bn(y).
func (u *unit) dy(dz device.Buffer) device.Operand {
	return device.Operand{Src: []device.Buffer{dz, u.y}, Coef: u.bn.GradCoef()}
}

// dyDot is dy's tangent.
func (u *unit) dyDot(dz, dzDot device.Buffer) device.Operand {
	return device.Operand{Src: []device.Buffer{dz, dzDot, u.y, u.yDot}, Coef: u.bn.GradTangentCoef()}
}

// backward computes the gradients in the input (unless dx is nil) and the weights.
func (u *unit) backward(dx device.Buffer, x device.Operand, dz device.Buffer) device.Op {
	return u.conv.Backward(dx, u.w.grad, x, u.dy(dz))
}

func (u *unit) backwardTangent(dxDot device.Buffer, x, xDot device.Operand, dz, dzDot device.Buffer) device.Op {
	return u.conv.BackwardTangent(dxDot, u.w.gradDot, x, xDot, u.dy(dz), u.dyDot(dz, dzDot))
}
