package resnet

import (
	"slices"

	"srn/pkg/device"
	"srn/pkg/nn"
)

func (n *Net) units() []*unit {
	list := []*unit{n.stem}
	for _, b := range n.blocks {
		list = append(list, b.first, b.second)
	}
	return list
}

func (n *Net) planLoad() {
	for _, u := range n.units() {
		n.loadPlan = append(n.loadPlan, u.conv.Load(u.w.value))
		if n.Tangents {
			n.loadTangentPlan = append(n.loadTangentPlan, u.conv.LoadTangent(u.w.dot))
		}
	}
}

// planForward stores each block's input at the beginning of the stage that
// reads it first. With running statistics nothing is of the whole batch, and
// all is one stage.
func (n *Net) planForward(mode nn.Mode) []device.Stage {
	var plan []device.Stage
	plan = append(plan, n.stem.forward(device.Stored(n.input), mode))
	stage := device.Stage{n.be.Combine(n.blocks[0].in.value, n.stem.output(), n.stem.out, n.stem.pixels())}
	for _, b := range n.blocks {
		if b.downsample {
			stage = append(stage, n.be.Subsample(b.shortcut.value, b.in.value, b.first.in, b.first.size))
		}
		plan = append(plan, append(stage, b.first.forward(device.Stored(b.in.value), mode)...))
		plan = append(plan, b.second.forward(b.first.output(), mode))
		out := b.second.output()
		out.Src = []device.Buffer{b.second.y, b.shortcut.value}
		stage = device.Stage{n.be.Combine(b.out.value, out, b.second.out, b.second.pixels())}
	}
	last := n.blocks[len(n.blocks)-1]
	h := n.head
	stage = append(stage, n.be.MeanPool(h.features.value, last.out.value, last.second.out, last.second.pixels()))
	if mode != nn.Eval {
		stage = append(stage, n.masked(h.features.value)...)
	}
	plan = append(plan, append(stage, h.linear.Forward(n.logits, h.features.value, h.weight.value, h.bias.value)))
	if mode == nn.Eval {
		plan = []device.Stage{slices.Concat(plan...)}
	}
	return plan
}

// planInference is planForward with running statistics for a network that
// needs its logits alone: all is one stage, which stores activations only.
func (n *Net) planInference() device.Stage {
	stage := n.stem.activate(n.blocks[0].in.value, device.Stored(n.input), nil)
	for _, b := range n.blocks {
		if b.downsample {
			stage = append(stage, n.be.Subsample(b.shortcut.value, b.in.value, b.first.in, b.first.size))
		}
		stage = append(stage, b.first.activate(b.inner.value, device.Stored(b.in.value), nil)...)
		stage = append(stage, b.second.activate(b.out.value, device.Stored(b.inner.value), b.shortcut.value)...)
	}
	last := n.blocks[len(n.blocks)-1]
	h := n.head
	return append(stage, n.be.MeanPool(h.features.value, last.out.value, last.second.out, last.second.pixels()),
		h.linear.Forward(n.logits, h.features.value, h.weight.value, h.bias.value))
}

// maskOut keeps a gradient in a stored activation where that is positive.
// With a residual's gradient it adds the two first.
func (n *Net) maskOut(g, value, residual device.Buffer, u *unit) device.Op {
	o := device.Operand{Src: []device.Buffer{g}, Coef: n.coefs(u.out, 0, 1),
		Post: device.Mask, MaskSrc: value, MaskCoef: n.coefs(u.out, 0, 1)}
	if residual != nil {
		o.Src = append(o.Src, residual)
		o.Coef = n.coefs(u.out, 0, 1, 1)
	}
	return n.be.Combine(g, o, u.out, u.pixels())
}

// coefs returns constant coefficients for each channel.
func (n *Net) coefs(channels int, values ...float32) device.Buffer {
	b := n.be.New(len(values) * channels)
	for i, v := range values {
		n.be.Fill(b.Slice(i*channels, (i+1)*channels), v)
	}
	return b
}

// masked multiplies features, or what belongs to them, by their mask.
func (n *Net) masked(features device.Buffer) device.Stage {
	if n.mask == nil {
		return nil
	}
	return device.Stage{n.be.Multiply(features, n.mask, n.mask.Len()/n.Batch)}
}

// planBackwardHead leaves the gradient in the features as the classifier read them.
func (n *Net) planBackwardHead() []device.Stage {
	h := n.head
	return []device.Stage{{
		h.linear.Backward(h.features.grad, h.weight.grad, h.bias.grad, n.dlogits, h.features.value, h.weight.value)}}
}

func (n *Net) planBackward() []device.Stage {
	h := n.head
	last := n.blocks[len(n.blocks)-1]
	plan := []device.Stage{append(n.masked(h.features.grad),
		n.be.MeanPoolGrad(last.out.grad, h.features.grad, last.second.out, last.second.pixels()),
		n.maskOut(last.out.grad, last.out.value, nil, last.second),
		last.second.sums(last.out.grad),
	)}
	for i := len(n.blocks) - 1; i >= 0; i-- {
		b, before := n.blocks[i], n.before(i)
		plan = append(plan, device.Stage{
			b.second.backward(b.inner.grad, b.first.output(), b.out.grad),
			b.first.mask(n.be, b.inner.grad, n.coefs(b.first.out, 0, 1)),
			b.first.sums(b.inner.grad),
		})
		stage := device.Stage{b.first.backward(b.in.grad, device.Stored(b.in.value), b.inner.grad)}
		stage = append(stage, n.joinShortcut(b, before, b.in.grad, b.out.grad)...)
		plan = append(plan, append(stage, before.sums(b.in.grad)))
	}
	return append(plan, device.Stage{n.stem.backward(n.inputGrad, device.Stored(n.input), n.blocks[0].in.grad)})
}

// before is the unit whose output becomes the input of block i.
func (n *Net) before(i int) *unit {
	if i == 0 {
		return n.stem
	}
	return n.blocks[i-1].second
}

// joinShortcut adds the shortcut's gradient (or its tangent) to that of the
// first convolution and masks the sum.
func (n *Net) joinShortcut(b *block, before *unit, in, out device.Buffer) device.Stage {
	if b.downsample {
		return device.Stage{
			n.be.SubsampleGrad(in, out, b.first.in, b.first.size),
			n.maskOut(in, b.in.value, nil, before),
		}
	}
	return device.Stage{n.maskOut(in, b.in.value, out, before)}
}

// storedDot is the tangent of a stored activation: its pre-activation's
// tangent where the activation is positive.
func (n *Net) storedDot(u *unit, value, residualDot device.Buffer) device.Operand {
	o := device.Operand{Src: []device.Buffer{u.yDot, u.y}, Coef: u.bn.TangentCoef(),
		Post: device.Mask, MaskSrc: value, MaskCoef: n.coefs(u.out, 0, 1)}
	if residualDot != nil {
		o.Src = append(o.Src, residualDot)
	}
	return o
}

// inputTangent is the images' tangent, zero where they do not change.
func (n *Net) inputTangent() device.Operand {
	if n.inputDot == nil {
		return device.Operand{}
	}
	return device.Stored(n.inputDot)
}

func (n *Net) planForwardTangent() []device.Stage {
	plan := []device.Stage{n.stem.forwardTangent(device.Stored(n.input), n.inputTangent())}
	in := n.blocks[0].in
	stage := device.Stage{n.be.Combine(in.dot, n.storedDot(n.stem, in.value, nil), n.stem.out, n.stem.pixels())}
	for _, b := range n.blocks {
		if b.downsample {
			stage = append(stage, n.be.Subsample(b.shortcut.dot, b.in.dot, b.first.in, b.first.size))
		}
		plan = append(plan, append(stage, b.first.forwardTangent(device.Stored(b.in.value), device.Stored(b.in.dot))...))
		plan = append(plan, b.second.forwardTangent(b.first.output(), b.first.outputDot()))
		stage = device.Stage{n.be.Combine(b.out.dot, n.storedDot(b.second, b.out.value, b.shortcut.dot), b.second.out, b.second.pixels())}
	}
	last := n.blocks[len(n.blocks)-1]
	h := n.head
	stage = append(stage, n.be.MeanPool(h.features.dot, last.out.dot, last.second.out, last.second.pixels()))
	return append(plan, append(append(stage, n.masked(h.features.dot)...),
		h.linear.ForwardTangent(n.logitsDot, h.features.value, h.features.dot, h.weight.value, h.weight.dot, h.bias.dot)))
}

func (n *Net) planBackwardTangent() []device.Stage {
	h := n.head
	last := n.blocks[len(n.blocks)-1]
	plan := []device.Stage{append(append(device.Stage{
		h.linear.BackwardTangent(h.features.gradDot, h.weight.gradDot, h.bias.gradDot, n.dlogits, n.dlogitsDot,
			h.features.value, h.features.dot, h.weight.value, h.weight.dot)}, n.masked(h.features.gradDot)...),
		n.be.MeanPoolGrad(last.out.gradDot, h.features.gradDot, last.second.out, last.second.pixels()),
		n.maskOut(last.out.gradDot, last.out.value, nil, last.second),
		last.second.sumsTangent(last.out.grad, last.out.gradDot),
	)}
	for i := len(n.blocks) - 1; i >= 0; i-- {
		b, before := n.blocks[i], n.before(i)
		plan = append(plan, device.Stage{
			b.second.backwardTangent(b.inner.gradDot, b.first.output(), b.first.outputDot(), b.out.grad, b.out.gradDot),
			b.first.mask(n.be, b.inner.gradDot, n.coefs(b.first.out, 0, 1)),
			b.first.sumsTangent(b.inner.grad, b.inner.gradDot),
		})
		stage := device.Stage{b.first.backwardTangent(b.in.gradDot, device.Stored(b.in.value), device.Stored(b.in.dot), b.inner.grad, b.inner.gradDot)}
		stage = append(stage, n.joinShortcut(b, before, b.in.gradDot, b.out.gradDot)...)
		plan = append(plan, append(stage, before.sumsTangent(b.in.grad, b.in.gradDot)))
	}
	in := n.blocks[0].in
	return append(plan, device.Stage{n.stem.backwardTangent(nil, device.Stored(n.input), n.inputTangent(), in.grad, in.gradDot)})
}
