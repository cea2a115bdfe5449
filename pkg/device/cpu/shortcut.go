package cpu

import (
	"math"

	kernels "srn/kernels/cpu"
	"srn/pkg/device"
)

// subsample is the option-A shortcut, or its gradient.
type subsample struct {
	touch
	dst, src       view
	channels, size int // of the larger images
	gradient       bool
	coef           []float32 // of the gradient's sums: −0, 1, 1
}

// Subsample implements device.Layers.
func (b *Backend) Subsample(dst, src device.Buffer, channels, size int) device.Op {
	return newSubsample(dst, src, channels, size, false)
}

// SubsampleGrad implements device.Layers.
func (b *Backend) SubsampleGrad(dsrc, ddst device.Buffer, channels, size int) device.Op {
	return newSubsample(dsrc, ddst, channels, size, true)
}

func newSubsample(dst, src device.Buffer, channels, size int, gradient bool) *subsample {
	o := &subsample{channels: channels, size: size, gradient: gradient}
	if gradient {
		o.dst, o.src = viewOf(dst, channels, size, size), viewOf(src, 2*channels, size/2, size/2)
		o.coef = alloc(3 * channels)
		for k := range o.coef {
			if o.coef[k] = 1; k < channels {
				o.coef[k] = float32(math.Copysign(0, -1)) // leaves the sign of a zero alone
			}
		}
	} else {
		o.dst, o.src = viewOf(dst, 2*channels, size/2, size/2), viewOf(src, channels, size, size)
	}
	// A copy writes parts of cache lines, which have to be there: as something
	// read they are prefetched.
	o.in = []region{o.src.region(), o.dst.region()}
	return o
}

func (o *subsample) images(w *worker, s span) {
	c, half := o.channels, o.size/2
	// Of the large image every second pixel, of the small one every second
	// half: the step is the same. To the kernel each pixel is a row.
	k := &w.combine
	*k = kernels.Combine{Sources: 2, Coef: o.coef, C: c, Rows: half, Width: 1, DstRow: 2 * c}
	k.SrcRow[0], k.SrcRow[1] = 2*c, 2*c
	large, small := &o.src, &o.dst
	if o.gradient {
		large, small = small, large
	}
	for i := s.lo; i < s.hi; i++ {
		for y := range half {
			l, s := large.at(i)[2*y*large.row:], small.at(i)[y*small.row+c/2:]
			if o.gradient {
				k.Dst, k.Src[0], k.Src[1] = l, l, s
				w.kernels.Combine(k)
				continue
			}
			for x := range half {
				copy(s[2*x*c:][:c], l[2*x*c:][:c])
			}
		}
	}
}
