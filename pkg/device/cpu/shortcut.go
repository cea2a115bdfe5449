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

func (o *subsample) regions() (dst, src []region) {
	large, small := o.size*o.size*o.channels, o.size*o.size/2*o.channels
	if o.gradient {
		return []region{{o.dst, large}}, []region{{o.src, small}}
	}
	return []region{{o.dst, small}}, []region{{o.src, large}}
}

func (o *subsample) reads() []region {
	_, src := o.regions()
	return src
}

func (o *subsample) writes() []region {
	dst, _ := o.regions()
	return dst
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
