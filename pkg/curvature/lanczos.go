package curvature

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"srn/pkg/rng"
)

// Order says which eigenvalues are wanted, in the terms of ARPACK.
type Order string

const (
	LargestAlgebraic  Order = "la" // from the largest down
	SmallestAlgebraic Order = "sa" // from the smallest up
	LargestMagnitude  Order = "lm" // from the largest |λ| down
	BothEnds          Order = "be" // largest, smallest, second largest, second smallest, …
)

// orders lists them all.
var orders = []Order{LargestAlgebraic, SmallestAlgebraic, LargestMagnitude, BothEnds}

// sorted returns the indices of values, wanted ones first.
func (o Order) sorted(values []float64) []int {
	index := make([]int, len(values))
	for i := range index {
		index[i] = i
	}
	slices.SortStableFunc(index, func(a, b int) int { return o.compare(values[a], values[b]) })
	if o != BothEnds {
		return index
	}
	// From the two ends of the descending list in turn.
	ends := make([]int, 0, len(index))
	for lo, hi := 0, len(index)-1; lo <= hi; lo, hi = lo+1, hi-1 {
		ends = append(ends, index[lo])
		if lo < hi {
			ends = append(ends, index[hi])
		}
	}
	return ends
}

// compare sorts wanted eigenvalues first; for both ends, descending.
func (o Order) compare(a, b float64) int {
	switch o {
	case SmallestAlgebraic:
		a, b = b, a
	case LargestMagnitude:
		a, b = math.Abs(a), math.Abs(b)
	}
	switch {
	case a > b:
		return -1
	case a < b:
		return 1
	}
	return 0
}

// Options says which eigenpairs are wanted, and how exactly. Zero values take
// the defaults.
type Options struct {
	K     int   // pairs; default 1
	Order Order // default LargestAlgebraic
	// Tol bounds the relative residual ‖Hv−λv‖/|λ| of a converged pair;
	// default 1e-3. The error of λ is of the order of its square.
	Tol float64
	// MaxSteps bounds the steps, each one product; default 1000.
	MaxSteps int
	// Krylov bounds the vectors kept, and so memory: 4·Dim·(Krylov+1) bytes.
	// It must exceed K unless Dim does not. Default max(48, 2K+20).
	Krylov int
	// Start, if given, is a guess near the wanted vectors, such as an earlier
	// checkpoint's (the sum of several, for several). A random part is added,
	// for a guess without a component along a wanted vector would never find it.
	Start []float32
	// Seed of the random vectors.
	Seed uint64
	// Verify spends one more product a pair on the true residual; otherwise
	// residuals are those that the recurrence implies, equal up to the
	// rounding and asymmetry of the operator.
	Verify bool
	// OnStep, if given, is told of every step; its error ends the run.
	OnStep func(Step) error
}

// Step is the state after one product: the wanted Ritz values so far, best
// first, and their residuals.
type Step struct {
	Steps             int
	Values, Residuals []float64
}

// Pair is an approximate eigenpair.
type Pair struct {
	Value    float64   // the Rayleigh quotient of Vector
	Vector   []float32 // of norm 1
	Residual float64   // ‖Hv−λv‖
	// Converged says that Residual ≤ Tol·|λ|, or that it lies below what
	// float32 products can resolve (noise times the largest |λ| seen).
	Converged bool
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
	Pairs     []Pair // wanted first
	Steps     int    // steps of the algorithm
	HVPs      int    // products, those of Verify included
	Restarts  int
	Kept      int  // vectors of length Dim held at the most, which is what memory is spent on
	Converged bool // all pairs have
}

// noise is the relative size, to the largest |λ|, of a residual that products
// in float32 cannot be trusted to resolve.
const noise = 2e-6

// explore is how many steps a guess, or a fresh vector after an invariant
// subspace, is given to show directions that were missed so far.
const explore = 6

// guessWeight is the norm of the random part added to a guess of norm 1.
const guessWeight = 0.1

// Lanczos finds extreme eigenpairs by the Lanczos process with full
// reorthogonalisation, restarted thickly when Krylov vectors are kept (Wu and
// Simon 2000). It stops when every wanted pair has converged, or after
// MaxSteps, with what it has.
//
// Of an exactly multiple eigenvalue some copies may be missed, as by every
// method that grows one Krylov space, except where the space becomes
// invariant: then it is grown from a fresh random vector until nothing changes.
func Lanczos(op Operator, opt Options) (*Result, error) {
	s, err := newLanczos(op, opt)
	if err != nil {
		return nil, err
	}
	if err := s.start(); err != nil {
		return nil, err
	}
	for {
		done, err := s.step()
		if err != nil {
			return nil, err
		}
		if done {
			return s.result()
		}
	}
}

// lanczos is the state of a run: H·V = V·T + β·v·eᵀ with V the first n
// vectors of the basis, v the next, and T symmetric: diagonal with an arrow
// after a restart, tridiagonal beyond.
type lanczos struct {
	op     Operator
	opt    Options
	dim, m int
	v      basis
	n      int
	t      *mat.SymDense
	beta   float64

	product []float32
	w       []float64

	ritz     *ritz
	steps    int
	hvps     int
	restarts int
	fresh    uint64    // random vectors drawn
	since    int       // steps since the last of them, or since the guess
	required int       // least value of since at which convergence counts
	settled  []float64 // wanted values when the space was last invariant
}

func newLanczos(op Operator, opt Options) (*lanczos, error) {
	dim := op.Dim()
	if dim < 1 {
		return nil, fmt.Errorf("the operator has no dimension")
	}
	if opt.K == 0 {
		opt.K = 1
	}
	if opt.K < 0 || opt.K > dim {
		return nil, fmt.Errorf("%d eigenpairs wanted of an operator of dimension %d", opt.K, dim)
	}
	if opt.Order == "" {
		opt.Order = LargestAlgebraic
	}
	if !slices.Contains(orders, opt.Order) {
		return nil, fmt.Errorf("order %q is none of %v", opt.Order, orders)
	}
	if opt.Tol == 0 {
		opt.Tol = 1e-3
	}
	if !(opt.Tol > 0 && opt.Tol < 1) {
		return nil, fmt.Errorf("tolerance %g does not lie between 0 and 1", opt.Tol)
	}
	if opt.MaxSteps == 0 {
		opt.MaxSteps = 1000
	}
	if opt.MaxSteps < opt.K {
		return nil, fmt.Errorf("%d steps cannot give %d eigenpairs", opt.MaxSteps, opt.K)
	}
	if opt.Krylov == 0 {
		opt.Krylov = max(48, 2*opt.K+20)
	}
	m := min(opt.Krylov, dim)
	if m <= opt.K && m < dim {
		return nil, fmt.Errorf("a Krylov space of dimension %d is too small for %d eigenpairs: at least %d", opt.Krylov, opt.K, opt.K+1)
	}
	if opt.Start != nil && len(opt.Start) != dim {
		return nil, fmt.Errorf("the start vector has %d elements, the operator dimension %d", len(opt.Start), dim)
	}
	return &lanczos{
		op: op, opt: opt, dim: dim, m: m,
		v:       basis{dim: dim},
		t:       mat.NewSymDense(m, nil),
		product: make([]float32, dim),
		w:       make([]float64, dim),
	}, nil
}

// start makes the first vector.
func (s *lanczos) start() error {
	if s.opt.Start == nil {
		return s.pushRandom()
	}
	gaussian(s.w, s.opt.Seed, s.fresh)
	s.fresh++
	for i := range s.w {
		s.w[i] *= guessWeight / math.Sqrt(float64(s.dim))
	}
	guess := make([]float64, s.dim)
	widen(guess, s.opt.Start)
	size := norm(guess)
	if !finite(size) || size == 0 {
		return fmt.Errorf("the start vector has norm %g", size)
	}
	axpy(s.w, 1/size, s.opt.Start)
	s.v.push(s.w, norm(s.w))
	s.required = explore
	return nil
}

// pushRandom appends a random vector orthogonal to the basis.
func (s *lanczos) pushRandom() error {
	for range 8 {
		gaussian(s.w, s.opt.Seed, s.fresh)
		s.fresh++
		before := norm(s.w)
		_, rest := s.v.project(s.w)
		// A remainder of rounding errors alone is no direction.
		if rest > 1e-4*before {
			s.v.push(s.w, rest)
			s.since = 0
			return nil
		}
	}
	return fmt.Errorf("no direction is left beyond %d vectors of dimension %d", s.v.size, s.dim)
}

// gaussian fills w with independent normal numbers of the seed's given stream.
func gaussian(w []float64, seed, stream uint64) {
	r := rng.New(seed, rng.Stream("curvature start"), stream)
	for i := range w {
		w[i] = r.NormFloat64()
	}
}

// apply computes w = H·v for the basis's latest vector.
func (s *lanczos) apply(v []float32) error {
	s.hvps++
	if err := s.op.Apply(s.product, v); err != nil {
		return err
	}
	widen(s.w, s.product)
	return nil
}

// step takes one product and says whether the run is over.
func (s *lanczos) step() (done bool, err error) {
	if err := s.apply(s.v.last()); err != nil {
		return false, err
	}
	s.steps++
	s.since++
	alpha, rest := s.v.project(s.w)
	if !finite(alpha) || !finite(rest) {
		return false, ErrNotFinite
	}
	s.t.SetSym(s.n, s.n, alpha)
	s.n++
	s.beta = rest
	if s.n == s.dim {
		s.beta = 0 // what is left is rounding
	}
	if err := s.decompose(); err != nil {
		return false, err
	}
	invariant := s.beta <= noise*s.ritz.scale
	if invariant {
		s.beta = 0
	}
	if s.opt.OnStep != nil {
		if err := s.opt.OnStep(s.report()); err != nil {
			return false, err
		}
	}
	if s.converged(invariant) || s.steps >= s.opt.MaxSteps {
		return true, nil
	}
	return false, s.extend(invariant)
}

// wanted is how many pairs can be told so far.
func (s *lanczos) wanted() int { return min(s.opt.K, s.n) }

// converged reports whether every wanted pair has.
func (s *lanczos) converged(invariant bool) bool {
	if s.n == s.dim {
		return true
	}
	if s.n < s.opt.K {
		return false
	}
	for i := range s.opt.K {
		if !s.ritz.converged(i, s.beta, s.opt.Tol) {
			return false
		}
	}
	if !invariant {
		return s.since >= s.required
	}
	// A space that is invariant by chance, or because eigenvalues repeat, says
	// nothing of what lies outside: accept it once a fresh vector changes nothing.
	s.required = explore
	values := slices.Clone(s.ritz.values[:s.opt.K])
	same := len(s.settled) == len(values)
	for i := range s.settled {
		same = same && math.Abs(s.settled[i]-values[i]) <= noise*s.ritz.scale
	}
	s.settled = values
	return same
}

// extend appends the next vector, after a restart if memory is full.
func (s *lanczos) extend(invariant bool) error {
	if s.n == s.m {
		s.restart()
	} else if !invariant {
		s.t.SetSym(s.n-1, s.n, s.beta)
	}
	if invariant {
		return s.pushRandom()
	}
	s.v.push(s.w, s.beta)
	return nil
}

// restart keeps the wanted Ritz vectors and as many more as fill half of what
// is left: H·y_i = θ_i·y_i + β·s_i·v, so T becomes a diagonal and an arrow.
func (s *lanczos) restart() {
	keep := min(s.opt.K+(s.m-s.opt.K)/2, s.m-1)
	s.t.Zero()
	for i := range keep {
		s.t.SetSym(i, i, s.ritz.values[i])
		s.t.SetSym(i, keep, s.beta*s.ritz.vectors[i][s.n-1])
	}
	s.v.rotate(s.ritz.vectors[:keep])
	s.n = keep
	s.restarts++
}

// report is the state for OnStep.
func (s *lanczos) report() Step {
	r := Step{Steps: s.steps}
	for i := range s.wanted() {
		r.Values = append(r.Values, s.ritz.values[i])
		r.Residuals = append(r.Residuals, s.ritz.residual(i, s.beta))
	}
	return r
}

// decompose solves the eigenproblem of T.
func (s *lanczos) decompose() (err error) {
	s.ritz, err = decompose(s.t.SliceSym(0, s.n), s.opt.Order)
	return err
}

// result makes the pairs from T's eigenvectors.
func (s *lanczos) result() (*Result, error) {
	r := &Result{Steps: s.steps, Restarts: s.restarts, Kept: len(s.v.vectors), Converged: s.n >= s.opt.K}
	s.v.size = min(s.v.size, s.n)
	for i := range s.wanted() {
		s.v.combine(s.w, s.ritz.vectors[i])
		p := Pair{
			Value:    s.ritz.values[i],
			Vector:   make([]float32, s.dim),
			Residual: s.ritz.residual(i, s.beta),
		}
		narrow(p.Vector, s.w, norm(s.w))
		if s.opt.Verify {
			if err := s.verify(&p); err != nil {
				return nil, err
			}
		}
		p.Converged = small(p.Residual, p.Value, s.opt.Tol, s.ritz.scale)
		r.Converged = r.Converged && p.Converged
		r.Pairs = append(r.Pairs, p)
	}
	// Rayleigh quotients may order close values otherwise than Ritz values do.
	sortPairs(r.Pairs, s.opt.Order)
	r.HVPs = s.hvps
	return r, nil
}

// verify replaces a pair's value and residual by those of one more product.
func (s *lanczos) verify(p *Pair) error {
	if err := s.apply(p.Vector); err != nil {
		return err
	}
	p.Value = dot(p.Vector, s.w)
	axpy(s.w, -p.Value, p.Vector)
	p.Residual = norm(s.w)
	if !finite(p.Value) || !finite(p.Residual) {
		return ErrNotFinite
	}
	return nil
}

// small reports whether a residual counts as converged.
func small(residual, value, tol, scale float64) bool {
	return residual <= max(tol*math.Abs(value), noise*scale)
}
