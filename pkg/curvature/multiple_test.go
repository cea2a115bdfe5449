package curvature

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"srn/pkg/resnet"
)

// TestZeroHead finds the eigenvalues of a network whose classifier is zero,
// each nine-fold: its Gauss–Newton matrix is (I/10 − 11ᵀ/100) ⊗ M over the
// classifier's parameters and zero elsewhere, with M the mean of f·fᵀ over the
// images' features f and a one.
func TestZeroHead(t *testing.T) {
	f := readFixture(t)
	h := f.operator(t, "ggn", len(f.labels))
	net := h.loss.(GaussNewton).net.(*resnet.Net)
	params := make([]float32, h.Dim())
	net.Backend().Read(params, net.Params())
	for _, name := range []string{"linear.weight", "linear.bias"} {
		p, _ := net.Layout().Find(name)
		clear(params[p.Offset:][:p.Len()])
	}
	net.Backend().Write(net.Params(), params)
	net.Load()
	if _, err := h.loss.Load(h.examples); err != nil {
		t.Fatal(err)
	}
	features := make([]float32, net.Features().Len())
	net.Backend().Read(features, net.Features())
	n, width := len(f.labels), len(features)/len(f.labels)
	m := mat.NewSymDense(width+1, nil)
	for i := range n {
		x := mat.NewVecDense(width+1, nil)
		for k := range width {
			x.SetVec(k, float64(features[i*width+k]))
		}
		x.SetVec(width, 1)
		m.SymRankOne(m, 0.1/float64(n), x)
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(m, false) {
		t.Fatal("no dense solution")
	}
	var want []float64
	for _, x := range wantedValues(eigen.Values(nil), LargestAlgebraic, 3) {
		for range 9 {
			want = append(want, x)
		}
	}
	for _, k := range []int{5, 9, 12} {
		for seed := range uint64(3) {
			r, err := Lanczos(h, Options{K: k, Seed: seed, Verify: true})
			if err != nil {
				t.Fatal(err)
			}
			if !r.Converged {
				t.Errorf("%d pairs, seed %d: not converged", k, seed)
			}
			for i, p := range r.Pairs {
				if math.Abs(p.Value-want[i]) > max(1e-3*want[i], MatrixFloor*want[0]) {
					t.Errorf("%d pairs, seed %d: value %d is %.6g, want %.6g", k, seed, i, p.Value, want[i])
				}
			}
			t.Logf("%d pairs, seed %d: %d products, %d checks", k, seed, r.HVPs, r.Rounds)
		}
	}
}

// TestNullSpaces asks for eigenvalues that are zero: they end at the floor, and
// no value in between is taken for one of them.
func TestNullSpaces(t *testing.T) {
	f, r := readFixture(t), readReference(t)
	for _, c := range []struct {
		operator string
		order    Order
		k        int
	}{
		{"fisher", SmallestAlgebraic, 2},
		{"ggn", SmallestAlgebraic, 2},
		{"ggn", BothEnds, 4},
		{"fisher", LargestAlgebraic, 12}, // of 8 that are not zero
	} {
		largest := r.values(c.operator + ".eigenvalues")
		for seed := range uint64(3) {
			got, err := Lanczos(f.operator(t, c.operator, len(f.labels)), Options{K: c.k, Order: c.order, Seed: seed, Verify: true})
			if err != nil {
				t.Fatal(err)
			}
			if !got.Converged {
				t.Errorf("%s %s: not converged after %d steps", c.operator, c.order, got.Steps)
			}
			for i, p := range got.Pairs {
				want := 0.0
				switch {
				case c.order == LargestAlgebraic && i < len(largest):
					want = largest[i]
				case c.order == BothEnds && i%2 == 0:
					want = largest[i/2]
				}
				if math.Abs(p.Value-want) > max(1e-3*want, MatrixFloor*largest[0]) {
					t.Errorf("%s %s%d, seed %d: value %d is %.6g, want %.6g", c.operator, c.order, c.k, seed, i, p.Value, want)
				}
				if (p.Status == WithinTolerance) != (p.Residual <= 1e-3*math.Abs(p.Value)) || want == 0 && p.Status != AtFloor {
					t.Errorf("%s %s%d, seed %d: value %d, %.3g, with residual %.3g of floor %.3g: %s", c.operator, c.order, c.k, seed, i, p.Value, p.Residual, p.Floor, p.Status)
				}
			}
		}
	}
}
