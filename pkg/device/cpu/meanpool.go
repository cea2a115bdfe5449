package cpu

import "srn/pkg/device"

// meanPool averages over an image's pixels.
type meanPool struct {
	dst                     []float32
	src                     view
	channels, height, width int
}

// MeanPool implements device.Layers.
func (b *Backend) MeanPool(dst, src device.Buffer, channels, pixels int) device.Op {
	height, width := 1, pixels
	if size := paddedSize(src); size > 0 {
		height, width = size, size
	}
	return &meanPool{host(dst), viewOf(src, channels, height, width), channels, height, width}
}

func (o *meanPool) images(w *worker, s span) {
	c := o.channels
	scale := 1 / float32(o.height*o.width)
	for i := s.lo; i < s.hi; i++ {
		dst, src := o.dst[i*c:(i+1)*c], o.src.at(i)
		clear(dst)
		for y := range o.height {
			row := src[y*o.src.row:][:o.width*c]
			for ; len(row) > 0; row = row[c:] {
				addTo(dst, row[:c])
			}
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
