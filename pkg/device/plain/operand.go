package plain

import (
	"math"

	"srn/pkg/device"
)

// values computes an operand of images with some channels: n elements.
func (b *Backend) values(o device.Operand, channels, n int) []float64 {
	dst := make([]float64, n)
	coef := host(o.Coef)
	for i := range dst {
		c := i % channels
		v := host(o.Src[0])[i]
		if coef != nil {
			v = coef[c]
			for k, src := range o.Src {
				v += coef[(k+1)*channels+c] * host(src)[i]
			}
		}
		dst[i] = v
	}
	switch o.Post {
	case device.ReLU:
		threshold := b.Threshold * rms(dst)
		for i, v := range dst {
			b.sign(active(v, threshold))
			if !active(v, threshold) {
				dst[i] = 0
			}
		}
	case device.Mask:
		read, coef := make([]float64, n), host(o.MaskCoef)
		for i, v := range host(o.MaskSrc)[:n] {
			read[i] = coef[i%channels] + coef[channels+i%channels]*v
		}
		threshold := b.Threshold * rms(read)
		for i, v := range read {
			if !active(v, threshold) {
				dst[i] = 0
			}
		}
	}
	return dst
}

// active says whether a unit that reads v is. What a ReLU has stored of one that
// is not is exactly 0, and no other value is.
func active(v, threshold float64) bool { return v > threshold && v != 0 }

// rms is the root mean square.
func rms(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v * v
	}
	return math.Sqrt(sum / float64(len(values)))
}

// Combine implements device.Layers.
func (b *Backend) Combine(dst device.Buffer, src device.Operand, channels, pixels int) device.Op {
	return op(func(n int) { copy(host(dst), b.values(src, channels, n*pixels*channels)) })
}
