package cuda

import "fmt"

// Conv is a 3×3 convolution with padding 1, see device.Conv. Its filters are
// prepared by LoadFilters.
type Conv struct {
	In, Out, Size, Stride int
	// TF32 asks for tensor cores where there are kernels for them: stride 1,
	// forward and gradient in the input, but for the first layer.
	TF32 bool
}

const (
	stemChannels  = 3    // of the images that the first layer reads
	stemPositions = 1024 // most of a patch: 12 KiB
)

func (c Conv) stem() bool { return c.In == stemChannels }

// tf32 reports whether the convolution runs on tensor cores.
func (c Conv) tf32() bool { return c.TF32 && c.Stride == 1 && !c.stem() }

// Check returns an error if there are no kernels for the convolution.
func (c Conv) Check() error {
	if !c.stem() && c.In%16 != 0 || c.In < 1 || c.Out%16 != 0 || c.Out < 1 || c.Size < 2 ||
		c.Stride != 1 && (c.Stride != 2 || c.stem()) || c.Size%c.Stride != 0 {
		return fmt.Errorf("cuda: no convolution for %+v", c)
	}
	return nil
}

func (c Conv) outSize() int { return c.Size / c.Stride }

// reach is the number of rows of input that n rows of output depend on.
func (c Conv) reach(n int) int { return (n-1)*c.Stride + 3 }

// FilterLen is the number of elements of a prepared filter.
func (c Conv) FilterLen() int { return 9 * c.In * c.Out }

// Filter is the convolution's filter for [LoadFilters], with 9 taps.
func (c Conv) Filter(forward, backward, w Ptr) Filter {
	return Filter{forward, backward, w, c.In, c.Out, c.tf32()}
}

// Forward computes y = x ∗ w.
func (c Conv) Forward(y Ptr, x Operand, forward Ptr, images int) Launch {
	return c.forward(y, x, forward, Operand{}, 0, images)
}

// ForwardTangent computes ẏ = ẋ ∗ w + x ∗ ẇ, where ẋ may be absent.
func (c Conv) ForwardTangent(yDot Ptr, x, xDot Operand, forward, forwardDot Ptr, images int) Launch {
	if xDot.Zero() {
		return c.forward(yDot, x, forwardDot, Operand{}, 0, images)
	}
	return c.forward(yDot, xDot, forward, x, forwardDot, images)
}

func (c Conv) forward(y Ptr, x Operand, w Ptr, x2 Operand, w2 Ptr, images int) Launch {
	if c.stem() {
		return c.forwardStem(y, x, w, x2, w2, images)
	}
	if c.Stride == 1 {
		return c.forwardSame(y, x, w, x2, w2, c.In, c.Out, images)
	}
	width := convWidth(c.Out)
	t := c.tile(2048/width, 9*width*8)
	plane, tiles := t.plane(images, c.Size, c.outSize(), c.outSize())
	return convLaunch("conv_stride2", t, tiles, 1, 9, y, x, w, x2, w2, c.In, c.Out, plane)
}

// forwardSame launches a convolution of stride 1 from in to out channels.
func (c Conv) forwardSame(y Ptr, x Operand, w Ptr, x2 Operand, w2 Ptr, in, out, images int) Launch {
	width := convWidth(out)
	t := c.tile(4096/width, 9*width*8)
	plane, tiles := t.plane(images, c.Size, c.Size, c.Size)
	kernel := "conv"
	if c.tf32() {
		kernel = "conv_tf32"
	}
	return convLaunch(kernel, t, tiles, 1, 9, y, x, w, x2, w2, in, out, plane)
}

// BackwardData computes the gradient in x.
func (c Conv) BackwardData(dx Ptr, dy Operand, backward Ptr, images int) []Launch {
	return c.backward(dx, dy, backward, Operand{}, 0, images)
}

// BackwardDataTangent computes dẋ = dẏ ∗ᵀ w + dy ∗ᵀ ẇ.
func (c Conv) BackwardDataTangent(dxDot Ptr, dy, dyDot Operand, backward, backwardDot Ptr, images int) []Launch {
	return c.backward(dxDot, dyDot, backward, dy, backwardDot, images)
}

func (c Conv) backward(dx Ptr, dy Operand, w Ptr, dy2 Operand, w2 Ptr, images int) []Launch {
	if c.stem() {
		return []Launch{c.backwardStem(dx, dy, w, dy2, w2, images)}
	}
	if c.Stride == 1 {
		return []Launch{c.forwardSame(dx, dy, w, dy2, w2, c.Out, c.In, images)}
	}
	width := convWidth(c.In)
	t, ok := planeTile(4096/width, c.outSize(), convPositions(4*width*8), func(n int) int { return n + 1 })
	if !ok {
		panic(fmt.Sprintf("cuda: no tile for %+v", c))
	}
	plane, tiles := t.plane(images, c.outSize(), c.Size, c.outSize())
	return []Launch{convLaunch("conv_stride2_backward", t, tiles, 4, 4, dx, dy, w, dy2, w2, c.Out, c.In, plane)}
}

// convWidth is the number of output channels that a block computes.
func convWidth(out int) int {
	switch {
	case out%64 == 0:
		return 64
	case out%32 == 0:
		return 32
	}
	return 16
}

// convPositions is how large a patch may be beside a stage's weights: both
// are there twice, eight channels of a position are 32 bytes.
func convPositions(weights int) int { return (mostShared/2 - 4*weights) / 32 }

func (c Conv) tile(pixels, weights int) tile {
	t, ok := planeTile(pixels, c.outSize(), convPositions(weights), c.reach)
	if !ok {
		panic(fmt.Sprintf("cuda: no tile for %+v", c))
	}
	return t
}

func convLaunch(kernel string, t tile, tiles, parities, taps int, y Ptr, x Operand, w Ptr, x2 Operand, w2 Ptr, in, out int, plane []any) Launch {
	width := convWidth(out)
	kernel = fmt.Sprintf("%s_%d", kernel, width)
	shared := checkShared(kernel, 2*(32*t.positions()+4*taps*8*width))
	return launch(kernel, [3]int{tiles, out / width, parities}, 128, shared, append([]any{y, x, w, x2, w2, in, out}, plane...)...)
}

func (c Conv) forwardStem(y Ptr, x Operand, w Ptr, x2 Operand, w2 Ptr, images int) Launch {
	const kernel, weights = "stem_forward", 9 * stemChannels * 16
	t, ok := planeTile(256, c.outSize(), stemPositions, c.reach)
	if !ok {
		panic(fmt.Sprintf("cuda: no tile for %+v", c))
	}
	plane, tiles := t.plane(images, c.Size, c.outSize(), c.outSize())
	shared := checkShared(kernel, 4*(weights+stemChannels*t.positions()))
	return launch(kernel, [3]int{tiles, c.Out / 16, 1}, 128, shared, append([]any{y, stored(x), w, stored(x2), w2, c.Out}, plane...)...)
}

func (c Conv) backwardStem(dx Ptr, dy Operand, w Ptr, dy2 Operand, w2 Ptr, images int) Launch {
	const weights = 9 * 8 * stemChannels
	t := c.tile(128, weights)
	plane, tiles := t.plane(images, c.Size, c.Size, c.Size)
	shared := checkShared("stem_backward", 32*t.positions()+4*weights)
	return launch("stem_backward", [3]int{tiles, 1, 1}, 128, shared, append([]any{dx, dy, w, dy2, w2, c.Out}, plane...)...)
}

// stored is the one array of an operand of the first layer, which is an image
// as it is.
func stored(o Operand) Ptr {
	if o.Zero() {
		return 0
	}
	if o.Coef != 0 || o.Post != Plain || len(o.Src) != 1 {
		panic("cuda: the first layer reads stored images only")
	}
	return o.Src[0]
}
