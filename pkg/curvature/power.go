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
	s, err := newLanczos(op, opt) // for its checks, start vector and product
	if err != nil {
		return nil, err
	}
	p := &power{lanczos: s, found: basis{dim: s.dim}}
	for p.found.size < s.opt.K && s.steps < s.opt.MaxSteps {
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	return p.result()
}

// power is the state of a run.
type power struct {
	*lanczos
	found             basis       // orthonormal
	images            [][]float32 // H times each
	values, residuals []float64   // of what was found
}

// next finds one more vector.
func (p *power) next() error {
	p.v.size = 0
	if p.found.size == 0 {
		if err := p.start(); err != nil {
			return err
		}
	} else {
		gaussian(p.w, p.opt.Seed, p.fresh)
		p.fresh++
		_, rest := p.found.project(p.w)
		p.v.push(p.w, rest)
	}
	v := p.v.last()
	for {
		if err := p.apply(v); err != nil {
			return err
		}
		p.steps++
		value := dot(v, p.w)
		_, size := p.found.project(p.w)
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
		if small(residual, value, p.opt.Tol, scale) || p.steps >= p.opt.MaxSteps || size == 0 {
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
	r := &Result{Steps: p.steps, HVPs: p.hvps, Kept: len(p.v.vectors) + 2*n, Converged: n == p.opt.K}
	images := basis{dim: p.dim, vectors: p.images, size: n}
	for _, y := range ritz.vectors {
		p.found.combine(p.w, y)
		images.combine(image, y)
		pair := Pair{Vector: make([]float32, p.dim)}
		narrow(pair.Vector, p.w, norm(p.w))
		pair.Value = dot(pair.Vector, image)
		axpy(image, -pair.Value, pair.Vector)
		pair.Residual = norm(image)
		pair.Converged = small(pair.Residual, pair.Value, p.opt.Tol, ritz.scale)
		r.Converged = r.Converged && pair.Converged
		r.Pairs = append(r.Pairs, pair)
	}
	sortPairs(r.Pairs, p.opt.Order)
	return r, nil
}
