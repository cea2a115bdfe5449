package cpu

import "srn/pkg/device"

// subsample is the option-A shortcut, or its gradient.
type subsample struct {
	touch
	dst, src       view
	channels, size int // of the larger images
	gradient       bool
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
	} else {
		o.dst, o.src = viewOf(dst, 2*channels, size/2, size/2), viewOf(src, channels, size, size)
	}
	o.in, o.out = []region{o.src.region()}, []region{o.dst.region()}
	return o
}

func (o *subsample) images(w *worker, s span) {
	c, half := o.channels, o.size/2
	large, small := &o.src, &o.dst
	if o.gradient {
		large, small = small, large
	}
	for i := s.lo; i < s.hi; i++ {
		for y := range half {
			// Of the large image every second pixel, of the small one every
			// second half: the step is the same.
			l, s := large.at(i)[2*y*large.row:], small.at(i)[y*small.row+c/2:]
			for x := range half {
				if l, s := l[2*x*c:][:c], s[2*x*c:][:c]; o.gradient {
					addTo(l, s)
				} else {
					copy(s, l)
				}
			}
		}
	}
}

// addTo adds src to dst; their length is a multiple of 8.
func addTo(dst, src []float32) {
	for len(dst) >= 8 && len(src) >= 8 {
		d, s := dst[:8:8], src[:8:8]
		d[0] += s[0]
		d[1] += s[1]
		d[2] += s[2]
		d[3] += s[3]
		d[4] += s[4]
		d[5] += s[5]
		d[6] += s[6]
		d[7] += s[7]
		dst, src = dst[8:], src[8:]
	}
}
