package curvature

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"srn/pkg/nn"
)

// TestSamplingOfNetwork: the terms are each image's own, as float64 has them,
// their mean is the quotient, and of a few images one can carry it.
func TestSamplingOfNetwork(t *testing.T) {
	f := readFixture(t)
	n := len(f.labels)
	s := newSubject(t, f, nn.Eval, 5)
	layout := s.net.Layout()
	block, err := Select(layout, []string{"layer2.*", "linear.*"})
	if err != nil {
		t.Fatal(err)
	}
	for _, matrix := range []Matrix{HessianMatrix, GGNMatrix, FisherMatrix, MarginMatrix} {
		h, err := NewHessian(s.loss(t, matrix), indices(n))
		if err != nil {
			t.Fatal(err)
		}
		d := make([]float32, h.Dim())
		for i := range d {
			d[i] = 0.5 + float32(i%3)
		}
		for name, op := range map[string]Operator{"whole": h, "block": block.Restrict(h), "shifted": Shifted{block.Restrict(h), 3}, "scaled": NewScaled(h, d)} {
			r, err := Lanczos(op, Options{Tol: 1e-2, Verify: true})
			if err != nil {
				t.Fatal(err)
			}
			list, err := SamplingOf(op, r.Pairs[0].Vector)
			if err != nil {
				t.Fatal(err)
			}
			got := list[0]
			if math.Abs(got.Value-r.Pairs[0].Value) > 1e-5*math.Abs(r.Pairs[0].Value) {
				t.Errorf("%s, %s: mean of the terms %.8g, quotient %.8g", matrix, name, got.Value, r.Pairs[0].Value)
			}
			if got.Terms != n || !(got.Error > 0) || got.Effective < 1 && matrix != HessianMatrix && matrix != MarginMatrix || got.Effective > float64(n) {
				t.Errorf("%s, %s: %+v", matrix, name, got)
			}
		}
		r, err := Lanczos(h, Options{Tol: 1e-2})
		if err != nil {
			t.Fatal(err)
		}
		v := r.Pairs[0].Vector
		terms, _, err := h.terms([][]float32{direction(len(v)), v})
		if err != nil {
			t.Fatal(err)
		}
		q, wide := terms[1], make([]float64, len(v))
		widen(wide, v)
		reference := s.reference(t, matrix)
		for i := range n {
			product, err := reference.product([]int32{int32(i)}, wide)
			if err != nil {
				t.Fatal(err)
			}
			if want := dot(v, product); math.Abs(q[i]-want) > 1e-4*math.Abs(r.Pairs[0].Value) {
				t.Errorf("%s, image %d: %.8g, want %.8g", matrix, i, q[i], want)
			}
		}
	}
}

func TestSamplingOfBatches(t *testing.T) {
	f := readFixture(t)
	n := len(f.labels)
	h, err := NewHessian(newSubject(t, f, nn.TrainFrozen, 3).loss(t, HessianMatrix), indices(n))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Lanczos(h, Options{Tol: 1e-2, Verify: true})
	if err != nil {
		t.Fatal(err)
	}
	list, err := SamplingOf(h, r.Pairs[0].Vector)
	if err != nil {
		t.Fatal(err)
	}
	s := list[0]
	if s.Terms != (n+2)/3 || s.Example != -1 || math.Abs(s.Value-r.Pairs[0].Value) > 1e-5*r.Pairs[0].Value {
		t.Errorf("%+v, want a mean of %d batches, %g", s, (n+2)/3, r.Pairs[0].Value)
	}
	if h, err = NewHessian(newSubject(t, f, nn.TrainFrozen, n).loss(t, HessianMatrix), indices(n)); err != nil {
		t.Fatal(err)
	}
	if list, err = SamplingOf(h, r.Pairs[0].Vector); err != nil || !math.IsNaN(list[0].Error) {
		t.Errorf("one batch: %+v, %v; want no error bar", list, err)
	}
	if _, err := NewCrossFit(h, Options{}); !errors.Is(err, ErrFewExamples) {
		t.Errorf("one batch halved: %v", err)
	}
}

func TestSamplingFormulas(t *testing.T) {
	s := sampling([]float64{1, 2, 3, 4}, []float64{0.25, 0.25, 0.25, 0.25})
	if want := math.Sqrt(5.0 / 3 / 4); s.Value != 2.5 || !close64(s.Error, want, 1e-12) || !close64(s.Effective, 100.0/30, 1e-12) || s.Share != 0.4 || s.largest != 3 {
		t.Errorf("%+v, want an error of %g", s, want)
	}
	if s = sampling([]float64{0, 8, 0, 0}, []float64{0.25, 0.25, 0.25, 0.25}); s.Effective != 1 || s.Share != 1 || s.Value != 2 || s.Error != 2 {
		t.Errorf("one carries all: %+v", s)
	}
	if _, err := SamplingOf(diagonal([]float64{1, 2}), []float32{1, 0}); !errors.Is(err, ErrNotSampled) {
		t.Errorf("a matrix of no examples: %v", err)
	}
}

// TestCrossFit draws samples out of a population whose matrix is known: λ_max
// of samples is too large in the mean, cross-fitted values are not, and the
// interval made of both holds the truth as often as it should.
func TestCrossFit(t *testing.T) {
	const population, features, classes = 4000, 8, 3
	loss := newSoftmaxRegression(population, features, classes, population)
	var eigen mat.EigenSym
	if !eigen.Factorize(loss.dense(), false) {
		t.Fatal("no dense solution")
	}
	truth := wantedValues(eigen.Values(nil), LargestAlgebraic, 1)[0]
	r := rand.New(rand.NewPCG(8, 9))
	order := r.Perm(population)
	for _, n := range []int{40, 200} {
		var upper, lower, covered, count float64
		for at := 0; at+n <= population && count < 40; at += n {
			var examples []int32
			for _, i := range order[at : at+n] {
				examples = append(examples, int32(i))
			}
			h, err := NewHessian(loss, examples)
			if err != nil {
				t.Fatal(err)
			}
			top, err := Lanczos(h, Options{Tol: 1e-4})
			if err != nil {
				t.Fatal(err)
			}
			list, err := SamplingOf(h, top.Pairs[0].Vector)
			if err != nil {
				t.Fatal(err)
			}
			s := list[0]
			c, err := NewCrossFit(h, Options{Tol: 1e-4, Seed: 3})
			if err != nil || !c.Converged {
				t.Fatal(c, err)
			}
			count++
			upper += s.Value
			lower += c.Value
			if c.Value-1.96*c.Error <= truth && truth <= s.Value+1.96*s.Error {
				covered++
			}
		}
		upper, lower = upper/count, lower/count
		t.Logf("%d examples: λ_max %.4f in the mean, cross-fitted %.4f, truth %.4f; %g of %g intervals hold it", n, upper, lower, truth, covered, count)
		if !(upper > truth && lower < truth) {
			t.Errorf("%d examples: means %.4f and %.4f do not bracket %.4f", n, lower, upper, truth)
		}
		if covered < 0.9*count {
			t.Errorf("%d examples: %g of %g intervals hold the truth", n, covered, count)
		}
	}
	h, _ := NewHessian(loss, []int32{1, 2, 3})
	if _, err := NewCrossFit(h, Options{}); !errors.Is(err, ErrFewExamples) {
		t.Errorf("three examples halved: %v", err)
	}
}
