package curvature

import (
	"errors"
	"math"
	"slices"

	"srn/pkg/rng"
)

// CrossFit is the other side of a largest eigenvalue. That of a sample is too
// large in expectation: it is a convex function of the matrix, and its vector was
// chosen on the examples it is taken on. With a vector found on one half of the
// examples, the quotient on the other half is in expectation at most the largest
// eigenvalue of the distribution that the examples are drawn from.
type CrossFit struct {
	Value float64 // the mean of both ways
	Error float64 // its standard error over examples, the vectors held
	// Halves are the largest eigenvalues of the halves, and Quotients those of
	// their vectors on the other half.
	Halves, Quotients [2]float64
	Converged         bool
	HVPs              int // products of half of the examples each
}

// ErrFewExamples says that there are too few terms to be halved.
var ErrFewExamples = errors.New("too few examples to be halved: at least 4, or 2 batches where examples of a batch depend on one another")

// NewCrossFit finds both ways of the largest eigenvalue. Halves are drawn by the
// options' seed; where examples of a batch depend on one another they are made of
// whole batches. It takes as many passes over examples as [Lanczos] and
// [SamplingOf] together.
func NewCrossFit(op Operator, opt Options) (*CrossFit, error) {
	h, _, _, err := base(op, make([]float32, op.Dim()))
	if err != nil {
		return nil, err
	}
	halves, err := h.halves(opt.Seed)
	if err != nil {
		return nil, err
	}
	opt.K, opt.Order, opt.Start = 1, LargestAlgebraic, nil
	c := &CrossFit{Converged: true}
	var errs [2]float64
	for side, half := range halves {
		var v []float32
		if err := h.on(half, func() error {
			r, err := Lanczos(op, opt)
			if err == nil {
				v, c.Halves[side] = r.Pairs[0].Vector, r.Pairs[0].Value
				c.Converged = c.Converged && r.Converged
				c.HVPs += r.HVPs
			}
			return err
		}); err != nil {
			return nil, err
		}
		if err := h.on(halves[1-side], func() error {
			s, err := SamplingOf(op, v)
			if err == nil {
				c.Quotients[side], errs[side] = s[0].Value, s[0].Error
			}
			return err
		}); err != nil {
			return nil, err
		}
	}
	c.Value = (c.Quotients[0] + c.Quotients[1]) / 2
	c.Error = math.Hypot(errs[0], errs[1]) / 2
	return c, nil
}

// halves cuts the examples in two.
func (h *Hessian) halves(seed uint64) ([2][]int32, error) {
	list := slices.Clone(h.examples)
	at := len(list) / 2
	if separable(h.loss) {
		r := rng.New(seed, rng.Stream("curvature halves"), 0)
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		if len(list) < 4 {
			return [2][]int32{}, ErrFewExamples
		}
	} else {
		batches := (len(list) + h.batch() - 1) / h.batch()
		if batches < 2 {
			return [2][]int32{}, ErrFewExamples
		}
		at = batches / 2 * h.batch()
	}
	return [2][]int32{list[:at], list[at:]}, nil
}

// on calls f with other examples in the place of all.
func (h *Hessian) on(examples []int32, f func() error) error {
	all := h.examples
	h.examples, h.loaded = examples, false
	defer func() { h.examples, h.loaded = all, false }()
	return f()
}
