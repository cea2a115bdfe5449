package cpu

import (
	kernels "srn/kernels/cpu"
	"srn/pkg/device"
)

// meanPool averages over an image's pixels.
type meanPool struct {
	dst, src         []float32
	channels, pixels int
	ones             []float32 // a sum over pixels is a product with them
}

// MeanPool implements device.Layers.
func (b *Backend) MeanPool(dst, src device.Buffer, channels, pixels int) device.Op {
	o := &meanPool{host(dst), host(src), channels, pixels, alloc(pixels)}
	for k := range o.ones {
		o.ones[k] = 1
	}
	return o
}

func (o *meanPool) images(w *worker, s span) {
	c, image := o.channels, o.pixels*o.channels
	dst := o.dst[s.lo*c : s.hi*c]
	g := &w.gemm
	*g = kernels.Gemm{A: o.ones, B: o.src[s.lo*image : s.hi*image], C: dst, M: 1, N: c, K: o.pixels, LdB: c, Segments: 1,
		Batch: s.hi - s.lo, BatchB: image, BatchC: c}
	w.kernels.Gemm(g)
	scale := 1 / float32(o.pixels)
	for k := range dst {
		dst[k] *= scale
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
