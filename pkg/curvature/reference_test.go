package curvature

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	kernels "srn/kernels/cpu"
	"srn/pkg/artifact"
	"srn/pkg/device/cpu"
	"srn/pkg/nn"
	"srn/pkg/resnet"
)

// reference is what PyTorch and PyHessian found in float64 at the fixture;
// testdata/make_reference.py says how.
type reference struct {
	t *testing.T
	f *artifact.File
}

func readReference(t *testing.T) reference {
	t.Helper()
	f, err := artifact.Read("testdata/curvature8.safetensors.zst", artifact.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return reference{t, f}
}

func (r reference) values(name string) []float64 {
	r.t.Helper()
	x, ok := r.f.Tensor(name)
	if !ok {
		r.t.Fatalf("no reference %s", name)
	}
	v, err := x.Float64s()
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}

// flat gathers the parts of a vector under a prefix.
func flat(t *testing.T, f *artifact.File, prefix string, layout nn.Layout) []float32 {
	t.Helper()
	var v []float32
	for _, p := range layout {
		x, ok := f.Tensor(prefix + p.Name)
		if !ok {
			t.Fatalf("no reference %s%s", prefix, p.Name)
		}
		part, err := x.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		v = append(v, part...)
	}
	return v
}

// losses are all matrices that a network has.
var losses = map[string]func(*testing.T, *resnet.Net, fixture) Loss{
	"hessian": func(_ *testing.T, n *resnet.Net, f fixture) Loss {
		return NewCrossEntropy(n, f.images, f.labels, nn.Eval)
	},
	"ggn": func(_ *testing.T, n *resnet.Net, f fixture) Loss {
		return GaussNewton{NewCrossEntropy(n, f.images, f.labels, nn.Eval)}
	},
	"fisher": func(_ *testing.T, n *resnet.Net, f fixture) Loss {
		return NewFisher(NewCrossEntropy(n, f.images, f.labels, nn.Eval))
	},
	"margin": func(t *testing.T, n *resnet.Net, f fixture) Loss {
		m, err := NewMargin(n, f.images, f.labels, nn.Eval, 1)
		if err != nil {
			t.Fatal(err)
		}
		return m
	},
}

// operator is one of the losses over all images of the fixture.
func (f fixture) operator(t *testing.T, name string, batch int) *Hessian {
	t.Helper()
	be := cpu.New(2, kernels.Best())
	t.Cleanup(be.Close)
	net, err := resnet.New(be, resnet.Config{Arch: "resnet8", Classes: 10, Batch: batch, Tangents: true})
	if err != nil {
		t.Fatal(err)
	}
	f.state.Apply(net)
	h, err := NewHessian(losses[name](t, net, f), indices(len(f.labels)))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// sums are the trace and the Frobenius norm of a spectrum.
func sums(values []float64) (trace, frobenius float64) {
	for _, x := range values {
		trace += x
		frobenius += x * x
	}
	return trace, math.Sqrt(frobenius)
}

// TestProductsAgainstPyTorch compares the Gauss–Newton and the empirical Fisher
// matrix, times a vector, with those from the Jacobian of the logits. (The
// Hessian's product is compared in pkg/resnet.)
func TestProductsAgainstPyTorch(t *testing.T) {
	f, r := readFixture(t), readReference(t)
	layout, _, err := f.state.Layouts()
	if err != nil {
		t.Fatal(err)
	}
	v := flat(t, f.file, "v.", layout)
	for _, name := range []string{"ggn", "fisher"} {
		got := apply(t, f.operator(t, name, len(f.labels)), v)
		d := difference(got, flat(t, r.f, name+".", layout))
		t.Logf("%s: off by %.1e", name, d)
		if d > 1e-4 {
			t.Errorf("%s: product off by %g", name, d)
		}
	}
}

// TestSpectraAgainstPyTorch compares whole spectra where they are of low rank
// or of a small block, and the outermost eigenvalues otherwise.
func TestSpectraAgainstPyTorch(t *testing.T) {
	f, r := readFixture(t), readReference(t)
	n := len(f.labels)
	for _, c := range []struct {
		operator, values string
		order            Order
		k                int
	}{
		{"hessian", "hessian.largest", LargestAlgebraic, 6},
		{"hessian", "hessian.smallest", SmallestAlgebraic, 6},
		{"ggn", "ggn.eigenvalues", LargestAlgebraic, 20},
		{"fisher", "fisher.eigenvalues", LargestAlgebraic, 8},
		{"margin", "margin.extremes", BothEnds, 2},
	} {
		want := r.values(c.values)
		got, err := Lanczos(f.operator(t, c.operator, n), Options{K: c.k, Order: c.order, Tol: 1e-4, Verify: true})
		if err != nil {
			t.Fatal(err)
		}
		if !got.Converged {
			t.Errorf("%s: not converged", c.values)
		}
		for i, p := range got.Pairs {
			if !close64(p.Value, want[i], 1e-5*math.Abs(want[0])) {
				t.Errorf("%s: value %d is %.8g, PyTorch's %.8g", c.values, i, p.Value, want[i])
			}
		}
	}
}

// TestTracesAgainstPyTorch compares estimates of whole matrices with the sums
// of their exact spectra.
func TestTracesAgainstPyTorch(t *testing.T) {
	f, r := readFixture(t), readReference(t)
	for _, name := range []string{"ggn", "fisher"} {
		trace, frobenius := sums(r.values(name + ".eigenvalues"))
		op := f.operator(t, name, len(f.labels))
		got, err := HutchPP(op, TraceOptions{Products: 45})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: trace %.6g ± %.1e of %.6g, Frobenius norm %.6g ± %.1e of %.6g", name,
			got.Trace.Value, got.Trace.Error, trace, got.Frobenius.Value, got.Frobenius.Error, frobenius)
		if !close64(got.Trace.Value, trace, 4*got.Trace.Error) || !close64(got.Frobenius.Value, frobenius, 4*got.Frobenius.Error) {
			t.Errorf("%s: %+v, want trace %g and norm %g", name, got, trace, frobenius)
		}
		// A sketch of more dimensions than the rank leaves nothing to estimate.
		if name == "fisher" && got.Trace.Error > 1.5*got.TraceFloor {
			t.Errorf("standard error %g with a sketch of the whole range", got.Trace.Error)
		}
		// The quadrature is exact for the first moment but for the probes.
		d, err := SpectralDensity(op, DensityOptions{Runs: 4, Steps: 12})
		if err != nil {
			t.Fatal(err)
		}
		if !close64(d.Trace.Value, trace, 4*d.Trace.Error) {
			t.Errorf("%s: density's trace %+v, want %g", name, d.Trace, trace)
		}
		if _, hi := d.Range(); !close64(hi, r.values(name + ".eigenvalues")[0], 1e-4*hi) {
			t.Errorf("%s: density ends at %g, want %g", name, hi, r.values(name + ".eigenvalues")[0])
		}
	}
}

// TestBlockAgainstPyTorch compares the whole spectrum of the first
// convolution's block with that of the dense matrix.
func TestBlockAgainstPyTorch(t *testing.T) {
	f, r := readFixture(t), readReference(t)
	layout, _, err := f.state.Layouts()
	if err != nil {
		t.Fatal(err)
	}
	block, err := Select(layout, []string{"conv1.weight"})
	if err != nil {
		t.Fatal(err)
	}
	op := block.Restrict(f.operator(t, "hessian", len(f.labels)))
	n := op.Dim()
	dense := mat.NewSymDense(n, nil)
	e := make([]float32, n)
	for i := range n {
		e[i] = 1
		for j, x := range apply(t, op, e)[:i+1] {
			dense.SetSym(i, j, float64(x))
		}
		e[i] = 0
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(dense, false) {
		t.Fatal("no dense solution")
	}
	want := r.values("hessian.conv1.weight")
	scale := want[n-1]
	var worst float64
	for i, x := range eigen.Values(nil) {
		worst = max(worst, math.Abs(x-want[i]))
	}
	t.Logf("%d eigenvalues from %.6g to %.6g, off by %.1e of the largest", n, want[0], scale, worst/scale)
	if worst > 1e-5*scale {
		t.Errorf("eigenvalues off by %g", worst)
	}
	trace, frobenius := sums(want)
	got, err := HutchPP(op, TraceOptions{Products: 90})
	if err != nil {
		t.Fatal(err)
	}
	if !close64(got.Trace.Value, trace, 4*got.Trace.Error) || !close64(got.Frobenius.Value, frobenius, 4*got.Frobenius.Error) {
		t.Errorf("%+v, want trace %g and norm %g", got, trace, frobenius)
	}
}

// TestAgainstPyHessian compares with what that tool prints. It finds
// eigenvalues of largest magnitude, by power iteration on the same mean loss.
func TestAgainstPyHessian(t *testing.T) {
	f, r := readFixture(t), readReference(t)
	op := f.operator(t, "hessian", len(f.labels))
	want := r.values("pyhessian.eigenvalues")
	got, err := Lanczos(op, Options{K: len(want), Order: LargestMagnitude, Tol: 1e-4, Verify: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range got.Pairs {
		t.Logf("value %d: %.8g, PyHessian's %.8g", i, p.Value, want[i])
		// Its errors are those of a change of 1e-7 at each of many steps.
		if !close64(p.Value, want[i], 1e-4*want[0]) {
			t.Errorf("value %d: %.8g, PyHessian's %.8g", i, p.Value, want[i])
		}
	}
	// By its default tolerance it stops between the two largest, which are close:
	// a small change is no small residual.
	if d := r.values("pyhessian.default")[0]; !(d > want[1] && d < want[0]) {
		t.Errorf("PyHessian by default %.8g, between %.8g and %.8g no longer", d, want[1], want[0])
	}
	theirs := r.values("pyhessian.trace")
	ours, err := HutchPP(op, TraceOptions{Products: 90})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("trace %.6g ± %.2g, PyHessian's %.6g ± %.2g", ours.Trace.Value, ours.Trace.Error, theirs[0], theirs[1])
	if !close64(ours.Trace.Value, theirs[0], 4*math.Hypot(ours.Trace.Error, theirs[1])) {
		t.Errorf("trace %+v, PyHessian's %v", ours.Trace, theirs)
	}
}

// TestChunking asks for the same results however the images are cut into
// passes: to 1e-6, last passes that are short included.
func TestChunking(t *testing.T) {
	f := readFixture(t)
	n := len(f.labels)
	for name := range losses {
		var want []float64
		for _, batch := range []int{n, 3} {
			h := f.operator(t, name, batch)
			top, err := Lanczos(h, Options{K: 2, Order: BothEnds, Tol: 1e-4, Verify: true})
			if err != nil {
				t.Fatal(err)
			}
			trace, err := HutchPP(h, TraceOptions{Products: 12})
			if err != nil {
				t.Fatal(err)
			}
			got := []float64{h.Loss(), top.Pairs[0].Value, top.Pairs[1].Value, trace.Trace.Value, trace.Frobenius.Value}
			if want == nil {
				want = got
			}
			scale := math.Abs(want[1]) + math.Abs(want[2])
			for i, x := range got {
				if i == 0 && !close64(x, want[0], 1e-6*math.Abs(want[0])) || i > 0 && !close64(x, want[i], 1e-6*max(scale, math.Abs(want[i]))) {
					t.Errorf("%s, passes of %d: result %d is %.9g, want %.9g", name, batch, i, x, want[i])
				}
			}
		}
	}
}
