//go:build cuda

package cuda

import (
	"slices"

	kernels "srn/kernels/cuda"
	"srn/pkg/device"
)

// conv is a planned 3×3 convolution with its filters as the passes read them.
type conv struct {
	b                *Backend
	k                kernels.Conv
	weights, tangent filter
}

// filter is a filter for the forward pass and for the gradient in the input.
type filter struct{ forward, backward kernels.Ptr }

// Conv implements device.Convs.
func (b *Backend) Conv(s device.ConvShape) device.Conv {
	return &conv{b: b, k: kernels.Conv{In: s.In, Out: s.Out, Size: s.Size, Stride: s.Stride, TF32: b.tf32}}
}

func (c *conv) load(f *filter, w device.Buffer) device.Op {
	sameLen("convolution weights", w.Len(), 9*c.k.In*c.k.Out)
	if f.forward == 0 {
		f.forward, f.backward = c.b.allocate(4*c.k.FilterLen()), c.b.allocate(4*c.k.FilterLen())
	}
	return &load{b: c.b, filter: c.k.Filter(f.forward, f.backward, at(w))}
}

func (c *conv) Load(w device.Buffer) device.Op           { return c.load(&c.weights, w) }
func (c *conv) LoadTangent(wDot device.Buffer) device.Op { return c.load(&c.tangent, wDot) }

// load prepares a filter, and those after it in its stage.
type load struct {
	b        *Backend
	filter   kernels.Filter
	together []*load // that launches are for
	launches []launch
}

// run prepares the filters at the beginning of a stage, whose first is l, and
// returns how many they are.
func (l *load) run(stage device.Stage) (count int) {
	for count < len(stage) {
		if _, ok := stage[count].(*load); !ok {
			break
		}
		count++
	}
	if !slices.EqualFunc(l.together, stage[:count], func(a *load, o device.Op) bool { return o == a }) {
		l.together = l.together[:0]
		var filters []kernels.Filter
		for _, o := range stage[:count] {
			l.together = append(l.together, o.(*load))
			filters = append(filters, o.(*load).filter)
		}
		l.launches = l.b.resolve(kernels.LoadFilters(9, filters...))
	}
	l.b.stream.launch(l.launches...)
	return count
}

func (c *conv) Forward(y device.Buffer, x device.Operand) device.Op {
	ox := operand(x, c.k.In)
	return c.b.plan1(func(n int) kernels.Launch { return c.k.Forward(at(y), ox, c.weights.forward, n) })
}

// Activate implements device.Conv: the convolution, activated in place.
func (c *conv) Activate(z device.Buffer, x device.Operand, coef, residual device.Buffer) device.Op {
	ox := operand(x, c.k.In)
	sum := device.Operand{Src: []device.Buffer{z}, Coef: coef, Post: device.ReLU}
	if residual != nil {
		sum.Src = append(sum.Src, residual)
	}
	oz, size := operand(sum, c.k.Out), c.k.Size/c.k.Stride
	return c.b.plan(func(n int) []kernels.Launch {
		return []kernels.Launch{c.k.Forward(at(z), ox, c.weights.forward, n), kernels.Combine(at(z), oz, c.k.Out, size*size, n)}
	})
}

func (c *conv) ForwardTangent(yDot device.Buffer, x, xDot device.Operand) device.Op {
	ox, oxDot := operand(x, c.k.In), operand(xDot, c.k.In)
	return c.b.plan1(func(n int) kernels.Launch {
		return c.k.ForwardTangent(at(yDot), ox, oxDot, c.weights.forward, c.tangent.forward, n)
	})
}

func (c *conv) Backward(dx, dw device.Buffer, x, dy device.Operand) device.Op {
	sameLen("convolution weight gradient", dw.Len(), 9*c.k.In*c.k.Out)
	ox, ody := operand(x, c.k.In), operand(dy, c.k.Out)
	return c.b.plan(func(n int) []kernels.Launch {
		list := c.k.BackwardWeights(at(dw), c.b.temporary(c.k.Scratch(n)), ox, ody, n)
		if dx != nil {
			list = append(list, c.k.BackwardData(at(dx), ody, c.weights.backward, n)...)
		}
		return list
	})
}

func (c *conv) BackwardTangent(dxDot, dwDot device.Buffer, x, xDot, dy, dyDot device.Operand) device.Op {
	sameLen("convolution weight gradient", dwDot.Len(), 9*c.k.In*c.k.Out)
	ox, oxDot, ody, odyDot := operand(x, c.k.In), operand(xDot, c.k.In), operand(dy, c.k.Out), operand(dyDot, c.k.Out)
	return c.b.plan(func(n int) []kernels.Launch {
		list := c.k.BackwardWeightsTangent(at(dwDot), c.b.temporary(c.k.Scratch(n)), ox, oxDot, ody, odyDot, n)
		if dxDot != nil {
			list = append(list, c.k.BackwardDataTangent(at(dxDot), ody, odyDot, c.weights.backward, c.tangent.backward, n)...)
		}
		return list
	})
}
