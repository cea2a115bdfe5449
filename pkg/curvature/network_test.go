package curvature

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/checkpoint/checkpointtest"
	"srn/pkg/device"
	"srn/pkg/device/cpu"
	"srn/pkg/nn"
	"srn/pkg/resnet"
)

// fixture is the ResNet-8 whose values PyTorch computed in float64, see
// pkg/resnet/testdata/make_reference.py.
type fixture struct {
	file   *artifact.File
	state  *checkpoint.Checkpoint
	images *device.Images
	labels []int32
}

func readFixture(t *testing.T) fixture {
	t.Helper()
	const path = "../resnet/testdata/resnet8.safetensors.zst"
	f, err := artifact.Read(path, artifact.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	triple := func(name string) *[3]float32 {
		x, _ := f.Tensor(name)
		v, err := x.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		return (*[3]float32)(v)
	}
	mean, std := triple("mean"), triple("std")
	state, err := checkpoint.Decode(path, checkpointtest.Part(t, f, "resnet8", 10), checkpoint.Overrides{Arch: "resnet8", Mean: mean, Std: std})
	if err != nil {
		t.Fatal(err)
	}
	pixels, _ := f.Tensor("pixels")
	y, _ := f.Tensor("labels")
	labels, err := y.Int32s()
	if err != nil {
		t.Fatal(err)
	}
	return fixture{f, state, &device.Images{Pixels: pixels.Data, Size: 32, Mean: *mean, Std: *std}, labels}
}

// hessian is the operator over examples of the fixture.
func (f fixture) hessian(t *testing.T, threads, batch int, mode nn.Mode, examples []int32) *Hessian {
	t.Helper()
	be := cpu.New(threads, kernels.Best())
	t.Cleanup(be.Close)
	net, err := resnet.New(be, resnet.Config{Arch: "resnet8", Classes: 10, Batch: batch, Tangents: true})
	if err != nil {
		t.Fatal(err)
	}
	f.state.Apply(net)
	h, err := NewHessian(NewCrossEntropy(net, f.images, f.labels, mode), examples)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func direction(dim int) []float32 {
	r := rand.New(rand.NewPCG(3, 4))
	v := make([]float32, dim)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

func apply(t *testing.T, op Operator, v []float32) []float32 {
	t.Helper()
	dst := make([]float32, op.Dim())
	if err := op.Apply(dst, v); err != nil {
		t.Fatal(err)
	}
	return dst
}

// difference is ‖a−b‖/‖b‖.
func difference(a, b []float32) float64 {
	var d, n float64
	for i := range a {
		d += (float64(a[i]) - float64(b[i])) * (float64(a[i]) - float64(b[i]))
		n += float64(b[i]) * float64(b[i])
	}
	return math.Sqrt(d / n)
}

// TestLambdaMaxAgainstPyTorch compares with a double-backward computation.
func TestLambdaMaxAgainstPyTorch(t *testing.T) {
	f := readFixture(t)
	x, ok := f.file.Tensor("eval.lambda_max")
	if !ok {
		t.Fatal("no reference")
	}
	want, err := x.Float64s()
	if err != nil {
		t.Fatal(err)
	}
	n := len(f.labels)
	for _, batch := range []int{n, 3} {
		r, err := Lanczos(f.hessian(t, 2, batch, nn.Eval, indices(n)), Options{Tol: 1e-3, Verify: true})
		if err != nil {
			t.Fatal(err)
		}
		p := r.Pairs[0]
		t.Logf("batches of %d: λ_max %.7f, PyTorch %.7f, relative residual %.1e, %d products", batch, p.Value, want[0], p.Relative(), r.HVPs)
		if !r.Converged || math.Abs(p.Value-want[0]) > 1e-4*want[0] {
			t.Errorf("batches of %d: λ_max %.7f, PyTorch %.7f", batch, p.Value, want[0])
		}
	}
}

// TestPowerAgreesWithLanczos on the network, by magnitude.
func TestPowerAgreesWithLanczos(t *testing.T) {
	f := readFixture(t)
	h := f.hessian(t, 2, len(f.labels), nn.Eval, indices(len(f.labels)))
	a, err := Lanczos(h, Options{Order: LargestMagnitude, Tol: 1e-4})
	if err != nil {
		t.Fatal(err)
	}
	b, err := PowerIteration(h, Options{Tol: 3e-2})
	if err != nil {
		t.Fatal(err)
	}
	x, y := a.Pairs[0], b.Pairs[0]
	t.Logf("Lanczos %.7f in %d products, power iteration %.7f in %d", x.Value, a.HVPs, y.Value, b.HVPs)
	// An eigenvalue lies within the residual.
	if !b.Converged || math.Abs(x.Value-y.Value) > x.Residual+y.Residual {
		t.Errorf("Lanczos %g, power iteration %g with residual %g", x.Value, y.Value, y.Residual)
	}
}

func TestNetworkBatches(t *testing.T) {
	f := readFixture(t)
	n := len(f.labels)
	whole := f.hessian(t, 1, n, nn.Eval, indices(n))
	// Twice multiplied, a vector lies among the large eigenvectors, as those
	// that algorithms end with. Along others cancellation shows more rounding.
	v := apply(t, whole, apply(t, whole, direction(whole.Dim())))
	want := apply(t, whole, v)
	for _, batch := range []int{1, 3, n - 1, 2 * n} {
		h := f.hessian(t, 1, batch, nn.Eval, indices(n))
		got := apply(t, h, v)
		d := difference(got, want)
		t.Logf("batches of %d: off by %.1e", batch, d)
		if d > 1e-6 || math.Abs(h.Loss()-whole.Loss()) > 1e-6*whole.Loss() {
			t.Errorf("batches of %d: product off by %g; loss %g, want %g", batch, d, h.Loss(), whole.Loss())
		}
	}
}

// TestNetworkThreads asks for equal bits at any number of threads, with more
// than one chunk of images.
func TestNetworkThreads(t *testing.T) {
	f := readFixture(t)
	examples := make([]int32, 20)
	for i := range examples {
		examples[i] = int32(i % len(f.labels))
	}
	for _, mode := range []nn.Mode{nn.Eval, nn.TrainFrozen} {
		one := f.hessian(t, 1, 18, mode, examples)
		v := direction(one.Dim())
		want := apply(t, one, v)
		for _, threads := range []int{2} {
			if got := apply(t, f.hessian(t, threads, 18, mode, examples), v); !slices.Equal(got, want) {
				t.Errorf("mode %v: %d threads give other bits than one", mode, threads)
			}
		}
	}
}

// TestNetworkSymmetry checks uᵀHv = vᵀHu, and that a product leaves nothing
// behind that changes the next.
func TestNetworkSymmetry(t *testing.T) {
	f := readFixture(t)
	for _, mode := range []nn.Mode{nn.Eval, nn.TrainFrozen} {
		h := f.hessian(t, 2, len(f.labels), mode, indices(len(f.labels)))
		v := direction(h.Dim())
		u := slices.Clone(v)
		slices.Reverse(u)
		hv, hu := apply(t, h, v), apply(t, h, u)
		if again := apply(t, h, v); !slices.Equal(again, hv) {
			t.Errorf("mode %v: the same product twice differs", mode)
		}
		wide := make([]float64, h.Dim())
		widen(wide, hv)
		uhv, size := dot(u, wide), norm(wide)
		widen(wide, hu)
		vhu := dot(v, wide)
		var un float64
		for _, x := range u {
			un += float64(x) * float64(x)
		}
		if math.Abs(uhv-vhu) > 1e-5*size*math.Sqrt(un) {
			t.Errorf("mode %v: uᵀHv %g, vᵀHu %g", mode, uhv, vhu)
		}
	}
}

// TestProductsKeepNothing: memory does not grow from product to product, nor
// from pass to pass.
func TestProductsKeepNothing(t *testing.T) {
	f := readFixture(t)
	for _, batch := range []int{len(f.labels), 3} {
		h := f.hessian(t, 1, batch, nn.Eval, indices(len(f.labels)))
		v, hv := direction(h.Dim()), make([]float32, h.Dim())
		if n := testing.AllocsPerRun(5, func() {
			if err := h.Apply(hv, v); err != nil {
				t.Fatal(err)
			}
		}); n > 16 {
			t.Errorf("passes of %d: a product allocates %v times", batch, n)
		}
	}
}
