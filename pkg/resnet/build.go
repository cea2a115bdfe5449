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
	// Without gradients an activation is dead once it has been read.
	outputs, values := n.buffers(n.ForwardOnly), n.buffers(n.ForwardOnly)
	n.stem = n.newUnit(list[0], outputs)
	in := n.newActivation(n.stem, values)
	outputs.release(n.stem.y)
	for i := 1; i < len(list); i += 2 {
		b := &block{first: n.newUnit(list[i], outputs), second: n.newUnit(list[i+1], outputs), in: in, shortcut: in}
		outputs.release(b.first.y)
		if n.ForwardOnly {
			b.inner = n.newActivation(b.first, values)
		}
		b.out = n.newActivation(b.second, values)
		b.downsample = b.first.stride == 2
		if b.downsample { // some of its channels stay zero
			b.shortcut = activation{value: n.batch(b.second.out, b.second.outSize)}
			if n.Tangents {
				b.shortcut.dot = n.batch(b.second.out, b.second.outSize)
			}
		}
		outputs.release(b.second.y)
		if n.ForwardOnly {
			values.release(b.inner.value)
		}
		values.release(in.value)
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
	if n.ForwardOnly {
		n.forwardPlans[nn.Eval] = []device.Stage{n.planInference()}
	}
	n.lossPlan = device.Stage{n.be.CrossEntropy(n.loss, n.dlogits, n.logits, n.targets, n.Classes)}
	if n.ForwardOnly {
		return
	}
	n.assignGradients()
	n.backwardHeadPlan, n.backwardPlan = n.planBackwardHead(), n.planBackward()
	if n.Tangents {
		n.forwardTangentPlan, n.backwardTangentPlan = n.planForwardTangent(), n.planBackwardTangent()
		n.lossTangentPlan = device.Stage{n.be.CrossEntropyTangent(n.dlogitsDot, n.logitsDot, n.logits, n.targets, n.Classes)}
	}
}

// newActivation stores what a unit's output becomes.
func (n *Net) newActivation(u *unit, values *buffers) activation {
	a := activation{value: values.take(u.out, u.outSize)}
	if n.Tangents {
		a.dot = n.batch(u.out, u.outSize)
	}
	return a
}

// buffers hands out memory for batches of images. What was released serves
// again, if it may: when passes are planned in the order in which they run,
// buffers that are never in use at once share memory.
type buffers struct {
	n     *Net
	again bool
	free  map[int][]device.Buffer // by length, which tells a network's shapes apart
}

// batch is new memory for a batch of images, zeros.
func (n *Net) batch(channels, size int) device.Buffer {
	return n.be.New(n.Batch * size * size * channels)
}

func (n *Net) buffers(again bool) *buffers { return &buffers{n, again, map[int][]device.Buffer{}} }

func (p *buffers) take(channels, size int) device.Buffer {
	length := p.n.Batch * size * size * channels
	if f := p.free[length]; len(f) > 0 {
		p.free[length] = f[:len(f)-1]
		return f[len(f)-1]
	}
	return p.n.batch(channels, size)
}

func (p *buffers) release(b device.Buffer) {
	if p.again {
		p.free[b.Len()] = append(p.free[b.Len()], b)
	}
}

// assignGradients gives every activation its gradient buffers, in the order
// of the backward pass. Without tangents a gradient is dead once the unit that
// reads it has run backward; with tangents all are kept, since their tangents
// need them.
func (n *Net) assignGradients() {
	p := n.buffers(!n.Tangents)
	h := n.head
	h.features.grad = n.be.New(h.features.value.Len())
	last := n.blocks[len(n.blocks)-1]
	last.out.grad = p.take(last.second.out, last.second.outSize)
	for i := len(n.blocks) - 1; i >= 0; i-- {
		b := n.blocks[i]
		b.inner.grad = p.take(b.second.in, b.second.size)
		b.in.grad = p.take(b.first.in, b.first.size)
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
