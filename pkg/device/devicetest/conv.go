package devicetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"srn/pkg/device"
)

// Conv tests convolutions: shapes of ResNets, and some drawn at random.
func Conv(t *testing.T, be device.Backend) {
	for _, c := range convCases() {
		t.Run(c.name(), func(t *testing.T) { c.test(t, be) })
	}
}

// convCases are computed once: float64 takes long.
var convCases = sync.OnceValue(func() (cases []*convCase) {
	for _, s := range []device.ConvShape{
		{In: 16, Out: 16, Size: 32, Stride: 1, Batch: 1},
		{In: 3, Out: 16, Size: 8, Stride: 1, Batch: 19},
		{In: 16, Out: 32, Size: 6, Stride: 1, Batch: 19},
		{In: 32, Out: 32, Size: 16, Stride: 1, Batch: 1},
		{In: 32, Out: 32, Size: 16, Stride: 1, Batch: 19},
		{In: 64, Out: 64, Size: 8, Stride: 1, Batch: 1},
		{In: 64, Out: 64, Size: 8, Stride: 1, Batch: 19},
		{In: 16, Out: 48, Size: 12, Stride: 1, Batch: 19},
		{In: 16, Out: 32, Size: 16, Stride: 2, Batch: 19},
		{In: 32, Out: 64, Size: 8, Stride: 2, Batch: 1},
		{In: 32, Out: 64, Size: 8, Stride: 2, Batch: 19},
		{In: 16, Out: 32, Size: 4, Stride: 2, Batch: 3},
		{In: 64, Out: 64, Size: 4, Stride: 2, Batch: 3},
		{In: 16, Out: 32, Size: 32, Stride: 2, Batch: 2},
		{In: 32, Out: 64, Size: 16, Stride: 2, Batch: 7},
		{In: 48, Out: 16, Size: 24, Stride: 2, Batch: 1},
	} {
		cases = append(cases, newConvCase(s, random))
	}
	r := rand.New(rand.NewPCG(21, 22))
	for range 6 {
		cases = append(cases, newConvCase(device.ConvShape{In: []int{3, 16, 32, 48}[r.IntN(4)], Out: 16 * (1 + r.IntN(3)),
			Size: 2 * (1 + r.IntN(7)), Stride: 1 + r.IntN(2), Batch: 1 + r.IntN(20)}, random))
	}
	return cases
})

// convOracle is a convolution in float64.
type convOracle struct {
	device.ConvShape
	n int
}

// each visits every product of the convolution.
func (o convOracle) each(f func(y, x, w int)) {
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

func (o convOracle) forward(y []float64, x, w []float32) {
	o.each(func(iy, ix, iw int) { y[iy] += float64(x[ix]) * float64(w[iw]) })
}
func (o convOracle) data(dx []float64, dy, w []float32) {
	o.each(func(iy, ix, iw int) { dx[ix] += float64(dy[iy]) * float64(w[iw]) })
}
func (o convOracle) weights(dw []float64, x, dy []float32) {
	o.each(func(iy, ix, iw int) { dw[iw] += float64(dy[iy]) * float64(x[ix]) })
}

// convCase is one convolution with its results in float64.
type convCase struct {
	convOracle
	x, xDot, w, wDot, dy, dyDot   []float32
	y, yDot, dx, dxDot, dw, dwDot []float64
	stillY, stillW                []float64 // tangents of y and dw where x does not change
}

// newConvCase draws a case's numbers.
func newConvCase(s device.ConvShape, draw func(r *rand.Rand, n int) []float32) *convCase {
	n := s.Batch
	r := rand.New(rand.NewPCG(1, uint64(s.In*s.Out+n)))
	out := s.Size / s.Stride
	lenX, lenY, lenW := n*s.Size*s.Size*s.In, n*out*out*s.Out, 9*s.In*s.Out
	c := &convCase{convOracle: convOracle{s, n},
		x: draw(r, lenX), xDot: draw(r, lenX), w: draw(r, lenW), wDot: draw(r, lenW), dy: draw(r, lenY), dyDot: draw(r, lenY),
		y: make([]float64, lenY), yDot: make([]float64, lenY), dx: make([]float64, lenX), dxDot: make([]float64, lenX),
		dw: make([]float64, lenW), dwDot: make([]float64, lenW)}
	c.forward(c.y, c.x, c.w)
	c.forward(c.yDot, c.x, c.wDot)
	c.stillY = slices.Clone(c.yDot)
	c.forward(c.yDot, c.xDot, c.w)
	c.data(c.dx, c.dy, c.w)
	c.data(c.dxDot, c.dyDot, c.w)
	c.data(c.dxDot, c.dy, c.wDot)
	c.weights(c.dw, c.x, c.dy)
	c.weights(c.dwDot, c.x, c.dyDot)
	c.stillW = slices.Clone(c.dwDot)
	c.weights(c.dwDot, c.xDot, c.dy)
	return c
}

// operand is v as a combination of two stored arrays, or stored as it is in
// the first layer.
func (c *convCase) operand(be device.Backend, v []float32, channels int) device.Operand {
	if channels < 16 {
		return device.Stored(upload(be, v))
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
	return device.Operand{Src: []device.Buffer{upload(be, u), upload(be, rest)}, Coef: upload(be, coef)}
}

func (c *convCase) name() string {
	return fmt.Sprintf("%dto%d@%d/%d×%d", c.In, c.Out, c.Size, c.Stride, c.n)
}

func (c *convCase) test(t *testing.T, be device.Backend) {
	const tolerance = 2e-4
	conv := be.Conv(c.ConvShape)
	x, xDot := c.operand(be, c.x, c.In), c.operand(be, c.xDot, c.In)
	dy, dyDot := c.operand(be, c.dy, c.Out), c.operand(be, c.dyDot, c.Out)
	y, dx, dw := be.New(len(c.y)), be.New(len(c.dx)), be.New(len(c.dw))
	be.Run(0, device.Stage{conv.Load(upload(be, c.w)), conv.LoadTangent(upload(be, c.wDot))})

	be.Run(c.n, device.Stage{conv.Forward(y, x)})
	near(t, "forward", download(be, y), c.y, tolerance)
	be.Run(c.n, device.Stage{conv.ForwardTangent(y, x, xDot)})
	near(t, "forward tangent", download(be, y), c.yDot, tolerance)

	c.testActivate(t, be, conv, x)
	c.testStored(t, be, conv, tolerance)

	be.Run(c.n, device.Stage{conv.Backward(dx, dw, x, dy)})
	near(t, "weight gradient", download(be, dw), c.dw, tolerance)
	near(t, "data gradient", download(be, dx), c.dx, tolerance)
	be.Run(c.n, device.Stage{conv.BackwardTangent(dx, dw, x, xDot, dy, dyDot)})
	near(t, "weight gradient tangent", download(be, dw), c.dwDot, tolerance)
	near(t, "data gradient tangent", download(be, dx), c.dxDot, tolerance)

	// The first layer's input is data that does not change, as a rule.
	none := device.Operand{}
	be.Run(c.n, device.Stage{conv.ForwardTangent(y, x, none)})
	near(t, "forward tangent of an input that does not change", download(be, y), c.stillY, tolerance)
	be.Run(c.n, device.Stage{conv.BackwardTangent(nil, dw, x, none, dy, dyDot)})
	near(t, "weight gradient tangent of an input that does not change", download(be, dw), c.stillW, tolerance)
}

// testStored tests the passes on images that are stored as they are read.
func (c *convCase) testStored(t *testing.T, be device.Backend, conv device.Conv, tolerance float64) {
	x, dy := device.Stored(upload(be, c.x)), device.Stored(upload(be, c.dy))
	y, dx, dw := be.New(len(c.y)), be.New(len(c.dx)), be.New(len(c.dw))
	be.Run(c.n, device.Stage{conv.Forward(y, x), conv.Backward(dx, dw, x, dy)})
	near(t, "forward of stored images", download(be, y), c.y, tolerance)
	near(t, "data gradient of stored images", download(be, dx), c.dx, tolerance)
	near(t, "weight gradient of stored images", download(be, dw), c.dw, tolerance)
}

// testActivate tests the activation of the convolution, with a residual and
// without.
func (c *convCase) testActivate(t *testing.T, be device.Backend, conv device.Conv, x device.Operand) {
	r := rand.New(rand.NewPCG(6, 7))
	coef, residual := random(r, 3*c.Out), random(r, len(c.y))
	for i := range c.Out {
		coef[2*c.Out+i] = 1
	}
	z, sum := be.New(len(c.y)), upload(be, residual)
	for _, add := range []device.Buffer{nil, sum} {
		want := make([]float64, len(c.y))
		for i, y := range c.y {
			want[i] = float64(coef[i%c.Out]) + float64(coef[c.Out+i%c.Out])*y
			if add != nil {
				want[i] += float64(residual[i])
			}
			want[i] = max(want[i], 0)
		}
		be.Run(c.n, device.Stage{conv.Activate(z, x, upload(be, coef), add)})
		near(t, fmt.Sprintf("activation, residual %t", add != nil), download(be, z), want, 2e-4)
	}
}
