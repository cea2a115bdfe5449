package cuda

import "fmt"

// Combine stores an operand; dst may be one of its sources. Channels are a
// multiple of four.
func Combine(dst Ptr, src Operand, channels, pixels, images int) Launch {
	if channels%4 != 0 {
		panic(fmt.Sprintf("cuda: combination of %d channels, want a multiple of 4", channels))
	}
	n := images * pixels * channels / 4
	return launch("combine_store", across(n, threads), threads, 0, dst, src, channels, n)
}

// Subsample is the option-A shortcut, see device.Layers.
func Subsample(dst, src Ptr, channels, size, images int) Launch {
	return shortcut("shortcut_forward", dst, src, channels, size, images)
}

// SubsampleGrad adds the gradient of Subsample to dsrc.
func SubsampleGrad(dsrc, ddst Ptr, channels, size, images int) Launch {
	return shortcut("shortcut_backward", dsrc, ddst, channels, size, images)
}

func shortcut(kernel string, dst, src Ptr, channels, size, images int) Launch {
	if channels%8 != 0 || size%2 != 0 {
		panic(fmt.Sprintf("cuda: %s: %d channels of size %d", kernel, channels, size))
	}
	n := images * (size / 2) * (size / 2) * channels / 4
	return launch(kernel, across(n, threads), threads, 0, dst, src, channels, size, n)
}

// MeanPool averages each channel over an image's pixels.
func MeanPool(dst, src Ptr, channels, pixels, images int) Launch {
	return launch("pool_forward", [3]int{images, blocks(channels, 64), 1}, threads, 4*threads, dst, src, channels, pixels)
}

// MeanPoolGrad spreads the gradient evenly over the pixels.
func MeanPoolGrad(dsrc, ddst Ptr, channels, pixels, images int) Launch {
	n := images * pixels * channels
	return launch("pool_backward", across(n, threads), threads, 0, dsrc, ddst, channels, pixels, n)
}

// Linear is y = x·Wᵀ + b with W out×in, see device.Linear.
type Linear struct{ In, Out int }

// Forward computes y.
func (l Linear) Forward(y, x, w, b Ptr, images int) Launch {
	return l.forward(y, x, w, 0, 0, b, images)
}

// ForwardTangent computes ẏ.
func (l Linear) ForwardTangent(yDot, x, xDot, w, wDot, bDot Ptr, images int) Launch {
	return l.forward(yDot, xDot, w, x, wDot, bDot, images)
}

func (l Linear) forward(y, x, w, x2, w2, b Ptr, images int) Launch {
	n := images * l.Out
	return launch("linear_forward", across(n, threads), threads, 0, y, x, w, x2, w2, b, l.In, l.Out, n)
}

// Backward computes the gradients.
func (l Linear) Backward(dx, dw, db, dy, x, w Ptr, images int) []Launch {
	return l.backward(dx, dw, db, [2]Ptr{dy}, [2]Ptr{w}, [2]Ptr{dy}, [2]Ptr{x}, images)
}

// BackwardTangent computes the tangents of the gradients.
func (l Linear) BackwardTangent(dxDot, dwDot, dbDot, dy, dyDot, x, xDot, w, wDot Ptr, images int) []Launch {
	return l.backward(dxDot, dwDot, dbDot, [2]Ptr{dyDot, dy}, [2]Ptr{w, wDot}, [2]Ptr{dyDot, dy}, [2]Ptr{x, xDot}, images)
}

func (l Linear) backward(dx, dw, db Ptr, dyOfData, w, dyOfWeights, x [2]Ptr, images int) []Launch {
	n := images * l.In
	return []Launch{
		launch("linear_backward_data", across(n, threads), threads, 0,
			dx, dyOfData[0], w[0], dyOfData[1], w[1], l.In, l.Out, n),
		launch("linear_backward_weights", [3]int{blocks(l.In+1, 32), l.Out, 1}, threads, 8*threads,
			dw, db, dyOfWeights[0], x[0], dyOfWeights[1], x[1], l.In, l.Out, images),
	}
}

// crossEntropyThreads is few, since a thread is an image and there are few.
const crossEntropyThreads = 32

// CrossEntropy computes each image's loss and the gradient of their mean.
func CrossEntropy(loss, dlogits, logits, targets Ptr, classes, images int) Launch {
	return launch("cross_entropy", across(images, crossEntropyThreads), crossEntropyThreads, 0,
		loss, dlogits, logits, targets, classes, images)
}

// CrossEntropyTangent computes the tangent of that gradient.
func CrossEntropyTangent(dlogitsDot, logitsDot, logits, targets Ptr, classes, images int) Launch {
	return launch("cross_entropy_tangent", across(images, crossEntropyThreads), crossEntropyThreads, 0,
		dlogitsDot, logitsDot, logits, targets, classes, images)
}

// LoadImages fills dst with picked images. pixels are the data set's bytes,
// picks one [PackPick] an image, values what [NormalisedValues] returns.
func LoadImages(dst, pixels, picks, values Ptr, size, images int) Launch {
	n := images * size * size * 3
	return launch("load_images", across(n, threads), threads, 0, dst, pixels, picks, values, size, n)
}

// PackPick packs a device.Pick into the 8 bytes that LoadImages reads (little-endian).
func PackPick(index int32, dy, dx int8, flip bool) uint64 {
	p := uint64(uint32(index)) | uint64(uint8(dy))<<32 | uint64(uint8(dx))<<40
	if flip {
		p |= 1 << 48
	}
	return p
}

// NormalisedValues returns what each byte of each channel stands for.
func NormalisedValues(mean, std [3]float32) []float32 {
	values := make([]float32, 3*256)
	for c := range 3 {
		for v := range 256 {
			values[c*256+v] = (float32(v)/255 - mean[c]) / std[c]
		}
	}
	return values
}
