package cpu

import "srn/pkg/device"

// subsample is the option-A shortcut, or its gradient.
type subsample struct {
	dst, src       []float32
	channels, size int
	gradient       bool
}

// Subsample implements device.Layers.
func (b *Backend) Subsample(dst, src device.Buffer, channels, size int) device.Op {
	return &subsample{host(dst), host(src), channels, size, false}
}

// SubsampleGrad implements device.Layers.
func (b *Backend) SubsampleGrad(dsrc, ddst device.Buffer, channels, size int) device.Op {
	return &subsample{host(dsrc), host(ddst), channels, size, true}
}

func (o *subsample) images(w *worker, s span) {
	c, half := o.channels, o.size/2
	for i := s.lo; i < s.hi; i++ {
		for y := range half {
			for x := range half {
				large := ((i*o.size+2*y)*o.size + 2*x) * c
				small := ((i*half+y)*half + x) * 2 * c
				if o.gradient {
					to, from := o.dst[large:large+c], o.src[small+c/2:][:c]
					for k, v := range from {
						to[k] += v
					}
					continue
				}
				to := o.dst[small : small+2*c]
				clear(to[:c/2])
				copy(to[c/2:], o.src[large:large+c])
				clear(to[c/2+c:])
			}
		}
	}
}
