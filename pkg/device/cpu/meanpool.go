package cpu

import "srn/pkg/device"

// meanPool averages over an image's pixels.
type meanPool struct {
	dst, src         []float32
	channels, pixels int
}

// MeanPool implements device.Layers.
func (b *Backend) MeanPool(dst, src device.Buffer, channels, pixels int) device.Op {
	return &meanPool{host(dst), host(src), channels, pixels}
}

func (o *meanPool) images(w *worker, s span) {
	c := o.channels
	scale := 1 / float32(o.pixels)
	for i := s.lo; i < s.hi; i++ {
		dst := o.dst[i*c : (i+1)*c]
		clear(dst)
		for src := o.src[i*o.pixels*c:][:o.pixels*c]; len(src) > 0; src = src[c:] {
			addTo(dst, src[:c])
		}
		for k := range dst {
			dst[k] *= scale
		}
	}
}

// meanPoolGrad spreads a gradient evenly.
type meanPoolGrad struct {
	dst, src         []float32
	channels, pixels int
}

// MeanPoolGrad implements device.Layers.
func (b *Backend) MeanPoolGrad(dsrc, ddst device.Buffer, channels, pixels int) device.Op {
	return &meanPoolGrad{host(dsrc), host(ddst), channels, pixels}
}

func (o *meanPoolGrad) images(w *worker, s span) {
	c := o.channels
	scale := 1 / float32(o.pixels)
	for i := s.lo; i < s.hi; i++ {
		dst := o.dst[i*o.pixels*c:][:o.pixels*c]
		for k, v := range o.src[i*c : (i+1)*c] {
			dst[k] = v * scale
		}
		for p := 1; p < o.pixels; p++ {
			copy(dst[p*c:(p+1)*c], dst[:c])
		}
	}
}
