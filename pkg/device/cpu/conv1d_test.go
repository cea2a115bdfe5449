package cpu

import (
	"fmt"
	"slices"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/device"
	"srn/pkg/rng"
)

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

func testBackend(t testing.TB, threads int) *Backend {
	b := New(threads, kernels.Best())
	t.Cleanup(b.Close)
	return b
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
