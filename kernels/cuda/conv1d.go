package cuda

import "fmt"

// Conv1D is a stack of one-dimensional convolutions, see device.Conv1D:
//
//	a_0 = x,  z_l = w_l ∗ a_{l-1},  a_l = ReLU(z_l + b_l),  features = mean over positions of a_n
//
// It goes through the sequence in chunks. Of a chunk the raw outputs z_l are
// stored; whoever reads them adds the bias and cuts off what is negative, so
// that no kernel does that alone. With g_l the gradient in a_l, that in z_l is
// g_l where z_l + b_l is positive, which again is computed on the way in.
//
// A chunk's arrays reach beyond it on both sides by half a kernel for every
// layer that follows and, for gradients, for every layer on the way back; what
// neighbours both compute there has the same bits.
type Conv1D struct {
	Channels []int // outputs of each layer, multiples of 16
	Kernel   int   // taps, odd
	Length   int   // of the sequence
	// TF32 asks for tensor cores for the outputs of all layers but the first and
	// the gradients in their inputs. Gradients in weights are float32's.
	TF32 bool

	chunk int // positions; 0: conv1DChunk
}

const (
	conv1DChunk  = 1 << 15 // results depend on it
	conv1DSlices = 256     // of sums over positions; results depend on it
)

// Check returns an error if there are no kernels for the stack.
func (c Conv1D) Check() error {
	if len(c.Channels) == 0 || c.Kernel < 1 || c.Kernel%2 == 0 || c.Kernel > 255 || c.Length < 1 {
		return fmt.Errorf("cuda: no stack of convolutions for %+v", c)
	}
	for _, n := range c.Channels {
		if n < 16 || n%16 != 0 {
			return fmt.Errorf("cuda: %d channels, want a multiple of 16", n)
		}
	}
	return nil
}

// Features is the number of channels of the last layer.
func (c Conv1D) Features() int { return c.Channels[len(c.Channels)-1] }

// layer returns the channels of layer l and where its weights and biases are
// in the stack's flat weights.
func (c Conv1D) layer(l int) (in, out, weight, bias int) {
	in = 1
	for i, n := range c.Channels[:l+1] {
		weight = bias
		bias = weight + n*in*c.Kernel
		if i < l {
			in, bias = n, bias+n
		}
	}
	return in, c.Channels[l], weight, bias
}

// Weights is the number of weights and biases.
func (c Conv1D) Weights() int {
	_, out, _, bias := c.layer(len(c.Channels) - 1)
	return bias + out
}

// filter is where a layer's prepared weights are, in float32: forward
// [tap][in][out], backward [flipped tap][out][in] (not the first layer's), and
// the coefficients of z + b, biases and ones.
type filter struct{ forward, backward, coef Ptr }

func (c Conv1D) filters(at Ptr) (list []filter, end Ptr) {
	for l := range c.Channels {
		in, out, _, _ := c.layer(l)
		var f filter
		f.forward, at = at, at.Floats(c.Kernel*in*out)
		if l > 0 {
			f.backward, at = at, at.Floats(c.Kernel*in*out)
		}
		f.coef, at = at, at.Floats(2*out)
		list = append(list, f)
	}
	return list, at
}

// base stands for an address where only distances matter.
const base Ptr = 1 << 40

// FilterLen is the number of elements of the prepared weights.
func (c Conv1D) FilterLen() int {
	_, end := c.filters(base)
	return int(end-base) / 4
}

// Load prepares flat weights.
func (c Conv1D) Load(filter, w Ptr) []Launch {
	var list []Launch
	var filters []Filter
	prepared, _ := c.filters(filter)
	for l, f := range prepared {
		in, out, weight, bias := c.layer(l)
		filters = append(filters, Filter{f.forward, f.backward, w.Floats(weight), in, out, c.TF32 && l > 0})
		list = append(list, Copy(f.coef, w.Floats(bias), out), Fill(f.coef.Floats(out), 1, out))
	}
	return append(LoadFilters(c.Kernel, filters...), list...)
}

// span is a range of positions and the array that holds them.
type span struct {
	at         Ptr
	first, end int
}

// from returns the address of a position whose rows have so many channels.
func (s span) from(position, channels int) Ptr { return s.at.Floats((position - s.first) * channels) }

// around is the chunk's positions and reach more on both sides, inside the sequence.
func (c Conv1D) around(at Ptr, first, end, reach int) span {
	return span{at, max(0, first-reach), min(c.Length, end+reach)}
}

// arrays is scratch memory.
type arrays struct {
	sums      Ptr   // float64: flat weights, then features
	partial   Ptr   // shares of sums
	cotangent Ptr   // coefficients: the cotangent, then zeros
	z, zDot   []Ptr // of each layer
	g         []Ptr // of each layer but the last
}

func (c Conv1D) chunkLen() int {
	if c.chunk > 0 {
		return min(c.chunk, c.Length)
	}
	return min(conv1DChunk, c.Length)
}

func (c Conv1D) arrays(at Ptr) (a arrays, end Ptr) {
	half, layers := c.Kernel/2, len(c.Channels)
	take := func(bytes int) Ptr {
		p := at
		at = at.Bytes((bytes + 255) / 256 * 256)
		return p
	}
	a.sums = take(8 * (c.Weights() + c.Features()))
	a.cotangent = take(8 * c.Features())
	partial := 0
	for l, out := range c.Channels {
		rows := c.chunkLen() + 2*half*(2*layers-1-l)
		a.z = append(a.z, take(4*rows*out))
		a.zDot = append(a.zDot, take(4*rows*out))
		if l < layers-1 {
			a.g = append(a.g, take(4*rows*out))
		}
		in, _, _, _ := c.layer(l)
		partial = max(partial, 8*conv1DSlices*out, 4*c.shares(l)*c.Kernel*in*out)
	}
	a.partial = take(partial)
	return a, at
}

// shares is the number of shares of a layer's weight gradient.
func (c Conv1D) shares(l int) int {
	in, out, _, _ := c.layer(l)
	if l == 0 {
		return weightShares / 2
	}
	return max(1, weightShares/(in/16*(out/16)*blocks(c.Kernel, 9)))
}

// Scratch is the number of bytes of scratch memory.
func (c Conv1D) Scratch() int {
	_, end := c.arrays(base)
	return int(end - base)
}

// conv1DPass is one run over the sequence.
type conv1DPass struct {
	Conv1D
	arrays
	filters []filter
	list    []Launch
}

func (c Conv1D) pass(filter, scratch Ptr) *conv1DPass {
	p := &conv1DPass{Conv1D: c}
	p.filters, _ = c.filters(filter)
	p.arrays, _ = c.arrays(scratch)
	p.add(Fill(p.sums, 0, 2*(c.Weights()+c.Features())))
	return p
}

func (p *conv1DPass) add(l Launch) { p.list = append(p.list, l) }

// chunks calls f with each chunk's first position and end.
func (p *conv1DPass) chunks(f func(first, end int)) {
	for first := 0; first < p.Length; first += p.chunkLen() {
		f(first, min(first+p.chunkLen(), p.Length))
	}
}

func (p *conv1DPass) last() int { return len(p.Channels) - 1 }

func (p *conv1DPass) featureSums() Ptr { return p.sums.Bytes(8 * p.Weights()) }

// zSpan and gSpan are the positions of a layer's outputs and gradients.
func (p *conv1DPass) zSpan(at []Ptr, l, first, end int) span {
	return p.around(at[l], first, end, (2*len(p.Channels)-1-l)*(p.Kernel/2))
}

func (p *conv1DPass) gSpan(l, first, end int) span {
	return p.around(p.g[l], first, end, (l+1)*(p.Kernel/2))
}

// Forward computes the features of x, float64.
func (c Conv1D) Forward(features, filter, scratch, x Ptr) []Launch {
	p := c.pass(filter, scratch)
	p.chunks(func(first, end int) {
		p.forward(x, first, end)
		p.sumFeatures(first, end)
	})
	p.mean(features)
	return p.list
}

// Gradient computes the features of x and the gradients of ⟨c, features⟩ in x
// and in the weights, of which either may be absent. The cotangent is float32.
func (c Conv1D) Gradient(features, dx, dw, filter, scratch, x, cotangent Ptr) []Launch {
	p := c.pass(filter, scratch)
	p.setCotangent(cotangent)
	p.chunks(func(first, end int) {
		p.forward(x, first, end)
		p.sumFeatures(first, end)
		p.backward(first, end)
		if dx != 0 {
			d, from := p.gradient(0, first, end)
			p.add(launch("conv1d_first_backward", across(end-first, 128), 128, 16*4*136+4*16*9+4*9*136,
				dx, d, p.filters[0].forward, 1/float32(p.Length), p.Channels[0], p.Kernel, from.first, from.end, first, end))
		}
		if dw != 0 {
			p.weights(x, p.activation, first, end)
			p.biases(first, end)
		}
	})
	p.mean(features)
	if dw != 0 {
		p.weightsMean(dw)
	}
	return p.list
}

// Tangent computes, along a change xDot of the sequence, the derivatives of
// the features and of the gradient of ⟨c, features⟩ in the weights.
func (c Conv1D) Tangent(featuresDot, dwDot, filter, scratch, x, xDot, cotangent Ptr) []Launch {
	p := c.pass(filter, scratch)
	p.setCotangent(cotangent)
	p.chunks(func(first, end int) {
		p.forward(x, first, end)
		p.tangent(xDot, first, end)
		s := p.zSpan(p.zDot, p.last(), first, end)
		p.sumChannels(p.featureSums(), p.activationDot(p.last()), s.first, p.last(), first, end)
		p.backward(first, end)
		p.weights(xDot, p.activationDot, first, end)
	})
	p.mean(featuresDot)
	p.weightsMean(dwDot)
	return p.list
}

func (p *conv1DPass) setCotangent(c Ptr) {
	n := p.Features()
	p.add(Copy(p.cotangent, c, n))
	p.add(Fill(p.cotangent.Floats(n), 0, n))
}

// forward computes a chunk's z.
func (p *conv1DPass) forward(x Ptr, first, end int) {
	p.first(x, p.zSpan(p.z, 0, first, end))
	for l := 1; l < len(p.Channels); l++ {
		p.convolve(l, p.zSpan(p.z, l, first, end), p.activation(l-1), p.zSpan(p.z, l-1, first, end))
	}
}

// tangent computes a chunk's ż.
func (p *conv1DPass) tangent(xDot Ptr, first, end int) {
	p.first(xDot, p.zSpan(p.zDot, 0, first, end))
	for l := 1; l < len(p.Channels); l++ {
		p.convolve(l, p.zSpan(p.zDot, l, first, end), p.activationDot(l-1), p.zSpan(p.zDot, l-1, first, end))
	}
}

func (p *conv1DPass) first(x Ptr, z span) {
	out := p.Channels[0]
	p.add(launch("conv1d_first", [3]int{blocks(z.end-z.first, 256), out / 16, 1}, 128, 4*(255+p.Kernel),
		z.at, x, p.filters[0].forward, out, p.Kernel, p.Length, z.first, z.end))
}

func (p *conv1DPass) convolve(l int, z span, x Operand, from span) {
	in, out, _, _ := p.layer(l)
	p.add(p.conv1d(z, x, from, p.filters[l].forward, in, out))
}

func (p *conv1DPass) conv1d(y span, x Operand, from span, w Ptr, in, out int) Launch {
	width := convWidth(out)
	kernel, pixels := fmt.Sprintf("conv1d_%d", width), 4096/width
	if p.TF32 {
		kernel, pixels = fmt.Sprintf("conv1d_tf32_%d", width), min(8192/width, 256)
	}
	shared := checkShared(kernel, 2*(32*(pixels+8)+4*9*8*width))
	return launch(kernel, [3]int{blocks(y.end-y.first, pixels), out / width, 1}, 128, shared,
		y.at, x, w, in, out, p.Kernel, from.first, from.end, y.first, y.end)
}

// activation is a_l and activationDot its tangent, as they are read.
func (p *conv1DPass) activation(l int) Operand {
	return Operand{Src: []Ptr{p.z[l]}, Coef: p.filters[l].coef, Post: ReLU}
}

func (p *conv1DPass) activationDot(l int) Operand {
	return Operand{Src: []Ptr{p.zDot[l]}, Post: Mask, MaskSrc: p.z[l], MaskCoef: p.filters[l].coef}
}

// gradient is the gradient in z_l, and the positions of its array.
func (p *conv1DPass) gradient(l, first, end int) (Operand, span) {
	z := p.zSpan(p.z, l, first, end)
	if l == p.last() {
		return Operand{Src: []Ptr{z.at}, Coef: p.cotangent, Post: Mask, MaskSrc: z.at, MaskCoef: p.filters[l].coef}, z
	}
	g := p.gSpan(l, first, end)
	return Operand{Src: []Ptr{g.at}, Post: Mask, MaskSrc: z.from(g.first, p.Channels[l]), MaskCoef: p.filters[l].coef}, g
}

// backward computes a chunk's g.
func (p *conv1DPass) backward(first, end int) {
	for l := p.last(); l > 0; l-- {
		d, from := p.gradient(l, first, end)
		in, out, _, _ := p.layer(l)
		p.add(p.conv1d(p.gSpan(l-1, first, end), d, from, p.filters[l].backward, out, in))
	}
}

// weights adds a chunk's gradients in the weights, from the layers' inputs (or
// their tangents) and the gradients in their outputs.
func (p *conv1DPass) weights(x Ptr, input func(l int) Operand, first, end int) {
	groups := blocks(p.Kernel, 9)
	for l := range p.Channels {
		in, out, weight, _ := p.layer(l)
		d, from := p.gradient(l, first, end)
		shares := p.shares(l)
		if l == 0 {
			shares = min(shares, blocks(end-first, 4))
			p.add(launch("conv1d_first_weights", [3]int{shares, blocks(out, 128), groups}, 128, 16*4*9*32,
				p.partial, d, x, out, p.Kernel, p.Length, from.first, first, end))
		} else {
			shares = min(shares, blocks(end-first, 128))
			xFrom := p.zSpan(p.z, l-1, first, end)
			shared := checkShared("conv1d_weights", max(2*64*(136+128), 4*9*16*64))
			p.add(launch("conv1d_weights", [3]int{shares, in / 16 * (out / 16), groups}, 192, shared,
				p.partial, input(l-1), d, in, out, p.Kernel, xFrom.first, xFrom.end, from.first, first, end))
		}
		n := p.Kernel * in * out
		p.add(launch("conv1d_weights_add", across(n, threads), threads, 0,
			p.sums.Bytes(8*weight), p.partial, shares, in, out, p.Kernel, n))
	}
}

// biases adds a chunk's gradients in the biases.
func (p *conv1DPass) biases(first, end int) {
	for l := range p.Channels {
		_, _, _, bias := p.layer(l)
		d, from := p.gradient(l, first, end)
		p.sumChannels(p.sums.Bytes(8*bias), d, from.first, l, first, end)
	}
}

func (p *conv1DPass) sumFeatures(first, end int) {
	s := p.zSpan(p.z, p.last(), first, end)
	p.sumChannels(p.featureSums(), p.activation(p.last()), s.first, p.last(), first, end)
}

// sumChannels adds an operand's rows first to end−1 to sums; from says where
// its arrays begin.
func (p *conv1DPass) sumChannels(sums Ptr, x Operand, from, l, first, end int) {
	channels := p.Channels[l]
	skip := (first - from) * channels
	moved := x
	moved.Src, moved.MaskSrc = []Ptr{x.Src[0].Floats(skip)}, x.MaskSrc.Floats(skip)
	groups := min(channels/4, 64)
	lanes := threads / groups
	slices := min(conv1DSlices, blocks(end-first, 16*lanes))
	p.add(launch("conv1d_channels", [3]int{slices, blocks(channels/4, 64), 1}, threads, 8*4*lanes*groups,
		p.partial, moved, channels, end-first))
	p.add(launch("conv1d_channels_add", across(channels, 128), 128, 0, sums, p.partial, slices, channels))
}

func (p *conv1DPass) mean(features Ptr) {
	n := p.Features()
	p.add(launch("conv1d_mean", across(n, 128), 128, 0, features, p.featureSums(), float64(p.Length), n))
}

func (p *conv1DPass) weightsMean(dw Ptr) {
	n := p.Weights()
	p.add(launch("conv1d_weights_mean", across(n, threads), threads, 0, dw, p.sums, float64(p.Length), n))
}
