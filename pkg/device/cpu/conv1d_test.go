package cpu

import (
	"fmt"
	"math"
	"slices"
	"testing"

	kernels "srn/kernels/cpu"
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

func toVec(v []float64) vec {
	f := alloc(len(v))
	for i, x := range v {
		f[i] = float32(x)
	}
	return f
}

func toFloat64(v vec) []float64 {
	f := make([]float64, len(v))
	for i, x := range v {
		f[i] = float64(x)
	}
	return f
}

// closeTo compares by the largest difference relative to the largest value.
func closeTo(t *testing.T, what string, got, want []float64, tolerance float64) {
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

func testBackend(t testing.TB, threads int) *Backend {
	b := New(threads, kernels.Best())
	t.Cleanup(b.Close)
	return b
}

func TestConv1DAgainstOracle(t *testing.T) {
	for _, shape := range conv1DShapes {
		t.Run(conv1DName(shape), func(t *testing.T) {
			r := rng.New(1, rng.Stream(t.Name()))
			w, x, v := normals(r, shape.Weights(), 0.2), normals(r, shape.Length, 1), normals(r, shape.Length, 1)
			c := normals(r, shape.Features(), 1)
			o := newConv1DOracle(shape, w, x)
			wantDx, wantDw := o.backward(c, nil)
			tangents := o.tangents(v)
			_, wantDwDot := o.backward(c, tangents)

			s := testBackend(t, 2).Conv1D(shape)
			s.Load(toVec(w))
			features := make([]float64, shape.Features())
			dx, dw := vec(alloc(shape.Length)), vec(alloc(shape.Weights()))
			for range 2 { // buffers used before
				s.Forward(features, toVec(x))
				closeTo(t, "features", features, o.mean(o.a[len(o.a)-1]), 1e-5)
				clear(features)
				s.Gradient(features, dx, nil, toVec(x), c)
				closeTo(t, "features beside the gradient", features, o.mean(o.a[len(o.a)-1]), 1e-5)
				closeTo(t, "gradient in the sequence", toFloat64(dx), wantDx, 2e-5)
				clear(dx)
				s.Gradient(features, dx, dw, toVec(x), c)
				closeTo(t, "gradient in the sequence beside the weights'", toFloat64(dx), wantDx, 2e-5)
				closeTo(t, "gradient in the weights", toFloat64(dw), wantDw, 2e-5)
				s.Tangent(features, dw, toVec(x), toVec(v), c)
				closeTo(t, "tangent of the features", features, o.mean(tangents[len(tangents)-1]), 2e-5)
				closeTo(t, "tangent of the weights' gradient", toFloat64(dw), wantDwDot, 2e-5)
			}
		})
	}
}

// The oracle's own derivatives, by central differences.
func TestConv1DOracleByDifferences(t *testing.T) {
	shape := device.Conv1DShape{Channels: []int{16, 16}, Kernel: 5, Length: 9}
	r := rng.New(2)
	w, x, v := normals(r, shape.Weights(), 0.3), normals(r, shape.Length, 1), normals(r, shape.Length, 1)
	dw, c := normals(r, shape.Weights(), 1), normals(r, shape.Features(), 1)
	o := newConv1DOracle(shape, w, x)
	gx, gw := o.backward(c, nil)
	tangents := o.tangents(v)
	_, gwDot := o.backward(c, tangents)

	const h = 1e-6
	moved := func(base, dir []float64, h float64) []float64 {
		m := slices.Clone(base)
		for i := range m {
			m[i] += h * dir[i]
		}
		return m
	}
	value := func(w, x []float64) float64 {
		o := newConv1DOracle(shape, w, x)
		return dot(c, o.mean(o.a[len(o.a)-1]))
	}
	check := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-6*(1+math.Abs(want)) {
			t.Errorf("%s: %g by differences, %g by formula", what, want, got)
		}
	}
	check("sequence", dot(gx, v), (value(w, moved(x, v, h))-value(w, moved(x, v, -h)))/(2*h))
	check("weights", dot(gw, dw), (value(moved(w, dw, h), x)-value(moved(w, dw, -h), x))/(2*h))
	check("features' tangent", dot(c, o.mean(tangents[2])), (value(w, moved(x, v, h))-value(w, moved(x, v, -h)))/(2*h))
	grad := func(x []float64) float64 {
		_, g := newConv1DOracle(shape, w, x).backward(c, nil)
		return dot(g, dw)
	}
	check("weight gradient's tangent", dot(gwDot, dw), (grad(moved(x, v, h))-grad(moved(x, v, -h)))/(2*h))
}

func dot(a, b []float64) float64 {
	var s float64
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

func TestConv1DDoesNotDependOnThreads(t *testing.T) {
	shape := device.Conv1DShape{Channels: []int{32, 16}, Kernel: 5, Length: 40 * conv1DChunk / 2}
	r := rng.New(3)
	w, x, v, c := normals(r, shape.Weights(), 0.2), normals(r, shape.Length, 1), normals(r, shape.Length, 1), normals(r, 16, 1)
	type result struct {
		features, featuresDot []float64
		dx, dw, dwDot         vec
	}
	var first *result
	for _, threads := range []int{1, 2, 3} {
		s := testBackend(t, threads).Conv1D(shape)
		s.Load(toVec(w))
		got := &result{make([]float64, 16), make([]float64, 16),
			alloc(shape.Length), alloc(shape.Weights()), alloc(shape.Weights())}
		s.Tangent(got.featuresDot, got.dwDot, toVec(x), toVec(v), c)
		s.Gradient(got.features, got.dx, got.dw, toVec(x), c)
		alone := vec(alloc(shape.Length))
		s.Gradient(got.features, alone, nil, toVec(x), c)
		if !slices.Equal(alone, got.dx) {
			t.Errorf("%d threads: the gradient depends on whether the weights' is asked for", threads)
		}
		if first == nil {
			first = got
			continue
		}
		if !slices.Equal(got.features, first.features) || !slices.Equal(got.featuresDot, first.featuresDot) ||
			!slices.Equal(got.dx, first.dx) || !slices.Equal(got.dw, first.dw) || !slices.Equal(got.dwDot, first.dwDot) {
			t.Errorf("%d threads: results differ from those of one", threads)
		}
	}
}

func TestConv1DDoesNotAllocate(t *testing.T) {
	shape := device.Conv1DShape{Channels: []int{16, 16}, Kernel: 9, Length: 600}
	s := testBackend(t, 2).Conv1D(shape)
	var x, v, dx, dw device.Buffer = vec(alloc(600)), vec(alloc(600)), vec(alloc(600)), vec(alloc(shape.Weights()))
	f, c := make([]float64, 16), make([]float64, 16)
	all := func() {
		s.Load(dw)
		s.Forward(f, x)
		s.Gradient(f, dx, nil, x, c)
		s.Gradient(f, dx, dw, x, c)
		s.Tangent(f, dw, x, v, c)
	}
	all() // scratch memory
	all() // of a worker that had nothing to do the first time
	if n := testing.AllocsPerRun(5, all); n > 0 {
		t.Errorf("%g allocations a run", n)
	}
}

// BenchmarkConv1DGradient measures the surrogate of the paper on the
// parameters of ResNet-8: GFLOP/s of one forward and one backward pass,
// without what neighbouring chunks compute twice.
func BenchmarkConv1DGradient(b *testing.B) {
	shape := device.Conv1DShape{Channels: []int{128, 64, 32}, Kernel: 9, Length: 75290}
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			r := rng.New(4)
			s := testBackend(b, threads).Conv1D(shape)
			s.Load(toVec(normals(r, shape.Weights(), 0.05)))
			x, dx := toVec(normals(r, shape.Length, 0.1)), vec(alloc(shape.Length))
			f, c := make([]float64, 32), normals(r, 32, 0.1)
			s.Gradient(f, dx, nil, x, c)
			for b.Loop() {
				s.Gradient(f, dx, nil, x, c)
			}
			macs := 2 * float64(shape.Weights()-128-64-32) * float64(shape.Length)
			b.ReportMetric(2e-9*macs*float64(b.N)/b.Elapsed().Seconds(), "GFLOP/s")
		})
	}
}
