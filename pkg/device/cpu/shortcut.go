package cpu

import "srn/pkg/device"

// subsample is the option-A shortcut, or its gradient.
type subsample struct {
	touch
	dst, src       []float32
	channels, size int
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
	o := &subsample{dst: host(dst), src: host(src), channels: channels, size: size, gradient: gradient}
	large, small := size*size*channels, size*size/2*channels
	if gradient {
		large, small = small, large
	}
	o.in, o.out = []region{{o.src, large}}, []region{{o.dst, small}}
	return o
}

func (o *subsample) images(w *worker, s span) {
	c, half := o.channels, o.size/2
	for i := s.lo; i < s.hi; i++ {
		for y := range half {
			large := (i*o.size + 2*y) * o.size * c
			small := (i*half+y)*half*2*c + c/2
			for range half {
				if o.gradient {
					addTo(o.dst[large:large+c], o.src[small:small+c])
				} else {
					copy(o.dst[small:small+c], o.src[large:large+c])
				}
				large += 2 * c
				small += 2 * c
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
