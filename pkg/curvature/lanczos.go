package curvature

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Lanczos finds extreme eigenpairs by the block Lanczos process with full
// reorthogonalisation, restarted thickly when Krylov vectors are kept (Wu and
// Simon 2000), in the form that multiplies one vector after the other and lets
// the block grow and shrink (Ruhe 1979). It begins from random vectors, and
// from guesses beside them.
//
// It does not end as soon as residuals are small. They say that there is an
// eigenvalue at each value, not that none is missing: a larger one close by, or
// further copies of a multiple one. So it goes on until the random part of its
// space has been multiplied often enough to show one that is missing (see
// [missing]), and, where several pairs are wanted, does the same with fresh
// random vectors, of which each finds copies that the space lacks, until none of
// the pairs changes.
func Lanczos(op Operator, opt Options) (*Result, error) {
	if err := opt.defaults(op.Dim()); err != nil {
		return nil, err
	}
	s := newLanczos(op, opt)
	if err := s.start(); err != nil {
		return nil, err
	}
	for !s.done {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	return s.result()
}

// lanczos is the state of a run. The first n vectors of the basis V have been
// multiplied: H·V_n = V·T, up to rounding, with T = VᵀHV_n. Those beyond wait.
type lanczos struct {
	op     Operator
	opt    Options
	dim, m int // m bounds n
	v      basis
	n      int
	t      [][]float64 // t[j] is column j of T, as long as V was when it was made

	images [][]float32
	w      []float64

	ritz     *ritz
	scale    float64 // the largest |λ| seen
	steps    int
	hvps     int
	restarts int
	kept     int
	random   uint64 // random vectors drawn

	degree   float64   // how often the first random vectors have been multiplied
	checking bool      // with fresh random vectors
	fresh    int       // how many
	since    float64   // how often these have been multiplied
	accepted []float64 // wanted values when the check began
	checks   int
	done     bool
	settled  bool // a check has changed nothing
}

func newLanczos(op Operator, opt Options) *lanczos {
	dim := op.Dim()
	return &lanczos{op: op, opt: opt, dim: dim, m: min(opt.Krylov, dim), v: basis{dim: dim}, w: make([]float64, dim)}
}

// start makes the first block.
func (s *lanczos) start() error {
	for _, guess := range s.opt.Start {
		widen(s.w, guess)
		before := norm(s.w)
		// A guess in the span of those before it adds nothing.
		if rest := s.v.project(s.w); rest > 1e-4*before {
			s.v.push(s.w, rest)
		}
	}
	if s.pushRandom(s.opt.Block) == 0 && s.v.size == 0 {
		return fmt.Errorf("no start vector of dimension %d", s.dim)
	}
	return nil
}

// pushRandom appends random vectors orthogonal to the basis, count at most and
// as many as there is room for, and returns how many.
func (s *lanczos) pushRandom(count int) int {
	pushed := 0
	for pushed < count && s.v.size < s.dim {
		gaussian(s.w, s.opt.Seed, s.random)
		s.random++
		before := norm(s.w)
		rest := s.v.project(s.w)
		// A remainder of rounding errors alone is no direction.
		if !(rest > 1e-4*before) {
			break
		}
		s.v.push(s.w, rest)
		pushed++
	}
	return pushed
}

// step multiplies a block of the vectors that wait.
func (s *lanczos) step() error {
	waiting := s.v.size - s.n
	if waiting == 0 {
		// The space is invariant: whatever else there is lies outside.
		if s.pushRandom(s.opt.Block) == 0 {
			return s.finish(true)
		}
		waiting = s.v.size - s.n
	}
	block := min(waiting, s.opt.Block)
	if s.checking {
		// The images of fresh vectors are the latest. Should they have ended in
		// an invariant space, others take their place.
		block = min(waiting, s.fresh)
		for i := range block {
			s.v.swap(s.n+i, s.v.size-block+i)
		}
		s.swapRows(block)
	}
	block = min(block, s.m-s.n, s.opt.MaxSteps-s.steps)
	if s.checking {
		s.since += float64(block) / float64(s.fresh)
	} else {
		s.degree += float64(block) / float64(waiting)
	}
	if err := s.multiply(block); err != nil {
		return err
	}
	if err := s.decompose(); err != nil {
		return err
	}
	if s.opt.OnStep != nil {
		if err := s.opt.OnStep(s.report()); err != nil {
			return err
		}
	}
	if done, settled := s.judge(); done {
		return s.finish(settled)
	}
	if s.steps >= s.opt.MaxSteps {
		return s.finish(false)
	}
	if s.n == s.m {
		s.restart()
	}
	return nil
}

// swapRows follows the exchange of the first with the last of the vectors that
// wait.
func (s *lanczos) swapRows(block int) {
	for j := range s.t {
		s.t[j] = append(s.t[j], make([]float64, s.v.size-len(s.t[j]))...)
		for i := range block {
			a, b := s.n+i, s.v.size-block+i
			s.t[j][a], s.t[j][b] = s.t[j][b], s.t[j][a]
		}
	}
}

// multiply takes the products of the next vectors, and appends what they add to
// the space.
func (s *lanczos) multiply(block int) error {
	for len(s.images) < block {
		s.images = append(s.images, make([]float32, s.dim))
	}
	if err := applyAll(s.op, s.images[:block], s.v.vectors[s.n:s.n+block]); err != nil {
		return err
	}
	s.steps += block
	s.hvps += block
	for _, image := range s.images[:block] {
		widen(s.w, image)
		size := norm(s.w)
		if !finite(size) {
			return ErrNotFinite
		}
		s.scale = max(s.scale, size)
		rest := s.v.project(s.w)
		column := append([]float64(nil), s.v.coef...)
		if rest > noise*s.scale && s.v.size < s.dim {
			s.v.push(s.w, rest)
			column = append(column, rest)
		}
		s.t = append(s.t, column)
		s.n++
	}
	s.kept = max(s.kept, len(s.v.vectors))
	return nil
}

// decompose solves the eigenproblem of the symmetric part of T's upper square.
func (s *lanczos) decompose() (err error) {
	square := mat.NewSymDense(s.n, nil)
	for j := range s.n {
		for i := range j + 1 {
			// H is symmetric up to rounding.
			square.SetSym(i, j, (s.at(i, j)+s.at(j, i))/2)
		}
	}
	if s.ritz, err = decompose(square, s.opt.Order); err != nil {
		return err
	}
	s.scale = max(s.scale, s.ritz.scale)
	return nil
}

// at is an element of T: zero where the row's vector came after the column's
// product, since it is orthogonal to that.
func (s *lanczos) at(i, j int) float64 {
	if i >= len(s.t[j]) {
		return 0
	}
	return s.t[j][i]
}

// coupling is what the product of Ritz vector i has along the vectors that
// wait: H·y − θ·y.
func (s *lanczos) coupling(i int) []float64 {
	c := make([]float64, s.v.size-s.n)
	for j, y := range s.ritz.vectors[i] {
		for r := s.n; r < len(s.t[j]); r++ {
			c[r-s.n] += y * s.t[j][r]
		}
	}
	return c
}

func (s *lanczos) residual(i int) float64 { return norm(s.coupling(i)) }

// status is that of Ritz pair i.
func (s *lanczos) status(i int) Status {
	return status(s.residual(i), s.ritz.values[i], s.opt.Tol, floor(s.scale, 0))
}

// wanted is how many pairs can be told so far.
func (s *lanczos) wanted() int { return min(s.opt.K, s.n) }

// small says whether every wanted pair's residual is.
func (s *lanczos) small() bool {
	if s.n < s.opt.K {
		return false
	}
	for i := range s.opt.K {
		if s.status(i) == NotConverged {
			return false
		}
	}
	return true
}

// judge says whether the run is over, and whether with what was wanted. It
// begins a check where pairs have converged.
func (s *lanczos) judge() (done, settled bool) {
	if s.n == s.dim {
		return true, true
	}
	if !s.small() {
		s.checking = false
		return false, false
	}
	if s.checking && s.changed() {
		s.checking = false
	}
	switch {
	case s.checking:
		done = s.excluded(s.since, s.fresh)
		return done, done
	case s.opt.K == 1: // further copies would change nothing
		done = s.excluded(s.degree, s.opt.Block)
		return done, done
	}
	s.accepted = append(s.accepted[:0], s.ritz.values[:s.opt.K]...)
	if s.fresh = s.pushRandom(s.opt.Block); s.fresh == 0 {
		return true, true
	}
	s.checking, s.since = true, 0
	s.checks++
	return false, false
}

// changed says whether a wanted value is another than when the check began.
func (s *lanczos) changed() bool {
	for i, before := range s.accepted {
		now := s.ritz.values[i]
		if math.Abs(now-before) > max(s.opt.Tol*math.Abs(before), floor(s.scale, 0)) {
			return true
		}
	}
	return false
}

func (s *lanczos) finish(settled bool) error {
	s.done, s.settled = true, settled && s.n >= s.opt.K
	return nil
}

// restart keeps the Ritz vectors of [lanczos.keep] and the vectors that wait:
// H·y_i = θ_i·y_i + Σ_r c_ir·v_r.
func (s *lanczos) restart() {
	index := s.keep()
	t := make([][]float64, len(index))
	vectors := make([][]float64, len(index))
	for j, i := range index {
		t[j] = make([]float64, len(index), len(index)+s.v.size-s.n)
		t[j][j] = s.ritz.values[i]
		t[j] = append(t[j], s.coupling(i)...)
		vectors[j] = s.ritz.vectors[i]
	}
	s.v.rotate(vectors)
	s.t, s.n = t, len(index)
	s.restarts++
}

// keep chooses what a restart keeps: the wanted Ritz pairs and as many more as
// fill half of what is left; of these, half may be pairs of the spectrum's other
// end that have converged, for with them out of the way the rest is narrower.
func (s *lanczos) keep() []int {
	count := max(min(s.opt.K+(s.m-s.opt.K)/2, s.m-s.opt.Block), min(s.opt.K, s.m-1))
	var far []int
	for i := s.n - 1; i >= count && len(far) < (count-s.opt.K)/2 && s.status(i) != NotConverged; i-- {
		far = append(far, i)
	}
	index := make([]int, count-len(far), count)
	for i := range index {
		index[i] = i
	}
	return append(index, far...)
}

// report is the state for OnStep.
func (s *lanczos) report() Step {
	r := Step{Steps: s.steps}
	for i := range s.wanted() {
		r.Values = append(r.Values, s.ritz.values[i])
		r.Residuals = append(r.Residuals, s.residual(i))
	}
	return r
}

// result makes the pairs from T's eigenvectors.
func (s *lanczos) result() (*Result, error) {
	r := &Result{Steps: s.steps, Restarts: s.restarts, Rounds: s.checks, Kept: s.kept, Scale: s.ritz.scale, Converged: s.settled}
	for i := range s.wanted() {
		s.v.combine(s.w, s.ritz.vectors[i])
		p := Pair{Value: s.ritz.values[i], Vector: make([]float32, s.dim), Residual: s.residual(i)}
		narrow(p.Vector, s.w, norm(s.w))
		p.Floor = floor(s.scale, 0)
		if s.opt.Verify {
			implied := p.Residual
			if err := s.verify(&p); err != nil {
				return nil, err
			}
			p.Floor = floor(s.scale, seen(p.Residual, implied))
		}
		p.Status = status(p.Residual, p.Value, s.opt.Tol, p.Floor)
		r.Converged = r.Converged && p.Status != NotConverged
		r.Pairs = append(r.Pairs, p)
	}
	// Rayleigh quotients may order close values otherwise than Ritz values do.
	sortPairs(r.Pairs, s.opt.Order)
	r.HVPs = s.hvps
	return r, nil
}

// verify replaces a pair's value and residual by those of one more product.
func (s *lanczos) verify(p *Pair) error {
	if err := s.op.Apply(s.images[0], p.Vector); err != nil {
		return err
	}
	s.hvps++
	widen(s.w, s.images[0])
	p.Value = dot(p.Vector, s.w)
	axpy(s.w, -p.Value, p.Vector)
	p.Residual = norm(s.w)
	if !finite(p.Value) || !finite(p.Residual) {
		return ErrNotFinite
	}
	return nil
}
