package curvature

import (
	"math"
	"testing"

	"srn/pkg/nn"
	"srn/pkg/resnet"
)

func TestScaledMatrix(t *testing.T) {
	values := []float64{5, 3, -2, 1}
	d := []float32{1, 2, 0.5, 3}
	r, err := Lanczos(NewScaled(diagonal(values), d), Options{K: 4, Tol: 1e-9})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{12, 9, 5, -0.5} {
		if got := r.Pairs[i].Value; math.Abs(got-want) > 1e-5 {
			t.Errorf("eigenvalue %d: %g, want %g", i, got, want)
		}
	}
}

// TestScaledIsInvariant multiplies each convolution by a number of its own,
// which batch normalisation by the batch's statistics undoes: the loss stays,
// λ_max does not, and that of D·H·D does.
func TestScaledIsInvariant(t *testing.T) {
	f := readFixture(t)
	n := len(f.labels)
	layout, _, err := resnet.Layouts("resnet8", 10)
	if err != nil {
		t.Fatal(err)
	}
	measure := func() (loss, plain, scaled float64) {
		h := f.hessian(t, 1, n, nn.TrainFrozen, indices(n))
		d := make([]float32, h.Dim())
		for _, p := range layout {
			if len(p.Shape) != 4 {
				continue
			}
			var sum float64
			for _, x := range f.state.Params[p.Offset : p.Offset+p.Len()] {
				sum += float64(x) * float64(x)
			}
			for i := range p.Len() {
				d[p.Offset+i] = float32(math.Sqrt(sum))
			}
		}
		for _, op := range []Operator{h, NewScaled(h, d)} {
			r, err := Lanczos(op, Options{Tol: 1e-3})
			if err != nil {
				t.Fatal(err)
			}
			plain, scaled = scaled, r.Pairs[0].Value
		}
		return h.Loss(), plain, scaled
	}
	loss, plain, scaled := measure()
	factor := float32(1.5)
	for _, p := range layout {
		if len(p.Shape) == 4 {
			for i := range p.Len() {
				f.state.Params[p.Offset+i] *= factor
			}
			factor = 3.2 - factor // 1.5, 1.7, 1.5, …
		}
	}
	loss2, plain2, scaled2 := measure()
	t.Logf("loss %.6g and %.6g, λ_max %.6g and %.6g, of D·H·D %.6g and %.6g", loss, loss2, plain, plain2, scaled, scaled2)
	if math.Abs(loss2-loss) > 1e-3*loss || math.Abs(scaled2-scaled) > 1e-3*scaled || math.Abs(plain2-plain) < 1e-2*plain {
		t.Error("D·H·D depends on the scale of weights that do not matter, or the Hessian does not")
	}
}
