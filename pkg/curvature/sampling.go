package curvature

import (
	"errors"
	"math"
	"slices"
)

// Separable is a [Loss] that may say whether its examples are independent of one
// another, as they are not where batch normalisation takes the batch's
// statistics. A loss that says nothing is separable.
type Separable interface{ Separable() bool }

func separable(l Loss) bool {
	s, ok := l.(Separable)
	return !ok || s.Separable()
}

// Quadratic is a [Loss] that computes vᵀ·A_i·v of each example of a batch, A_i
// being the example's matrix, in fewer passes than a product for each. Load
// examples again before the next product.
type Quadratic interface {
	Quadratic(dst []float64, examples []int32, v []float32) error
}

// Sampling is what a quotient vᵀAv, A being a mean over examples, owes to the
// examples it was taken on: the scatter of the examples' own, q_i = vᵀA_i·v.
// It holds for the vector that is given: that the vector was chosen on the same
// examples is another matter, see [CrossFit].
type Sampling struct {
	Value float64 // the mean of q_i, which is the quotient
	// Error is the standard error of Value over samples of so many examples; NaN
	// where a single term tells none.
	Error float64
	// Terms is how many independent terms there are: examples, or batches where
	// examples of a batch depend on one another.
	Terms int
	// Effective is (Σq_i)²/Σq_i², the number of equal terms that would give the
	// mean the same weight: 1 where one carries it all.
	Effective float64
	// Share is the largest |q_i|/Σ|q_j|, and Example the example that has it; -1
	// where terms are batches.
	Share   float64
	Example int32
}

// FewEffective is the effective number of terms below which a standard error, and
// the interval made of it, is not to be relied on.
const FewEffective = 10

// ErrNotSampled is the error of an operator that is no mean over examples.
var ErrNotSampled = errors.New("the matrix is not known as a mean over examples")

// base returns the Hessian that an operator is made of, with v as that sees it:
// the operator's quotient of v is the Hessian's plus a shift.
func base(op Operator, v []float32) (h *Hessian, seen []float32, shift float64, err error) {
	switch o := op.(type) {
	case *Hessian:
		return o, v, 0, nil
	case *restricted:
		all := make([]float32, o.op.Dim())
		o.block.Scatter(all, v)
		return base(o.op, all)
	case Shifted:
		h, seen, shift, err = base(o.Operator, v)
		return h, seen, shift + o.Shift, err
	case *Scaled:
		scaled := make([]float32, len(v))
		for i, x := range v {
			scaled[i] = o.d[i] * x
		}
		return base(o.op, scaled)
	}
	return nil, nil, 0, ErrNotSampled
}

// SamplingOf computes what the quotients of vectors of norm 1 owe to the
// examples. A Gauss–Newton or Fisher matrix takes one tangent pass a vector;
// another loss a product for each example alone, which takes some times what one
// over all of them does.
func SamplingOf(op Operator, vectors ...[]float32) ([]*Sampling, error) {
	var h *Hessian
	var shift float64
	seen := make([][]float32, len(vectors))
	for j, v := range vectors {
		var err error
		if h, seen[j], shift, err = base(op, v); err != nil {
			return nil, err
		}
	}
	list := make([]*Sampling, len(vectors))
	q, weights, err := h.terms(seen)
	if err != nil {
		return nil, err
	}
	for j := range vectors {
		for i := range q[j] {
			q[j][i] += shift
		}
		s := sampling(q[j], weights)
		s.Example = -1
		if separable(h.loss) {
			s.Example = h.examples[s.largest]
		}
		list[j] = &s.Sampling
	}
	return list, nil
}

// terms are the quadratic forms of each vector that the mean is made of, and
// their weights in it, which have sum 1.
func (h *Hessian) terms(vectors [][]float32) (q [][]float64, weights []float64, err error) {
	defer func() { h.loaded = false }() // the batch that the loss holds is another
	q = make([][]float64, len(vectors))
	size := h.batch()
	all, quick := h.loss.(Quadratic)
	if separable(h.loss) && !quick {
		size = 1
	}
	for part := range slices.Chunk(h.examples, size) {
		if quick && separable(h.loss) {
			for range part {
				weights = append(weights, 1/float64(len(h.examples)))
			}
			for j, v := range vectors {
				forms := make([]float64, len(part))
				if err := all.Quadratic(forms, part, v); err != nil {
					return nil, nil, err
				}
				q[j] = append(q[j], forms...)
				if err := h.told(len(part)); err != nil {
					return nil, nil, err
				}
			}
			continue
		}
		weights = append(weights, float64(len(part))/float64(len(h.examples)))
		if _, err := h.load(part); err != nil {
			return nil, nil, err
		}
		for j, v := range vectors {
			x, err := h.form(len(part), v)
			if err != nil {
				return nil, nil, err
			}
			q[j] = append(q[j], x)
		}
	}
	return q, weights, nil
}

// form is vᵀ·A·v for the mean over the examples of the batch.
func (h *Hessian) form(examples int, v []float32) (float64, error) {
	if err := h.loss.HVP(h.part, v); err != nil {
		return 0, err
	}
	var sum float64
	for i, x := range v {
		sum += float64(x) * float64(h.part[i])
	}
	if !finite(sum) {
		return 0, ErrNotFinite
	}
	return sum, h.told(examples)
}

// sampled is a Sampling, and the term that has the largest share.
type sampled struct {
	Sampling
	largest int
}

// sampling is the weighted mean of terms with what else is known of it.
func sampling(q, weights []float64) (s sampled) {
	s.Terms = len(q)
	var squares, sizes float64
	for i, x := range q {
		w := weights[i] * x
		s.Value += w
		squares += w * w
		sizes += math.Abs(w)
		if math.Abs(w) > s.Share {
			s.Share, s.largest = math.Abs(w), i
		}
	}
	if sizes > 0 {
		s.Share /= sizes
		s.Effective = s.Value * s.Value / squares
	}
	s.Error = math.NaN()
	if n := float64(len(q)); n > 1 {
		var scatter float64
		for i, x := range q {
			d := weights[i] * (x - s.Value)
			scatter += d * d
		}
		s.Error = math.Sqrt(scatter * n / (n - 1))
	}
	return s
}
