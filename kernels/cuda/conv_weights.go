package cuda

import "fmt"

// weightShares is the number of blocks that the gradient in a filter aims at:
// enough for a large card, and their results, 16 × 16 channels × 9 taps each,
// few enough to be added up quickly. Results depend on it.
const weightShares = 256

// weightTile is the tile of the gradient in the weights, and the number of
// shares that its tiles are divided into.
func (c Conv) weightTile(images int) (t tile, tiles, shares int, plane []any) {
	size, ok := c.outSize(), false
	for pixels := 128; pixels >= 16 && !ok; pixels /= 2 {
		// A position is 64 bytes (16 channels), an output as much; both twice.
		t, ok = planeTile(pixels, size, mostShared/(2*64)-pixels, c.reach)
	}
	if !ok {
		panic(fmt.Sprintf("cuda: no tile for %+v", c))
	}
	plane, tiles = t.plane(images, c.Size, size, size)
	pairs := c.Out / 16
	if !c.stem() {
		pairs *= c.In / 16
	}
	return t, tiles, min(tiles, max(1, weightShares/pairs)), plane
}

// Scratch is the number of bytes that the gradient in the weights needs
// between its launches.
func (c Conv) Scratch(images int) int {
	_, _, shares, _ := c.weightTile(images)
	return 4 * shares * c.FilterLen()
}

// BackwardWeights computes the gradient in the weights.
func (c Conv) BackwardWeights(dw, scratch Ptr, x, dy Operand, images int) []Launch {
	return c.backwardWeights(dw, scratch, x, dy, Operand{}, Operand{}, images)
}

// BackwardWeightsTangent computes dẇ = ẋ ⋆ dy + x ⋆ dẏ, where ẋ may be absent.
func (c Conv) BackwardWeightsTangent(dwDot, scratch Ptr, x, xDot, dy, dyDot Operand, images int) []Launch {
	if xDot.Zero() {
		return c.backwardWeights(dwDot, scratch, x, dyDot, Operand{}, Operand{}, images)
	}
	return c.backwardWeights(dwDot, scratch, x, dyDot, xDot, dy, images)
}

func (c Conv) backwardWeights(dw, scratch Ptr, x, dy, x2, dy2 Operand, images int) []Launch {
	t, tiles, shares, plane := c.weightTile(images)
	n := c.FilterLen()
	total := launch("conv_weights_total", across(n, threads), threads, 0, dw, scratch, shares, c.In, c.Out, n)
	if c.stem() {
		const kernel = "stem_weights"
		shared := checkShared(kernel, max(64*t.pixels()+4*stemChannels*t.positions(), 4*9*stemChannels*64))
		args := append([]any{scratch, stored(x), dy, stored(x2), dy2, c.Out, tiles}, plane...)
		return []Launch{launch(kernel, [3]int{shares, c.Out / 16, 1}, 144, shared, args...), total}
	}
	kernel := "conv_weights"
	if c.Stride == 2 {
		kernel += "_stride2"
	}
	shared := checkShared(kernel, max(2*64*(t.positions()+t.pixels()), 4*9*16*64))
	args := append([]any{scratch, x, dy, x2, dy2, c.In, c.Out, tiles}, plane...)
	return []Launch{launch(kernel, [3]int{shares, c.In / 16 * (c.Out / 16), 1}, 192, shared, args...), total}
}
