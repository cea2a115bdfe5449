package devicetest

import (
	"fmt"
	"math"
	"testing"

	"srn/pkg/device"
	"srn/pkg/rng"
)

// conv1DOracle computes a stack of convolutions in float64, straight from the
// definition.
type conv1DOracle struct {
	shape device.Conv1DShape
	w     []float64
	a     [][]float64 // activations, [position][channel]; a[0] is the sequence
}

func newConv1DOracle(shape device.Conv1DShape, w, x []float64) *conv1DOracle {
	o := &conv1DOracle{shape: shape, w: w, a: [][]float64{x}}
	for l := range shape.Channels {
		y := o.apply(l, o.a[l], true)
		for i := range y {
			y[i] = max(y[i], 0)
		}
		o.a = append(o.a, y)
	}
	return o
}

// apply convolves a layer's input.
func (o *conv1DOracle) apply(l int, x []float64, bias bool) []float64 {
	in, weight, biases := o.shape.Layer(l)
	out, taps, n := o.shape.Channels[l], o.shape.Kernel, o.shape.Length
	y := make([]float64, n*out)
	for p := range n {
		for j := range out {
			if bias {
				y[p*out+j] = o.w[biases+j]
			}
			for k := range taps {
				q := p + k - taps/2
				if q < 0 || q >= n {
					continue
				}
				for i := range in {
					y[p*out+j] += o.w[weight+(j*in+i)*taps+k] * x[q*in+i]
				}
			}
		}
	}
	return y
}

func (o *conv1DOracle) mean(a []float64) []float64 {
	n := o.shape.Features()
	f := make([]float64, n)
	for i, v := range a {
		f[i%n] += v / float64(o.shape.Length)
	}
	return f
}

// backward returns the gradients of ⟨c, features⟩ in the sequence and in the
// weights, the latter with other inputs of the layers if they are given (and
// then without biases).
func (o *conv1DOracle) backward(c []float64, inputs [][]float64) (dx, dw []float64) {
	taps, n := o.shape.Kernel, o.shape.Length
	biased := inputs == nil
	if biased {
		inputs = o.a
	}
	dw = make([]float64, len(o.w))
	d := make([]float64, n*len(c))
	for i := range d {
		d[i] = c[i%len(c)] / float64(n)
	}
	for l := len(o.shape.Channels) - 1; l >= 0; l-- {
		in, weight, bias := o.shape.Layer(l)
		out := o.shape.Channels[l]
		below := make([]float64, n*in)
		for p := range n {
			for j := range out {
				if o.a[l+1][p*out+j] <= 0 {
					continue
				}
				g := d[p*out+j]
				if biased {
					dw[bias+j] += g
				}
				for k := range taps {
					q := p + k - taps/2
					if q < 0 || q >= n {
						continue
					}
					for i := range in {
						at := weight + (j*in+i)*taps + k
						dw[at] += g * inputs[l][q*in+i]
						below[q*in+i] += g * o.w[at]
					}
				}
			}
		}
		d = below
	}
	return d, dw
}

// tangents returns the activations' tangents along a change of the sequence.
func (o *conv1DOracle) tangents(xDot []float64) [][]float64 {
	t := [][]float64{xDot}
	for l := range o.shape.Channels {
		y := o.apply(l, t[l], false)
		for i := range y {
			if o.a[l+1][i] <= 0 {
				y[i] = 0
			}
		}
		t = append(t, y)
	}
	return t
}

var conv1DShapes = []device.Conv1DShape{
	{Channels: []int{16}, Kernel: 1, Length: 30},
	{Channels: []int{16}, Kernel: 3, Length: 1},
	{Channels: []int{16}, Kernel: 9, Length: 5},
	{Channels: []int{32, 16}, Kernel: 3, Length: 2},
	{Channels: []int{48, 32, 16}, Kernel: 9, Length: 3},
	{Channels: []int{16, 64}, Kernel: 3, Length: 7},
	{Channels: []int{16, 32, 16}, Kernel: 5, Length: 511},
	{Channels: []int{32, 16, 16}, Kernel: 9, Length: 512},
	{Channels: []int{16, 16, 32}, Kernel: 9, Length: 520},
	{Channels: []int{32, 16, 16, 16}, Kernel: 7, Length: 1025},
	{Channels: []int{16, 16}, Kernel: 17, Length: 1100},
}

func conv1DName(s device.Conv1DShape) string {
	return fmt.Sprintf("%v kernel %d length %d", s.Channels, s.Kernel, s.Length)
}

// normals draws n numbers that float32 represents.
func normals(r *rng.Rand, n int, scale float64) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = float64(float32(r.NormFloat64() * scale))
	}
	return v
}

// closeTo compares by the largest difference relative to the largest value.
func closeTo(t testing.TB, what string, got, want []float64, tolerance float64) {
	t.Helper()
	var worst, scale float64
	for i := range want {
		worst = max(worst, math.Abs(got[i]-want[i]))
		scale = max(scale, math.Abs(want[i]))
		if math.IsNaN(got[i]) {
			worst = math.NaN()
			break
		}
	}
	if !(worst <= tolerance*scale) {
		t.Errorf("%s: differs by %g of at most %g", what, worst, scale)
	}
}

// Conv1D tests stacks of one-dimensional convolutions.
func Conv1D(t *testing.T, be device.Backend) {
	for _, shape := range conv1DShapes {
		t.Run(conv1DName(shape), func(t *testing.T) {
			testConv1D(t, be, shape, normalConv1D(rng.New(1, rng.Stream(t.Name())), shape))
		})
	}
}

// conv1DNumbers are weights, a sequence, a change of it, and a cotangent.
type conv1DNumbers struct{ w, x, xDot, c []float64 }

func normalConv1D(r *rng.Rand, shape device.Conv1DShape) conv1DNumbers {
	return conv1DNumbers{normals(r, shape.Weights(), 0.2), normals(r, shape.Length, 1), normals(r, shape.Length, 1),
		normals(r, shape.Features(), 1)}
}

func testConv1D(t *testing.T, be device.Backend, shape device.Conv1DShape, s conv1DNumbers) {
	w, x, v, c := s.w, s.x, s.xDot, s.c
	o := newConv1DOracle(shape, w, x)
	wantDx, wantDw := o.backward(c, nil)
	tangents := o.tangents(v)
	_, wantDwDot := o.backward(c, tangents)

	stack := be.Conv1D(shape)
	stack.Load(upload64(be, w))
	features := make([]float64, shape.Features())
	dx, dw := be.New(shape.Length), be.New(shape.Weights())
	for range 2 { // buffers used before
		stack.Forward(features, upload64(be, x))
		closeTo(t, "features", features, o.mean(o.a[len(o.a)-1]), 1e-5)
		clear(features)
		stack.Gradient(features, dx, nil, upload64(be, x), c)
		closeTo(t, "features beside the gradient", features, o.mean(o.a[len(o.a)-1]), 1e-5)
		closeTo(t, "gradient in the sequence", float64s(download(be, dx)), wantDx, 2e-5)
		if p, ok := stack.(device.Conv1DParts); ok {
			whole, value := float64s(download(be, dx)), dot(c, features)
			be.Fill(dx, 0)
			for _, part := range []int{2, 0, 1} {
				value -= p.GradientPart(dx, upload64(be, x), c, part, 3)
			}
			closeTo(t, "gradient part by part", float64s(download(be, dx)), whole, 0)
			if math.Abs(value) > 1e-6 {
				t.Errorf("the parts of ⟨c, features⟩ miss %g of it", value)
			}
		}
		be.Fill(dx, 0)
		stack.Gradient(features, dx, dw, upload64(be, x), c)
		closeTo(t, "gradient in the sequence beside the weights'", float64s(download(be, dx)), wantDx, 2e-5)
		closeTo(t, "gradient in the weights", float64s(download(be, dw)), wantDw, 2e-5)
		stack.Tangent(features, dw, upload64(be, x), upload64(be, v), c)
		closeTo(t, "tangent of the features", features, o.mean(tangents[len(tangents)-1]), 2e-5)
		closeTo(t, "tangent of the weights' gradient", float64s(download(be, dw)), wantDwDot, 2e-5)
	}
}

func dot(a, b []float64) float64 {
	var s float64
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

// paperConv1D is the surrogate of the paper, initialised as PyTorch does, on parameters of the size that trained
// ones have.
func paperConv1D(length int) (*conv1DOracle, conv1DNumbers) {
	shape := device.Conv1DShape{Channels: []int{128, 64, 32}, Kernel: 9, Length: length}
	r := rng.New(5)
	w := make([]float64, shape.Weights())
	for l, out := range shape.Channels {
		in, weight, bias := shape.Layer(l)
		for i := weight; i < bias+out; i++ {
			w[i] = float64(float32((2*r.Float64() - 1) / math.Sqrt(float64(in*shape.Kernel))))
		}
	}
	s := conv1DNumbers{w: w, x: normals(r, length, 0.1), c: normals(r, shape.Features(), 0.1)}
	return newConv1DOracle(shape, s.w, s.x), s
}

// Conv1DPrecision tests the rounding of the surrogate of the paper.
func Conv1DPrecision(t *testing.T, be device.Backend) {
	o, numbers := paperConv1D(529)
	shape, w, x, c := o.shape, numbers.w, numbers.x, numbers.c
	wantDx, wantDw := o.backward(c, nil)
	s := be.Conv1D(shape)
	s.Load(upload64(be, w))
	features, dx, dw := make([]float64, shape.Features()), be.New(shape.Length), be.New(shape.Weights())
	s.Gradient(features, dx, dw, upload64(be, x), c)
	for _, result := range []struct {
		name      string
		got, want []float64
	}{
		{"features", features, o.mean(o.a[len(o.a)-1])},
		{"gradient in the sequence", float64s(download(be, dx)), wantDx},
		{"gradient in the weights", float64s(download(be, dw)), wantDw},
	} {
		if e, _ := errorsOf(result.got, result.want); !(e < 5e-6) {
			t.Errorf("%s: relative error %g", result.name, e)
		}
	}
}
