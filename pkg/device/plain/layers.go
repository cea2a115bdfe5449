package plain

import (
	"math"

	"srn/pkg/device"
)

// subsampled visits the elements that option A's shortcut connects: the offset
// in the larger images and that in the smaller.
func subsampled(n, channels, size int, f func(large, small int)) {
	half := size / 2
	for i := range n {
		for y := range half {
			for x := range half {
				large := ((i*size+2*y)*size + 2*x) * channels
				small := ((i*half+y)*half+x)*2*channels + channels/2
				for c := range channels {
					f(large+c, small+c)
				}
			}
		}
	}
}

// Subsample implements device.Layers.
func (*Backend) Subsample(dst, src device.Buffer, channels, size int) device.Op {
	return op(func(n int) {
		subsampled(n, channels, size, func(large, small int) { host(dst)[small] = host(src)[large] })
	})
}

// SubsampleGrad implements device.Layers.
func (*Backend) SubsampleGrad(dsrc, ddst device.Buffer, channels, size int) device.Op {
	return op(func(n int) {
		subsampled(n, channels, size, func(large, small int) { host(dsrc)[large] += host(ddst)[small] })
	})
}

// MeanPool implements device.Layers.
func (*Backend) MeanPool(dst, src device.Buffer, channels, pixels int) device.Op {
	return op(func(n int) {
		clear(host(dst)[:n*channels])
		for i, v := range host(src)[:n*pixels*channels] {
			host(dst)[i/(pixels*channels)*channels+i%channels] += v / float64(pixels)
		}
	})
}

// MeanPoolGrad implements device.Layers.
func (*Backend) MeanPoolGrad(dsrc, ddst device.Buffer, channels, pixels int) device.Op {
	return op(func(n int) {
		for i := range n * pixels * channels {
			host(dsrc)[i] = host(ddst)[i/(pixels*channels)*channels+i%channels] / float64(pixels)
		}
	})
}

// linear is y = x·Wᵀ + b.
type linear struct {
	device.Linear // nil: tangents are not offered
	in, out       int
}

// Linear implements device.Layers.
func (*Backend) Linear(in, out, _ int) device.Linear { return &linear{in: in, out: out} }

func (l *linear) Forward(y, x, w, b device.Buffer) device.Op {
	return op(func(n int) {
		for i := range n {
			x := host(x)[i*l.in:][:l.in]
			for o := range l.out {
				sum := host(b)[o]
				for k, v := range x {
					sum += v * host(w)[o*l.in+k]
				}
				host(y)[i*l.out+o] = sum
			}
		}
	})
}

func (l *linear) Backward(dx, dw, db, dy, x, w device.Buffer) device.Op {
	return op(func(n int) {
		clear(host(dx)[:n*l.in])
		clear(host(dw))
		clear(host(db))
		for i := range n {
			for o, g := range host(dy)[i*l.out:][:l.out] {
				host(db)[o] += g
				axpy(host(dw)[o*l.in:][:l.in], g, host(x)[i*l.in:][:l.in])
				axpy(host(dx)[i*l.in:][:l.in], g, host(w)[o*l.in:][:l.in])
			}
		}
	})
}

// CrossEntropy implements device.Layers.
func (*Backend) CrossEntropy(loss, dlogits, logits, targets device.Buffer, classes int) device.Op {
	return op(func(n int) {
		for i := range n {
			z, t := host(logits)[i*classes:][:classes], host(targets)[i*classes:][:classes]
			largest, sum := math.Inf(-1), 0.0
			for _, v := range z {
				largest = math.Max(largest, v) // NaN of NaN
			}
			for _, v := range z {
				sum += math.Exp(v - largest)
			}
			var total, l float64
			for k, v := range t {
				total += v
				if v != 0 {
					l -= v * (z[k] - largest - math.Log(sum))
				}
			}
			host(loss)[i] = l
			for k, v := range z {
				host(dlogits)[i*classes+k] = (total*math.Exp(v-largest)/sum - t[k]) / float64(n)
			}
		}
	})
}

// loader normalises picked images, neither cropped nor mirrored.
type loader struct {
	dst    device.Buffer
	images *device.Images
	picks  []device.Pick
}

// Load implements device.Layers.
func (*Backend) Load(dst device.Buffer, images *device.Images) device.Loader {
	return &loader{dst: dst, images: images}
}

// Set chooses images.
func (l *loader) Set(picks []device.Pick) { l.picks = picks }

// Op computes values as other backends do, in float32: they are the network's
// data.
func (l *loader) Op() device.Op {
	length := l.images.Size * l.images.Size * 3
	return op(func(n int) {
		for i := range n {
			for k, v := range l.images.Pixels[int(l.picks[i].Index)*length:][:length] {
				host(l.dst)[i*length+k] = float64((float32(v)/255 - l.images.Mean[k%3]) / l.images.Std[k%3])
			}
		}
	})
}
