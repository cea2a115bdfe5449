package curvature

import (
	"fmt"
	"math"
)

// PowerIteration finds the eigenpair of largest magnitude by repeated
// products, each of which gives the true residual too. It is slow and cannot
// mistake a Ritz value for an eigenvalue: a check on [Lanczos] rather than
// its rival. Of the options it takes Tol, MaxSteps, Start, Seed and OnStep.
func PowerIteration(op Operator, opt Options) (*Result, error) {
	if opt.K > 1 || (opt.Order != "" && opt.Order != LargestMagnitude) {
		return nil, fmt.Errorf("power iteration finds one eigenpair of largest magnitude, not %d of order %q", opt.K, opt.Order)
	}
	opt.K, opt.Order = 1, LargestMagnitude
	opt.Krylov = 2
	s, err := newLanczos(op, opt) // for its checks, start vector and product
	if err != nil {
		return nil, err
	}
	if err := s.start(); err != nil {
		return nil, err
	}
	v := s.v.last()
	for {
		if err := s.apply(v); err != nil {
			return nil, err
		}
		s.steps++
		size := norm(s.w)
		p := Pair{Value: dot(v, s.w)}
		// ‖Hv−λv‖² = ‖Hv‖² − λ² loses half its digits; subtract the vectors.
		axpy(s.w, -p.Value, v)
		p.Residual = norm(s.w)
		if !finite(p.Value) || !finite(p.Residual) {
			return nil, ErrNotFinite
		}
		p.Converged = small(p.Residual, p.Value, s.opt.Tol, math.Abs(p.Value))
		if opt.OnStep != nil {
			if err := opt.OnStep(Step{Steps: s.steps, Values: []float64{p.Value}, Residuals: []float64{p.Residual}}); err != nil {
				return nil, err
			}
		}
		if p.Converged || s.steps >= s.opt.MaxSteps || size == 0 {
			p.Vector = append([]float32(nil), v...)
			return &Result{Pairs: []Pair{p}, Steps: s.steps, HVPs: s.hvps, Converged: p.Converged}, nil
		}
		axpy(s.w, p.Value, v)
		narrow(v, s.w, size)
	}
}
