package curvature

import (
	"math"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/device/cpu"
	"srn/pkg/nn"
	"srn/pkg/resnet"
)

// margin is the margin of the fixture's network, with the network.
func (f fixture) margin(t *testing.T, batch int, tau float64) (*Margin, *resnet.Net) {
	t.Helper()
	be := cpu.New(1, kernels.Best())
	t.Cleanup(be.Close)
	net, err := resnet.New(be, resnet.Config{Arch: "resnet8", Classes: 10, Batch: batch, Tangents: true})
	if err != nil {
		t.Fatal(err)
	}
	f.state.Apply(net)
	m, err := NewMargin(net, f.images, f.labels, nn.Eval, tau)
	if err != nil {
		t.Fatal(err)
	}
	return m, net
}

// TestSmoothMargin compares with the definition, its limit, and its derivative.
func TestSmoothMargin(t *testing.T) {
	z := []float32{1, 3, -2, 2.5}
	q := make([]float64, len(z))
	for c := range z {
		for _, tau := range []float64{0.5, 1, 4} {
			var sum, top = 0.0, math.Inf(-1)
			for j, v := range z {
				if j != c {
					sum += math.Exp(tau * float64(v))
					top = max(top, float64(v))
				}
			}
			want := float64(z[c]) - math.Log(sum)/tau
			if got := smoothMargin(q, z, c, tau); math.Abs(got-want) > 1e-14 {
				t.Errorf("class %d, τ %g: %g, want %g", c, tau, got, want)
			}
			if plain := float64(z[c]) - top; want > plain || want < plain-math.Log(3)/tau {
				t.Errorf("class %d, τ %g: %g is not within log(3)/τ below %g", c, tau, want, plain)
			}
			for j, v := range z {
				derivative := 0.0
				if j != c {
					derivative = math.Exp(tau*float64(v)) / sum
				}
				if math.Abs(q[j]-derivative) > 1e-15 {
					t.Errorf("class %d, τ %g: share of rival %d is %g, want %g", c, tau, j, q[j], derivative)
				}
			}
		}
	}
	// Large logits overflow nothing; the limit of a large τ is the margin.
	if got := smoothMargin(q, []float32{1e4, -1e4, 9e3, 8e3}, 0, 100); math.Abs(got-1e3) > 1e-9 {
		t.Errorf("margin %g, want 1000", got)
	}
}

// TestMarginHessian compares products with central differences of the
// gradient, and the gradient with differences of the value: all of the margin.
func TestMarginHessian(t *testing.T) {
	f := readFixture(t)
	n := len(f.labels)
	for _, tau := range []float64{1, 5} {
		m, net := f.margin(t, n, tau)
		h, err := NewHessian(m, indices(n))
		if err != nil {
			t.Fatal(err)
		}
		// Along a large eigenvector the curvature stands out against the kinks
		// of the rectifiers, which a difference steps over.
		r, err := Lanczos(h, Options{Order: LargestMagnitude, Tol: 0.1})
		if err != nil {
			t.Fatal(err)
		}
		v := r.Pairs[0].Vector
		at := func(step float64) (value float64, gradient []float32) {
			p := make([]float32, m.Dim())
			for i, x := range f.state.Params {
				p[i] = float32(float64(x) + step*float64(v[i]))
			}
			net.Backend().Write(net.Params(), p)
			net.Load()
			sum, err := m.Load(indices(n))
			if err != nil {
				t.Fatal(err)
			}
			gradient = make([]float32, m.Dim())
			net.Backend().Read(gradient, net.Grad())
			return sum / float64(n), gradient
		}
		const step = 5e-5
		up, gradUp := at(step)
		down, gradDown := at(-step)
		_, gradient := at(0)
		hv := make([]float32, m.Dim())
		if err := m.HVP(hv, v); err != nil {
			t.Fatal(err)
		}
		var slope, vhv, differences float64
		for i, x := range v {
			slope += float64(x) * float64(gradient[i])
			vhv += float64(x) * float64(hv[i])
			differences += float64(x) * (float64(gradUp[i]) - float64(gradDown[i])) / (2 * step)
		}
		if d := (up - down) / (2 * step); math.Abs(d-slope) > 1e-2*math.Abs(slope)+1e-4 {
			t.Errorf("τ %g: slope %g, by differences %g", tau, slope, d)
		}
		t.Logf("τ %g: vᵀHv %.6g, by differences %.6g", tau, vhv, differences)
		if math.Abs(differences-vhv) > 5e-3*math.Abs(vhv) {
			t.Errorf("τ %g: vᵀHv %g, by differences %g", tau, vhv, differences)
		}
	}
}

// TestMarginBatches: many batches give the same product as one.
func TestMarginBatches(t *testing.T) {
	f := readFixture(t)
	n := len(f.labels)
	var want []float32
	var mean float64
	for i, batch := range []int{n, 3, 1} {
		m, _ := f.margin(t, batch, 2)
		h, err := NewHessian(m, indices(n))
		if err != nil {
			t.Fatal(err)
		}
		v := direction(m.Dim())
		// Along large eigenvectors, where rounding does not show.
		v = apply(t, h, apply(t, h, v))
		got := apply(t, h, v)
		if i == 0 {
			want, mean = got, h.Loss()
			continue
		}
		if d := difference(got, want); d > 1e-4 || math.Abs(h.Loss()-mean) > 1e-6*math.Abs(mean) {
			t.Errorf("batches of %d: product off by %g; margin %g, want %g", batch, d, h.Loss(), mean)
		}
	}
}

func TestMarginRefusesTau(t *testing.T) {
	f := readFixture(t)
	_, net := f.margin(t, 1, 1)
	for _, tau := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if _, err := NewMargin(net, f.images, f.labels, nn.Eval, tau); err == nil {
			t.Errorf("τ %g is taken", tau)
		}
	}
}
