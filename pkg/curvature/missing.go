package curvature

import "math"

// risk is the probability, for one hidden eigenvalue at a time, with which
// [missing] may be wrong.
const risk = 0.01

// Bounded is an operator or [Loss] of which a lower bound of the eigenvalues is
// known, such as 0 of a Gauss–Newton matrix; -Inf says nothing.
type Bounded interface{ LowerBound() float64 }

func lowerBound(x any) float64 {
	if b, ok := x.(Bounded); ok {
		return b.LowerBound()
	}
	return math.Inf(-1)
}

// missing bounds what a Krylov space can hide. It is grown from a number of
// random vectors by polynomials of some degree in the matrix. Let there be an
// eigenvalue μ, beyond the wanted ones. Each random vector of dimension dim has a
// component c/√dim along its eigenvector, with c normal, so that all of them
// have |c| < δ with a probability below δ^vectors. The Chebyshev polynomial of the
// interval [lo, hi] that holds the rest of the spectrum magnifies the component,
// in comparison with the rest, by cosh(degree·arcosh x) with x the place of μ where
// lo is −1 and hi is 1; and some Ritz value lies below μ by less than (μ − lo) times
// the squared ratio of the rest to the component (Saad 1980). So the eigenvalue
// shows, as a Ritz value above hi, once
//
//	cosh(degree·arcosh x) ≥ √dim/δ · √((μ − lo)/(μ − hi)),
//
// and then is itself part of what has not converged, until it is wanted. Missing
// returns true while it may be hidden with a probability above risk. All values
// are those of the upper end of the spectrum.
func missing(dim, vectors int, degree, mu, lo, hi float64) bool {
	if !(hi > lo) { // nothing is left, or one value
		return hi >= mu
	}
	x := (2*mu - hi - lo) / (hi - lo)
	if x <= 1 {
		return true
	}
	delta := math.Pow(risk, 1/float64(vectors))
	need := math.Log(2*math.Sqrt(float64(dim))/delta) + math.Log((x+1)/(x-1))/2
	return degree*math.Acosh(x) < need
}

// excluded says that no eigenvalue beyond the wanted ones is hidden, after
// random vectors have been multiplied a number of times.
func (s *lanczos) excluded(degree float64, vectors int) bool {
	lo, hi, none := s.rest()
	// An eigenvalue that is missing matters if it is beyond the least wanted one
	// by more than the tolerance.
	above := func(least, lo, hi float64) bool {
		mu := least + max(s.opt.Tol*math.Abs(least), floor(s.scale, 0))
		return none || !missing(s.dim, vectors, degree, mu, lo, hi)
	}
	below := func(least float64) bool {
		return least <= lowerBound(s.op)+floor(s.scale, 0) || above(-least, -hi, -lo)
	}
	wanted := s.ritz.values[:s.opt.K]
	last := wanted[s.opt.K-1]
	switch s.opt.Order {
	case SmallestAlgebraic:
		return below(last)
	case LargestMagnitude:
		most := max(math.Abs(lo), math.Abs(hi))
		return above(math.Abs(last), -most, most)
	case BothEnds:
		if s.opt.K == 1 {
			return above(last, lo, hi)
		}
		other := wanted[s.opt.K-2]
		return above(max(last, other), lo, hi) && below(min(last, other))
	}
	return above(last, lo, hi)
}

// rest is an interval of what is left of the spectrum without the pairs that
// have converged: from the least to the largest other Ritz value, each moved
// outwards by its residual's square over the interval's length, about the error
// of an outermost Ritz value, or by its residual where that is less.
func (s *lanczos) rest() (lo, hi float64, none bool) {
	low, high := -1, -1
	for i, x := range s.ritz.values {
		if i < s.opt.K || s.status(i) != NotConverged {
			continue
		}
		if low < 0 || x < s.ritz.values[low] {
			low = i
		}
		if high < 0 || x > s.ritz.values[high] {
			high = i
		}
	}
	if low < 0 {
		return 0, 0, true
	}
	lo, hi = s.ritz.values[low], s.ritz.values[high]
	length := hi - lo
	shift := func(i int) float64 {
		r := s.residual(i)
		return r * r / max(r, length)
	}
	return lo - shift(low), hi + shift(high), false
}
