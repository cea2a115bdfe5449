package plain

import "srn/pkg/device"

// conv is a 3×3 convolution with padding 1.
type conv struct {
	device.Conv // nil: tangents are not offered
	b           *Backend
	device.ConvShape
	w device.Buffer
}

// Conv implements device.Convs.
func (b *Backend) Conv(shape device.ConvShape) device.Conv { return &conv{b: b, ConvShape: shape} }

// Load takes the weights where they are.
func (c *conv) Load(w device.Buffer) device.Op { return op(func(int) { c.w = w }) }

// lengths are those of an image read and written.
func (c *conv) lengths() (x, y int) {
	out := c.Size / c.Stride
	return c.Size * c.Size * c.In, out * out * c.Out
}

// taps returns weights by tap, then by the rows and columns asked for: outputs by
// inputs, or inputs by outputs.
func (c *conv) taps(inputsFirst bool) []float64 {
	w, taps := host(c.w), make([]float64, 9*c.In*c.Out)
	for o := range c.Out {
		for i := range c.In {
			for k := range 9 {
				at := (k*c.Out+o)*c.In + i
				if inputsFirst {
					at = (k*c.In+i)*c.Out + o
				}
				taps[at] = w[(o*c.In+i)*9+k]
			}
		}
	}
	return taps
}

// each visits the pairs of an image's pixels that a tap connects: offsets of an
// output's and of an input's channels.
func (c *conv) each(f func(k, y, x int)) {
	out := c.Size / c.Stride
	for oy := range out {
		for ox := range out {
			for k := range 9 {
				iy, ix := oy*c.Stride+k/3-1, ox*c.Stride+k%3-1
				if iy >= 0 && ix >= 0 && iy < c.Size && ix < c.Size {
					f(k, (oy*out+ox)*c.Out, (iy*c.Size+ix)*c.In)
				}
			}
		}
	}
}

// axpy adds a·x to y.
func axpy(y []float64, a float64, x []float64) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += a * v
	}
}

// Forward computes y = x ∗ w.
func (c *conv) Forward(y device.Buffer, x device.Operand) device.Op {
	lenX, lenY := c.lengths()
	return op(func(n int) {
		taps, in, out := c.taps(true), c.b.values(x, c.In, n*lenX), host(y)[:n*lenY]
		clear(out)
		for i := range n {
			x, y := in[i*lenX:][:lenX], out[i*lenY:][:lenY]
			c.each(func(k, at, from int) {
				dst := y[at:][:c.Out]
				for j, v := range x[from:][:c.In] {
					if v != 0 {
						axpy(dst, v, taps[(k*c.In+j)*c.Out:][:c.Out])
					}
				}
			})
		}
	})
}

// Backward computes the gradients in x, unless dx is nil, and w.
func (c *conv) Backward(dx, dw device.Buffer, x, dy device.Operand) device.Op {
	lenX, lenY := c.lengths()
	return op(func(n int) {
		taps, in, grad := c.taps(false), c.b.values(x, c.In, n*lenX), c.b.values(dy, c.Out, n*lenY)
		sums := make([]float64, len(taps))
		var data []float64
		if dx != nil {
			data = host(dx)[:n*lenX]
			clear(data)
		}
		for i := range n {
			c.each(func(k, at, from int) {
				x := in[i*lenX+from:][:c.In]
				for o, g := range grad[i*lenY+at:][:c.Out] {
					if g == 0 {
						continue
					}
					row := (k*c.Out + o) * c.In
					axpy(sums[row:][:c.In], g, x)
					if data != nil {
						axpy(data[i*lenX+from:][:c.In], g, taps[row:][:c.In])
					}
				}
			})
		}
		for o := range c.Out {
			for i := range c.In {
				for k := range 9 {
					host(dw)[(o*c.In+i)*9+k] = sums[(k*c.Out+o)*c.In+i]
				}
			}
		}
	})
}
