package curvature

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"gonum.org/v1/gonum/mat"

	"srn/pkg/nn"
)

// softmaxRegression is the cross-entropy of a linear classifier: its Hessian
// is the mean of (diag(p) − p·pᵀ) ⊗ x·xᵀ.
type softmaxRegression struct {
	x       [][]float64
	y       []int
	classes int
	w       []float64 // classes×features
	batch   int
	loads   int
	loaded  []int32
}

func newSoftmaxRegression(n, features, classes, batch int) *softmaxRegression {
	r := rand.New(rand.NewPCG(1, 2))
	s := &softmaxRegression{classes: classes, batch: batch}
	for range n {
		x := make([]float64, features)
		for i := range x {
			x[i] = r.NormFloat64()
		}
		s.x = append(s.x, x)
		s.y = append(s.y, r.IntN(classes))
	}
	for range classes * features {
		s.w = append(s.w, r.NormFloat64())
	}
	return s
}

func (s *softmaxRegression) Dim() int   { return len(s.w) }
func (s *softmaxRegression) Batch() int { return s.batch }

func (s *softmaxRegression) probabilities(x []float64) []float64 {
	p := make([]float64, s.classes)
	var sum float64
	for k := range p {
		var z float64
		for i, xi := range x {
			z += s.w[k*len(x)+i] * xi
		}
		p[k] = math.Exp(z)
		sum += p[k]
	}
	for k := range p {
		p[k] /= sum
	}
	return p
}

func (s *softmaxRegression) Load(examples []int32) (float64, error) {
	if len(examples) > s.batch {
		return 0, fmt.Errorf("%d examples in a batch of %d", len(examples), s.batch)
	}
	s.loads++
	s.loaded = examples
	var sum float64
	for _, e := range examples {
		sum -= math.Log(s.probabilities(s.x[e])[s.y[e]])
	}
	return sum, nil
}

func (s *softmaxRegression) HVP(dst, v []float32) error {
	acc := make([]float64, len(dst))
	for _, e := range s.loaded {
		x := s.x[e]
		p := s.probabilities(x)
		xv := make([]float64, s.classes)
		var mean float64
		for k := range p {
			for i, xi := range x {
				xv[k] += xi * float64(v[k*len(x)+i])
			}
			mean += p[k] * xv[k]
		}
		for k := range p {
			for i, xi := range x {
				acc[k*len(x)+i] += p[k] * (xv[k] - mean) * xi / float64(len(s.loaded))
			}
		}
	}
	narrow(dst, acc, 1)
	return nil
}

func (s *softmaxRegression) dense() *mat.SymDense {
	n, f := len(s.w), len(s.x[0])
	h := mat.NewSymDense(n, nil)
	for _, x := range s.x {
		p := s.probabilities(x)
		for a := range n {
			for b := a; b < n; b++ {
				c := -p[a/f] * p[b/f]
				if a/f == b/f {
					c += p[a/f]
				}
				h.SetSym(a, b, h.At(a, b)+c*x[a%f]*x[b%f]/float64(len(s.x)))
			}
		}
	}
	return h
}

func indices(n int) []int32 {
	list := make([]int32, n)
	for i := range list {
		list[i] = int32(i)
	}
	return list
}

// TestHessianBatches checks the mean over all examples against the dense
// Hessian, whatever the batch, also where the last one is short.
func TestHessianBatches(t *testing.T) {
	const n = 53
	dense := newSoftmaxRegression(n, 6, 4, n).dense()
	var eigen mat.EigenSym
	eigen.Factorize(dense, false)
	want := wantedValues(eigen.Values(nil), LargestAlgebraic, 3)
	for _, batch := range []int{1, 7, 10, 52, 53, 200} {
		loss := newSoftmaxRegression(n, 6, 4, batch)
		h, err := NewHessian(loss, indices(n))
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		h.OnBatch = func(examples int) error { seen += examples; return nil }
		r, err := Lanczos(h, Options{K: 3, Tol: 1e-5, Verify: true})
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range r.Pairs {
			if !close64(p.Value, want[i], 1e-6*want[0]) {
				t.Errorf("batch %d, value %d: %.9g, want %.9g", batch, i, p.Value, want[i])
			}
		}
		if seen != n*r.HVPs {
			t.Errorf("batch %d: %d examples in %d products", batch, seen, r.HVPs)
		}
		sum, _ := newSoftmaxRegression(n, 6, 4, n).Load(indices(n))
		if !close64(h.Loss(), sum/n, 1e-12) {
			t.Errorf("batch %d: loss %g, want %g", batch, h.Loss(), sum/n)
		}
		if batch >= n && loss.loads != 1 {
			t.Errorf("batch %d: loaded %d times, once is enough", batch, loss.loads)
		}
	}
}

func TestHessianErrors(t *testing.T) {
	loss := newSoftmaxRegression(5, 2, 2, 2)
	if _, err := NewHessian(loss, nil); err == nil {
		t.Error("no examples accepted")
	}
	h, _ := NewHessian(loss, indices(5))
	stop := errors.New("stop")
	h.OnBatch = func(int) error { return stop }
	v := make([]float32, h.Dim())
	if err := h.Apply(make([]float32, h.Dim()), v); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
	loss.w[0] = math.NaN()
	h.OnBatch = nil
	if err := h.Apply(make([]float32, h.Dim()), v); !errors.Is(err, ErrNotFinite) {
		t.Errorf("error %v", err)
	}
}

// Products of several vectors have the bits of single ones, and run each batch
// once.
func TestApplyAll(t *testing.T) {
	const n, features, classes = 30, 4, 3
	for _, batch := range []int{7, n} {
		loss := newSoftmaxRegression(n, features, classes, batch)
		h, err := NewHessian(loss, indices(n))
		if err != nil {
			t.Fatal(err)
		}
		block := Block{Tensors: []nn.Param{{Name: "w", Shape: []int{5}, Offset: 3}}}
		for name, op := range map[string]Operator{"whole": h, "shifted": Shifted{h, 0.5}, "restricted": block.Restrict(Shifted{h, 0.5})} {
			r := rand.New(rand.NewPCG(5, 6))
			var v, got, want [][]float32
			for i := range 3 {
				v, got, want = append(v, make([]float32, op.Dim())), append(got, make([]float32, op.Dim())), append(want, make([]float32, op.Dim()))
				for j := range v[i] {
					v[i][j] = float32(r.NormFloat64())
				}
				if err := op.Apply(want[i], v[i]); err != nil {
					t.Fatal(err)
				}
			}
			before := loss.loads
			if err := applyAll(op, got, v); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("batch %d, %s: %v, one by one %v", batch, name, got, want)
			}
			if loads := loss.loads - before; loads > (n+batch-1)/batch {
				t.Errorf("batch %d, %s: %d batches loaded", batch, name, loads)
			}
		}
	}
}
