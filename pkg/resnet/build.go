package resnet

import (
	"srn/pkg/device"
	"srn/pkg/nn"
)

// block is a residual block: out = relu(bn2(conv2(relu(bn1(conv1(in))))) + shortcut(in)).
type block struct {
	first, second *unit
	in, out       activation
	inner         activation // between the units: only gradients are stored
	shortcut      activation // of option A: only values are stored; else in
	downsample    bool
}

// head is mean pooling and the classifier.
type head struct {
	linear       device.Linear
	weight, bias parameter
	features     activation
}

// build plans all passes.
func (n *Net) build() {
	blocksPerGroup, _ := Blocks(n.Arch)
	list := shapes(blocksPerGroup)
	n.stem = n.newUnit(list[0])
	pool := gradPool{n: n, free: map[int][]device.Buffer{}}
	in := n.newActivation(n.stem)
	for i := 1; i < len(list); i += 2 {
		b := &block{first: n.newUnit(list[i]), second: n.newUnit(list[i+1]), in: in}
		b.downsample = b.first.stride == 2
		b.out = n.newActivation(b.second)
		b.shortcut = b.in
		if b.downsample {
			b.shortcut = n.newActivation(b.second)
		}
		n.blocks = append(n.blocks, b)
		in = b.out
	}
	n.head = &head{linear: n.be.Linear(features, n.Classes, n.Batch),
		weight: n.parameter("linear.weight"), bias: n.parameter("linear.bias"),
		features: activation{value: n.be.New(n.Batch * features)}}
	n.planLoad()
	for mode := range n.forwardPlans {
		n.forwardPlans[mode] = n.planForward(nn.Mode(mode))
	}
	n.lossPlan = device.Stage{n.be.CrossEntropy(n.loss, n.dlogits, n.logits, n.targets, n.Classes)}
	if n.ForwardOnly {
		return
	}
	pool.assign()
	n.backwardHeadPlan, n.backwardPlan = n.planBackwardHead(), n.planBackward()
	if n.Tangents {
		n.forwardTangentPlan, n.backwardTangentPlan = n.planForwardTangent(), n.planBackwardTangent()
		n.lossTangentPlan = device.Stage{n.be.CrossEntropyTangent(n.dlogitsDot, n.logitsDot, n.logits, n.targets, n.Classes)}
	}
}

// newActivation stores what a unit's output becomes.
func (n *Net) newActivation(u *unit) activation {
	size := n.Batch * u.pixels() * u.out
	a := activation{value: n.be.New(size)}
	if n.Tangents {
		a.dot = n.be.New(size)
	}
	return a
}

// gradPool hands out gradient buffers. Without tangents a gradient is dead
// once the unit that reads it has run backward, so that its memory serves
// again; with tangents all are kept, since their tangents need them.
type gradPool struct {
	n    *Net
	free map[int][]device.Buffer // by length
}

func (p *gradPool) take(like device.Buffer) device.Buffer {
	size := like.Len()
	if f := p.free[size]; len(f) > 0 {
		p.free[size] = f[:len(f)-1]
		return f[len(f)-1]
	}
	return p.n.be.New(size)
}

func (p *gradPool) release(b device.Buffer) {
	if !p.n.Tangents {
		p.free[b.Len()] = append(p.free[b.Len()], b)
	}
}

// assign gives every activation its gradient buffers, in the order of the
// backward pass.
func (p *gradPool) assign() {
	n := p.n
	h := n.head
	h.features.grad = n.be.New(h.features.value.Len())
	last := n.blocks[len(n.blocks)-1]
	last.out.grad = p.take(last.out.value)
	for i := len(n.blocks) - 1; i >= 0; i-- {
		b := n.blocks[i]
		b.inner.grad = p.take(b.second.y)
		b.in.grad = p.take(b.in.value)
		p.release(b.inner.grad)
		p.release(b.out.grad)
		if i > 0 {
			n.blocks[i-1].out.grad = b.in.grad
		}
	}
	if !n.Tangents {
		return
	}
	h.features.dot, h.features.gradDot = n.be.New(h.features.value.Len()), n.be.New(h.features.value.Len())
	for i, b := range n.blocks {
		b.inner.gradDot = n.be.New(b.inner.grad.Len())
		b.out.gradDot = n.be.New(b.out.grad.Len())
		if i == 0 {
			b.in.gradDot = n.be.New(b.in.grad.Len())
		} else {
			b.in.gradDot = n.blocks[i-1].out.gradDot
		}
	}
}
