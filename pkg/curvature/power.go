package curvature

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// PowerIteration finds the eigenpairs of largest magnitude one after the other
// by repeated products, each of which gives the residual too; what was found is
// projected out of the iterates that follow (deflation), and the errors that
// found pairs leave in later ones are removed at the end by solving the
// eigenproblem in their span. It is slow, and it cannot mistake a Ritz value for
// an eigenvalue: a check on [Lanczos] rather than its rival. Of the options it
// takes K, Tol, MaxSteps (for all pairs together), Start, Seed and OnStep. It
// keeps 2K vectors.
func PowerIteration(op Operator, opt Options) (*Result, error) {
	if opt.Order != "" && opt.Order != LargestMagnitude {
		return nil, fmt.Errorf("power iteration finds eigenpairs of largest magnitude, not of order %q", opt.Order)
	}
	opt.Order = LargestMagnitude
	opt.Krylov = max(opt.K, 1) + 1
	if err := opt.defaults(op.Dim()); err != nil {
		return nil, err
	}
	dim := op.Dim()
	p := &power{op: op, opt: opt, dim: dim, found: basis{dim: dim}, v: make([]float32, dim), product: make([]float32, dim), w: make([]float64, dim)}
	for p.found.size < p.opt.K && p.steps < p.opt.MaxSteps {
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	return p.result()
}

// power is the state of a run.
type power struct {
	op                Operator
	opt               Options
	dim, steps        int
	v, product        []float32
	w                 []float64
	found             basis       // orthonormal
	images            [][]float32 // H times each
	values, residuals []float64   // of what was found
}

// start makes the first iterate of the next vector: random, with the first
// guess added for the first of all.
func (p *power) start() {
	gaussian(p.w, p.opt.Seed, uint64(p.found.size))
	if p.found.size == 0 && len(p.opt.Start) > 0 {
		before := norm(p.w)
		for i := range p.w {
			p.w[i] *= guessNoise / before
		}
		wide := make([]float64, p.dim)
		widen(wide, p.opt.Start[0])
		axpy(p.w, 1/norm(wide), p.opt.Start[0])
	}
	narrow(p.v, p.w, p.found.project(p.w))
}

// guessNoise is the norm of the random part added to a guess of norm 1.
const guessNoise = 0.1

// next finds one more vector.
func (p *power) next() error {
	p.start()
	v := p.v
	for {
		if err := p.op.Apply(p.product, v); err != nil {
			return err
		}
		widen(p.w, p.product)
		p.steps++
		value := dot(v, p.w)
		size := p.found.project(p.w)
		// ‖Hv−λv‖² = ‖Hv‖² − λ² loses half its digits; subtract the vectors.
		axpy(p.w, -value, v)
		residual := norm(p.w)
		if !finite(value) || !finite(residual) {
			return ErrNotFinite
		}
		scale := math.Abs(value)
		if p.found.size > 0 {
			scale = max(scale, math.Abs(p.values[0]))
		}
		values, residuals := append(p.values, value), append(p.residuals, residual)
		if p.opt.OnStep != nil {
			if err := p.opt.OnStep(Step{Steps: p.steps, Values: values, Residuals: residuals}); err != nil {
				return err
			}
		}
		if status(residual, value, p.opt.Tol, floor(scale, 0)) != NotConverged || p.steps >= p.opt.MaxSteps || size == 0 {
			p.values, p.residuals = values, residuals
			p.images = append(p.images, append([]float32(nil), p.product...))
			widen(p.w, v)
			p.found.push(p.w, norm(p.w))
			return nil
		}
		axpy(p.w, value, v)
		narrow(v, p.w, size)
	}
}

// result solves the eigenproblem in the span of what was found.
func (p *power) result() (*Result, error) {
	n := p.found.size
	t := mat.NewSymDense(n, nil)
	image := make([]float64, p.dim)
	for j := range n {
		widen(image, p.images[j])
		for i := range j + 1 {
			t.SetSym(i, j, dot(p.found.vectors[i], image))
		}
	}
	ritz, err := decompose(t, p.opt.Order)
	if err != nil {
		return nil, err
	}
	r := &Result{Steps: p.steps, HVPs: p.steps, Kept: 1 + 2*n, Scale: ritz.scale, Converged: n == p.opt.K}
	images := basis{dim: p.dim, vectors: p.images, size: n}
	for _, y := range ritz.vectors {
		p.found.combine(p.w, y)
		images.combine(image, y)
		pair := Pair{Vector: make([]float32, p.dim)}
		narrow(pair.Vector, p.w, norm(p.w))
		pair.Value = dot(pair.Vector, image)
		axpy(image, -pair.Value, pair.Vector)
		pair.Residual = norm(image)
		pair.Floor = floor(ritz.scale, 0)
		pair.Status = status(pair.Residual, pair.Value, p.opt.Tol, pair.Floor)
		r.Converged = r.Converged && pair.Status != NotConverged
		r.Pairs = append(r.Pairs, pair)
	}
	sortPairs(r.Pairs, p.opt.Order)
	return r, nil
}
