package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/device"
)

// eachBackend runs a test with every set of kernels and several threads.
func eachBackend(t *testing.T, f func(t *testing.T, b *Backend)) {
	for _, set := range kernels.Sets() {
		for _, threads := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s/%d", set.Name, threads), func(t *testing.T) {
				b := New(threads, set)
				defer b.Close()
				f(t, b)
			})
		}
	}
}

func random(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

func (b *Backend) upload(v []float32) device.Buffer {
	buf := b.New(len(v))
	b.Write(buf, v)
	return buf
}

func (b *Backend) download(v device.Buffer) []float32 {
	s := make([]float32, v.Len())
	b.Read(s, v)
	return s
}

// oracle is a convolution in float64.
type oracle struct {
	device.ConvShape
	n int
}

// each visits every product of the convolution.
func (o oracle) each(f func(y, x, w int)) {
	out := o.Size / o.Stride
	for i := range o.n {
		for oy := range out {
			for ox := range out {
				for k := range 9 {
					iy, ix := oy*o.Stride+k/3-1, ox*o.Stride+k%3-1
					if iy < 0 || ix < 0 || iy >= o.Size || ix >= o.Size {
						continue
					}
					for c := range o.Out {
						y := ((i*out+oy)*out+ox)*o.Out + c
						x := ((i*o.Size+iy)*o.Size + ix) * o.In
						for d := range o.In {
							f(y, x+d, (c*o.In+d)*9+k)
						}
					}
				}
			}
		}
	}
}

func (o oracle) forward(y []float64, x, w []float32) {
	o.each(func(iy, ix, iw int) { y[iy] += float64(x[ix]) * float64(w[iw]) })
}
func (o oracle) data(dx []float64, dy, w []float32) {
	o.each(func(iy, ix, iw int) { dx[ix] += float64(dy[iy]) * float64(w[iw]) })
}
func (o oracle) weights(dw []float64, x, dy []float32) {
	o.each(func(iy, ix, iw int) { dw[iw] += float64(dy[iy]) * float64(x[ix]) })
}

// near compares with a tolerance relative to the root mean square of want.
func near(t *testing.T, what string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	var square float64
	for _, v := range want {
		square += v * v
	}
	scale := math.Sqrt(square/float64(len(want))) + 1e-30
	worst, at := 0.0, 0
	for i, v := range want {
		if d := math.Abs(float64(got[i])-v) / scale; !(d <= worst) {
			worst, at = d, i
		}
	}
	if !(worst <= tolerance) {
		t.Errorf("%s: element %d is %g, want %g: off by %.2g of the rms, tolerance %.2g", what, at, got[at], want[at], worst, tolerance)
	}
}

func TestConv(t *testing.T) {
	shapes := []device.ConvShape{
		{In: 3, Out: 16, Size: 8, Stride: 1},
		{In: 16, Out: 32, Size: 6, Stride: 1},
		{In: 16, Out: 16, Size: 32, Stride: 1},
		{In: 32, Out: 32, Size: 16, Stride: 1},
		{In: 64, Out: 64, Size: 8, Stride: 1},
		{In: 16, Out: 48, Size: 12, Stride: 1},
		{In: 16, Out: 32, Size: 16, Stride: 2},
		{In: 32, Out: 64, Size: 8, Stride: 2},
	}
	for _, s := range shapes {
		for _, n := range []int{1, 19} {
			if n > 1 && s.Size > 16 {
				continue // the float64 oracle takes long
			}
			s.Batch = n
			t.Run(fmt.Sprintf("%dto%d@%d/%d×%d", s.In, s.Out, s.Size, s.Stride, n), func(t *testing.T) {
				c := newConvCase(s, n)
				eachBackend(t, c.test)
			})
		}
	}
}

// convCase is one convolution with its results in float64.
type convCase struct {
	oracle
	x, xDot, w, wDot, dy, dyDot   []float32
	y, yDot, dx, dxDot, dw, dwDot []float64
}

func newConvCase(s device.ConvShape, n int) *convCase {
	r := rand.New(rand.NewPCG(1, uint64(s.In*s.Out+n)))
	out := s.Size / s.Stride
	lenX, lenY, lenW := n*s.Size*s.Size*s.In, n*out*out*s.Out, 9*s.In*s.Out
	c := &convCase{oracle: oracle{s, n},
		x: random(r, lenX), xDot: random(r, lenX), w: random(r, lenW), wDot: random(r, lenW), dy: random(r, lenY), dyDot: random(r, lenY),
		y: make([]float64, lenY), yDot: make([]float64, lenY), dx: make([]float64, lenX), dxDot: make([]float64, lenX),
		dw: make([]float64, lenW), dwDot: make([]float64, lenW)}
	c.forward(c.y, c.x, c.w)
	c.forward(c.yDot, c.xDot, c.w)
	c.forward(c.yDot, c.x, c.wDot)
	c.data(c.dx, c.dy, c.w)
	c.data(c.dxDot, c.dyDot, c.w)
	c.data(c.dxDot, c.dy, c.wDot)
	c.weights(c.dw, c.x, c.dy)
	c.weights(c.dwDot, c.x, c.dyDot)
	c.weights(c.dwDot, c.xDot, c.dy)
	return c
}

// operand is v as a combination of two stored arrays, or stored as it is in
// the first layer.
func (c *convCase) operand(b *Backend, v []float32, channels int) device.Operand {
	if channels < kernels.Lanes {
		return device.Stored(b.upload(v))
	}
	u := random(rand.New(rand.NewPCG(4, 5)), len(v))
	rest := make([]float32, len(v))
	for i := range v {
		rest[i] = (v[i] - 0.5 - 2*u[i]) / 0.25
	}
	coef := make([]float32, 3*channels)
	for i := range channels {
		coef[i], coef[channels+i], coef[2*channels+i] = 0.5, 2, 0.25
	}
	return device.Operand{Src: []device.Buffer{b.upload(u), b.upload(rest)}, Coef: b.upload(coef)}
}

func (c *convCase) test(t *testing.T, b *Backend) {
	const tolerance = 2e-4
	conv := b.Conv(c.ConvShape)
	x, xDot := c.operand(b, c.x, c.In), c.operand(b, c.xDot, c.In)
	dy, dyDot := c.operand(b, c.dy, c.Out), c.operand(b, c.dyDot, c.Out)
	y, dx, dw := b.New(len(c.y)), b.New(len(c.dx)), b.New(len(c.dw))
	b.Run(0, device.Stage{conv.Load(b.upload(c.w)), conv.LoadTangent(b.upload(c.wDot))})

	b.Run(c.n, device.Stage{conv.Forward(y, x)})
	near(t, "forward", b.download(y), c.y, tolerance)
	b.Run(c.n, device.Stage{conv.ForwardTangent(y, x, xDot)})
	near(t, "forward tangent", b.download(y), c.yDot, tolerance)

	b.Run(c.n, device.Stage{conv.Backward(dx, dw, x, dy)})
	near(t, "weight gradient", b.download(dw), c.dw, tolerance)
	near(t, "data gradient", b.download(dx), c.dx, tolerance)
	b.Run(c.n, device.Stage{conv.BackwardTangent(dx, dw, x, xDot, dy, dyDot)})
	near(t, "weight gradient tangent", b.download(dw), c.dwDot, tolerance)
	near(t, "data gradient tangent", b.download(dx), c.dxDot, tolerance)

	// The first layer's input is data that does not change, as a rule.
	none := device.Operand{}
	stillY, stillW := make([]float64, len(c.y)), make([]float64, len(c.dw))
	c.forward(stillY, c.x, c.wDot)
	c.weights(stillW, c.x, c.dyDot)
	b.Run(c.n, device.Stage{conv.ForwardTangent(y, x, none)})
	near(t, "forward tangent of an input that does not change", b.download(y), stillY, tolerance)
	b.Run(c.n, device.Stage{conv.BackwardTangent(nil, dw, x, none, dy, dyDot)})
	near(t, "weight gradient tangent of an input that does not change", b.download(dw), stillW, tolerance)
}
