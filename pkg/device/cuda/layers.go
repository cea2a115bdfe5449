//go:build cuda

package cuda

import (
	"fmt"

	kernels "srn/kernels/cuda"
	"srn/pkg/device"
)

// operand is a device.Operand by addresses, of images with the given number
// of channels.
func operand(o device.Operand, channels int) kernels.Operand {
	k := kernels.Operand{Coef: at(o.Coef), MaskSrc: at(o.MaskSrc), MaskCoef: at(o.MaskCoef)}
	for _, s := range o.Src {
		k.Src = append(k.Src, at(s))
	}
	switch o.Post {
	case device.ReLU:
		k.Post = kernels.ReLU
	case device.Mask:
		k.Post = kernels.Mask
	}
	switch {
	case o.Coef == nil && (len(o.Src) > 1 || o.Post != device.Plain):
		panic("cuda: operand: a combination needs coefficients")
	case o.Coef != nil && o.Coef.Len() < (len(o.Src)+1)*channels:
		panic(fmt.Sprintf("cuda: operand: %d coefficients for %d sources of %d channels", o.Coef.Len(), len(o.Src), channels))
	}
	return k
}

// Combine implements device.Layers.
func (b *Backend) Combine(dst device.Buffer, src device.Operand, channels, pixels int) device.Op {
	o := operand(src, channels)
	return b.plan1(func(n int) kernels.Launch { return kernels.Combine(at(dst), o, channels, pixels, n) })
}

// Subsample implements device.Layers.
func (b *Backend) Subsample(dst, src device.Buffer, channels, size int) device.Op {
	return b.plan1(func(n int) kernels.Launch { return kernels.Subsample(at(dst), at(src), channels, size, n) })
}

// SubsampleGrad implements device.Layers.
func (b *Backend) SubsampleGrad(dsrc, ddst device.Buffer, channels, size int) device.Op {
	return b.plan1(func(n int) kernels.Launch { return kernels.SubsampleGrad(at(dsrc), at(ddst), channels, size, n) })
}

// MeanPool implements device.Layers.
func (b *Backend) MeanPool(dst, src device.Buffer, channels, pixels int) device.Op {
	return b.plan1(func(n int) kernels.Launch { return kernels.MeanPool(at(dst), at(src), channels, pixels, n) })
}

// MeanPoolGrad implements device.Layers.
func (b *Backend) MeanPoolGrad(dsrc, ddst device.Buffer, channels, pixels int) device.Op {
	return b.plan1(func(n int) kernels.Launch { return kernels.MeanPoolGrad(at(dsrc), at(ddst), channels, pixels, n) })
}

// Multiply implements device.Layers.
func (b *Backend) Multiply(x, by device.Buffer, width int) device.Op {
	return b.plan1(func(n int) kernels.Launch { return kernels.Multiply(at(x), at(by), n*width) })
}

// CrossEntropy implements device.Layers.
func (b *Backend) CrossEntropy(loss, dlogits, logits, targets device.Buffer, classes int) device.Op {
	return b.plan1(func(n int) kernels.Launch {
		return kernels.CrossEntropy(at(loss), at(dlogits), at(logits), at(targets), classes, n)
	})
}

// CrossEntropyTangent implements device.Layers.
func (b *Backend) CrossEntropyTangent(dlogitsDot, logitsDot, logits, targets device.Buffer, classes int) device.Op {
	return b.plan1(func(n int) kernels.Launch {
		return kernels.CrossEntropyTangent(at(dlogitsDot), at(logitsDot), at(logits), at(targets), classes, n)
	})
}

// linear is a fully connected layer.
type linear struct {
	b *Backend
	k kernels.Linear
}

// Linear implements device.Layers.
func (b *Backend) Linear(in, out, batch int) device.Linear {
	return &linear{b, kernels.Linear{In: in, Out: out}}
}

func (l *linear) Forward(y, x, w, b device.Buffer) device.Op {
	return l.b.plan1(func(n int) kernels.Launch { return l.k.Forward(at(y), at(x), at(w), at(b), n) })
}

func (l *linear) ForwardTangent(yDot, x, xDot, w, wDot, bDot device.Buffer) device.Op {
	return l.b.plan1(func(n int) kernels.Launch {
		return l.k.ForwardTangent(at(yDot), at(x), at(xDot), at(w), at(wDot), at(bDot), n)
	})
}

func (l *linear) Backward(dx, dw, db, dy, x, w device.Buffer) device.Op {
	return l.b.plan(func(n int) []kernels.Launch {
		return l.k.Backward(at(dx), at(dw), at(db), at(dy), at(x), at(w), n)
	})
}

func (l *linear) BackwardTangent(dxDot, dwDot, dbDot, dy, dyDot, x, xDot, w, wDot device.Buffer) device.Op {
	return l.b.plan(func(n int) []kernels.Launch {
		return l.k.BackwardTangent(at(dxDot), at(dwDot), at(dbDot), at(dy), at(dyDot), at(x), at(xDot), at(w), at(wDot), n)
	})
}
