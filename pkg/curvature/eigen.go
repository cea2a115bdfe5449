package curvature

import (
	"fmt"
	"math"
	"slices"

	"srn/pkg/rng"
)

// Options says which eigenpairs are wanted, and how exactly. Zero values take
// the defaults.
type Options struct {
	K     int   // pairs; default 1
	Order Order // default LargestAlgebraic
	// Tol bounds the relative residual ‖Hv−λv‖/|λ| of a pair within tolerance;
	// default 1e-3. The error of λ is of the order of its square.
	Tol float64
	// MaxSteps bounds the products that the search takes; default 1000.
	MaxSteps int
	// Krylov bounds the vectors kept that have been multiplied, and so memory:
	// 4·Dim bytes each, and as much for each vector of a block that waits for its
	// product. It must exceed K unless Dim does not. Default max(48, 2K+20).
	Krylov int
	// Block is how many random vectors the search starts from, and how many it
	// adds before it accepts several pairs; default 2, the least: one vector
	// cannot tell two close eigenvalues from one between them.
	Block int
	// Start, if given, are guesses near the wanted vectors, such as those of an
	// earlier checkpoint. They come beside the random vectors, never instead: a
	// guess without a component along a wanted vector would not find it.
	Start [][]float32
	// Seed of the random vectors.
	Seed uint64
	// Verify spends one more product a pair on the true residual; otherwise
	// residuals are those that the recurrence implies, equal up to the
	// rounding and asymmetry of the operator.
	Verify bool
	// OnStep, if given, is told of every step; its error ends the run.
	OnStep func(Step) error
}

// Step is the state after some products: the wanted Ritz values so far, best
// first, and their residuals.
type Step struct {
	Steps             int // products
	Values, Residuals []float64
}

// Pair is an approximate eigenpair.
type Pair struct {
	Value    float64   // the Rayleigh quotient of Vector
	Vector   []float32 // of norm 1
	Residual float64   // ‖Hv−λv‖
	Floor    float64   // the least Residual that float32 products resolve
	Status   Status
}

// Relative is the residual over |λ|.
func (p Pair) Relative() float64 {
	if p.Residual == 0 {
		return 0
	}
	return p.Residual / math.Abs(p.Value)
}

// Result is what an eigenvalue algorithm found.
type Result struct {
	Pairs    []Pair // wanted first
	Steps    int    // products of the search
	HVPs     int    // products, those of Verify included
	Restarts int
	Rounds   int     // times that fresh random vectors were searched before the end
	Scale    float64 // the largest |λ| seen
	Kept     int     // vectors of length Dim held at the most, which is what memory is spent on
	// Converged says that every wanted pair is within tolerance or at the floor,
	// and that a search from fresh random vectors changed none of them.
	Converged bool
}

// defaults checks the options for an operator of some dimension.
func (o *Options) defaults(dim int) error {
	if dim < 1 {
		return fmt.Errorf("the operator has no dimension")
	}
	if o.K == 0 {
		o.K = 1
	}
	if o.K < 0 || o.K > dim {
		return fmt.Errorf("%d eigenpairs wanted of an operator of dimension %d", o.K, dim)
	}
	if o.Order == "" {
		o.Order = LargestAlgebraic
	}
	if !slices.Contains(orders, o.Order) {
		return fmt.Errorf("order %q is none of %v", o.Order, orders)
	}
	if o.Tol == 0 {
		o.Tol = 1e-3
	}
	if !(o.Tol > 0 && o.Tol < 1) {
		return fmt.Errorf("tolerance %g does not lie between 0 and 1", o.Tol)
	}
	if o.MaxSteps == 0 {
		o.MaxSteps = 1000
	}
	if o.MaxSteps < o.K {
		return fmt.Errorf("%d steps cannot give %d eigenpairs", o.MaxSteps, o.K)
	}
	if o.Krylov == 0 {
		o.Krylov = max(48, 2*o.K+20)
	}
	if o.Krylov <= o.K && o.Krylov < dim {
		return fmt.Errorf("a Krylov space of dimension %d is too small for %d eigenpairs: at least %d", o.Krylov, o.K, o.K+1)
	}
	if o.Block == 0 {
		o.Block = 2
	}
	if o.Block < 2 {
		return fmt.Errorf("a block of %d random vectors: at least 2", o.Block)
	}
	for _, guess := range o.Start {
		if len(guess) != dim {
			return fmt.Errorf("a start vector has %d elements, the operator dimension %d", len(guess), dim)
		}
		wide := make([]float64, dim)
		widen(wide, guess)
		if size := norm(wide); !finite(size) || size == 0 {
			return fmt.Errorf("a start vector has norm %g", size)
		}
	}
	return nil
}

// gaussian fills w with independent normal numbers of the seed's given stream.
func gaussian(w []float64, seed, stream uint64) {
	r := rng.New(seed, rng.Stream("curvature start"), stream)
	for i := range w {
		w[i] = r.NormFloat64()
	}
}
