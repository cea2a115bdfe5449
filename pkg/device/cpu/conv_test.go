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
		{In: 16, Out: 16, Size: 32, Stride: 1},
		{In: 32, Out: 32, Size: 16, Stride: 1},
		{In: 64, Out: 64, Size: 8, Stride: 1},
		{In: 16, Out: 48, Size: 12, Stride: 1},
		{In: 16, Out: 32, Size: 16, Stride: 2},
		{In: 32, Out: 64, Size: 8, Stride: 2},
	}
	eachBackend(t, func(t *testing.T, b *Backend) {
		for _, s := range shapes {
			for _, n := range []int{1, 19} {
				s.Batch = n
				t.Run(fmt.Sprintf("%dto%d@%d/%d×%d", s.In, s.Out, s.Size, s.Stride, n), func(t *testing.T) {
					if n > 1 && (testing.Short() || s.Size > 16) {
						t.Skip("the float64 oracle takes long")
					}
					testConv(t, b, s, n)
				})
			}
		}
	})
}

func testConv(t *testing.T, b *Backend, s device.ConvShape, n int) {
	const tolerance = 2e-4
	r := rand.New(rand.NewPCG(1, uint64(s.In*s.Out+n)))
	o := oracle{s, n}
	out := s.Size / s.Stride
	lenX, lenY, lenW := n*s.Size*s.Size*s.In, n*out*out*s.Out, 9*s.In*s.Out
	x, xDot := random(r, lenX), random(r, lenX)
	w, wDot := random(r, lenW), random(r, lenW)
	dy, dyDot := random(r, lenY), random(r, lenY)
	c := b.Conv(s)
	first := s.In < kernels.Lanes
	// Every operand goes in as a combination of two stored arrays, but for
	// the first layer's, which is stored.
	operand := func(v []float32, channels int) device.Operand {
		if channels < kernels.Lanes {
			return device.Stored(b.upload(v))
		}
		u := random(r, len(v))
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
	ox, odx := operand(x, s.In), operand(xDot, s.In)
	ody, odyDot := operand(dy, s.Out), operand(dyDot, s.Out)
	y, dx, dw := b.New(lenY), b.New(lenX), b.New(lenW)
	b.Run(0, device.Stage{c.Load(b.upload(w)), c.LoadTangent(b.upload(wDot))})

	b.Run(n, device.Stage{c.Forward(y, ox)})
	want := make([]float64, lenY)
	o.forward(want, x, w)
	near(t, "forward", b.download(y), want, tolerance)

	if first {
		odx = device.Operand{}
	} else {
		clear(want)
		o.forward(want, xDot, w)
	}
	if first {
		clear(want)
	}
	o.forward(want, x, wDot)
	b.Run(n, device.Stage{c.ForwardTangent(y, ox, odx)})
	near(t, "forward tangent", b.download(y), want, tolerance)

	var into device.Buffer
	if !first {
		into = dx
	}
	b.Run(n, device.Stage{c.Backward(into, dw, ox, ody)})
	wantX, wantW := make([]float64, lenX), make([]float64, lenW)
	if !first {
		o.data(wantX, dy, w)
		near(t, "data gradient", b.download(dx), wantX, tolerance)
	}
	o.weights(wantW, x, dy)
	near(t, "weight gradient", b.download(dw), wantW, tolerance)

	b.Run(n, device.Stage{c.BackwardTangent(into, dw, ox, odx, ody, odyDot)})
	clear(wantX)
	clear(wantW)
	if !first {
		o.data(wantX, dyDot, w)
		o.data(wantX, dy, wDot)
		near(t, "data gradient tangent", b.download(dx), wantX, tolerance)
		o.weights(wantW, xDot, dy)
	}
	o.weights(wantW, x, dyDot)
	near(t, "weight gradient tangent", b.download(dw), wantW, tolerance)
}
