package curvature

import (
	"fmt"
	"math"
	"slices"
)

// Forms is a [Loss] whose products can be compared with differences of lower
// derivatives. The quadratic form is enough: with symmetry, it is the matrix.
type Forms interface {
	// Form is Σ vᵀ·A_i·v over a batch of examples, A_i being example i's
	// matrix, by central differences at θ ± step·v. Load examples again before
	// the next product.
	Form(examples []int32, v []float32, step float64) (float64, error)
}

const (
	// SymmetryTolerance bounds [Check.Symmetry]. Float32 products are
	// symmetric to some 1e-7; those of a wrong derivative are not.
	SymmetryTolerance = 1e-4
	// DifferenceTolerance bounds [Check.Difference], beyond four of its
	// standard errors.
	DifferenceTolerance = 1e-2
	// MaxDifferenceError is the standard error above which differences say
	// nothing: more examples would.
	MaxDifferenceError = 0.2
	// CheckParts is how many parts of the examples tell the scatter of
	// differences.
	CheckParts = 16
)

// checkSteps are the lengths of differences that are tried.
var checkSteps = []float64{3e-2, 1e-2, 3e-3}

// Check is what [Hessian.Check] found.
type Check struct {
	// Symmetry is |uᵀAv − vᵀAu| / (‖u‖·‖Av‖).
	Symmetry float64
	// Difference is the relative deviation of vᵀAv by differences from that
	// of the product, and DifferenceError its standard error over parts of the
	// examples. Where a ReLU's kink lies within the step, the gradient jumps,
	// which no Hessian knows of: with a million units some always do. The jumps
	// have either sign and average out over the examples, as 1/√(step·examples).
	Difference, DifferenceError float64
	// Step is the length at which the two are least together.
	Step float64
	// Deterministic says that the same product twice gave the same bits.
	Deterministic bool
	// Products is how many the check took of all examples.
	Products int
}

// Conclusive says whether differences are known well enough to say anything.
func (c *Check) Conclusive() bool { return c.DifferenceError <= MaxDifferenceError }

// Passed says whether all is within the tolerances.
func (c *Check) Passed() bool {
	return c.Symmetry <= SymmetryTolerance && c.Deterministic && c.Conclusive() &&
		math.Abs(c.Difference) <= DifferenceTolerance+4*c.DifferenceError
}

// Check tests products for symmetry, agreement with differences, and equal bits
// when repeated. The directions are random ones of the seed, multiplied once:
// along them, as along the vectors that algorithms end with, products are
// large, so that errors cannot hide in ‖u‖·‖Av‖.
func (h *Hessian) Check(seed uint64) (*Check, error) {
	loss, ok := h.loss.(Forms)
	if !ok {
		return nil, fmt.Errorf("%T has no differences to compare with", h.loss)
	}
	if len(h.examples) < 2 {
		return nil, fmt.Errorf("a check needs at least 2 examples")
	}
	u, v := make([]float32, h.Dim()), make([]float32, h.Dim())
	c := &Check{}
	product := func(dst, of []float32) error { c.Products++; return h.Apply(dst, of) }
	wide := make([]float64, h.Dim())
	for i, x := range [][]float32{u, v} {
		gaussian(wide, seed, uint64(i))
		narrow(x, wide, norm(wide))
		image := make([]float32, h.Dim())
		if err := product(image, x); err != nil {
			return nil, err
		}
		widen(wide, image)
		size := norm(wide)
		if !finite(size) {
			return nil, ErrNotFinite
		}
		if size > 0 {
			narrow(x, wide, size)
		}
	}
	au, av, again := make([]float32, h.Dim()), make([]float32, h.Dim()), make([]float32, h.Dim())
	for _, p := range []struct{ dst, of []float32 }{{au, u}, {av, v}, {again, v}} {
		if err := product(p.dst, p.of); err != nil {
			return nil, err
		}
	}
	c.Deterministic = slices.Equal(av, again)
	widen(wide, au)
	vau := dot(v, wide)
	widen(wide, av)
	c.Symmetry = relative(math.Abs(dot(u, wide)-vau), norm(wide))

	return c, h.compare(c, loss, v)
}

// compare sets what a check says of differences.
func (h *Hessian) compare(c *Check, loss Forms, v []float32) error {
	defer func() { h.loaded = false }() // the batch that the loss then holds is another
	size := min(h.loss.Batch(), (len(h.examples)+CheckParts-1)/CheckParts)
	parts := slices.Collect(slices.Chunk(h.examples, size))
	forms := make([]float64, len(parts))
	wide := make([]float64, h.Dim())
	c.Products++
	for i, part := range parts {
		if _, err := h.load(part); err != nil {
			return err
		}
		if err := h.loss.HVP(h.part, v); err != nil {
			return err
		}
		widen(wide, h.part)
		forms[i] = float64(len(part)) * dot(v, wide)
	}
	least := math.Inf(1)
	for _, step := range checkSteps {
		deviations := make([]float64, len(parts))
		for i, part := range parts {
			d, err := loss.Form(part, v, step)
			if err == nil {
				err = h.told(0)
			}
			if err != nil {
				return err
			}
			deviations[i] = d - forms[i]
		}
		value, scatter := ratio(deviations, forms)
		if sum := math.Abs(value) + scatter; sum < least {
			least = sum
			c.Difference, c.DifferenceError, c.Step = value, scatter, step
		}
	}
	if math.IsInf(least, 1) {
		return ErrNotFinite
	}
	return nil
}

// ratio is Σa/Σb and its standard error, from the scatter of a about that
// multiple of b.
func ratio(a, b []float64) (value, scatter float64) {
	var sumA, sumB float64
	for i := range a {
		sumA += a[i]
		sumB += b[i]
	}
	value = relative(sumA, sumB)
	rest := make([]float64, len(a))
	for i := range a {
		rest[i] = a[i] - value*b[i]
	}
	return value, relative(float64(len(a))*estimate(rest).Error, math.Abs(sumB))
}

// relative is a/b, where nothing of nothing is nothing.
func relative(a, b float64) float64 {
	if a == 0 {
		return 0
	}
	return a / b
}
