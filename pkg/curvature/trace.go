package curvature

import (
	"fmt"
	"math"
	"slices"
)

// TraceOptions says how traces are estimated. Zero values take the defaults.
type TraceOptions struct {
	// Products is how many an estimate takes; default 100.
	Products int
	Probe    Probe  // default Rademacher
	Seed     uint64 // of the probes
	// Tol, if above 0, ends Hutchinson's estimate once the standard error is
	// below Tol·|trace|, after 10 products at least.
	Tol float64
	// OnProduct, if given, is told of the trace so far after every product;
	// its error ends the run.
	OnProduct func(products int, trace Estimate) error
}

// Trace is the trace and the Frobenius norm of an operator, both from the same
// products. The norm's square is a second moment of the spectrum: ‖A‖_F² = Σλ².
type Trace struct {
	Trace     Estimate
	Frobenius Estimate
	// TraceFloor and FrobeniusFloor are the part of the errors that is the float32
	// matrix's own, see [MatrixFloor]: more products do not lower it.
	TraceFloor, FrobeniusFloor float64
	// Products is how many the estimates are of.
	Products int
	// Sketch is the dimension of the subspace that Hutch++ treats exactly.
	Sketch int
	// Samples are the probes whose scatter the standard errors tell of.
	Samples int
}

func (o *TraceOptions) defaults(least int) error {
	if o.Products == 0 {
		o.Products = 100
	}
	if o.Probe == "" {
		o.Probe = Rademacher
	}
	if o.Products < least {
		return fmt.Errorf("%d products cannot tell a trace with its error: at least %d", o.Products, least)
	}
	return o.Probe.check()
}

// leastSamples is how many samples a standard error is trusted from.
const leastSamples = 10

// Hutchinson estimates tr A = E[gᵀAg] and ‖A‖_F² = E[‖Ag‖²] over random
// probes g (Hutchinson 1990).
func Hutchinson(op Operator, opt TraceOptions) (*Trace, error) {
	if err := opt.defaults(2); err != nil {
		return nil, err
	}
	s := newSampler(op, opt)
	for next := 0; next < opt.Products; {
		n, err := s.products(next, opt.Products, nil)
		if err != nil {
			return nil, err
		}
		next += n
		for i := range n {
			if err := s.sample(i, 0); err != nil {
				return nil, err
			}
			t := estimate(s.forms)
			if opt.Tol > 0 && len(s.forms) >= leastSamples && t.Error <= opt.Tol*max(t.Value, -t.Value) {
				return s.result(0, 0, 0), nil
			}
		}
	}
	return s.result(0, 0, 0), nil
}

// HutchPP estimates a trace by Hutch++ (Meyer, Musco, Musco and Woodruff
// 2021): a third of the products find a subspace Q near the largest
// eigenvalues, a third give the trace there exactly, and the last third is
// Hutchinson's estimate on the rest, tr A = tr QᵀAQ + E[gᵀPAPg] with
// P = I − QQᵀ. ‖A‖_F² = ‖AQ‖_F² + E[‖APg‖²] likewise. It keeps Products/3
// vectors, 4·Dim bytes each.
func HutchPP(op Operator, opt TraceOptions) (*Trace, error) {
	if err := opt.defaults(6); err != nil {
		return nil, err
	}
	s := newSampler(op, opt)
	q := basis{dim: op.Dim()}
	sketch := opt.Products / 3
	for next := 0; next < min(sketch, op.Dim()); {
		n, err := s.products(next, min(sketch, op.Dim()), nil)
		if err != nil {
			return nil, err
		}
		next += n
		for i := range n {
			s.taken++
			widen(s.w, s.images[i])
			before := norm(s.w)
			// What lies in the subspace already adds nothing but rounding.
			if rest := q.project(s.w); rest > 1e-5*before {
				q.push(s.w, rest)
			}
		}
	}
	var trace, squares float64
	for part := range slices.Chunk(q.vectors[:q.size], together) {
		if err := s.multiply(part); err != nil {
			return nil, err
		}
		for i, v := range part {
			s.taken++
			widen(s.w, s.images[i])
			trace += dot(v, s.w)
			size := norm(s.w)
			s.sizes += size
			squares += size * size
			s.fixed = trace
			if err := s.report(); err != nil {
				return nil, err
			}
		}
	}
	if q.size == op.Dim() {
		return s.result(trace, squares, q.size), nil
	}
	last := sketch + opt.Products - s.taken // number of the last probe, plus one
	for next := sketch; next < last; {
		n, err := s.products(next, last, &q)
		if err != nil {
			return nil, err
		}
		next += n
		for i := range n {
			if err := s.sample(i, trace); err != nil {
				return nil, err
			}
		}
	}
	return s.result(trace, squares, q.size), nil
}

// together is how many products are computed at once: enough to make what
// they share cheap (see [Several]).
const together = 8

// sampler collects quadratic forms and squared norms of products.
type sampler struct {
	op             Operator
	opt            TraceOptions
	g, images      [][]float32 // vectors and their products
	w              []float64
	forms, squares []float64
	fixed          float64 // the part of the trace that is not sampled
	sizes          float64 // Σ‖Aq‖ of that part, which bounds Σ|qᵀAq|
	taken          int     // products
}

func newSampler(op Operator, opt TraceOptions) *sampler {
	s := &sampler{op: op, opt: opt, w: make([]float64, op.Dim())}
	for range min(together, opt.Products) {
		s.g, s.images = append(s.g, make([]float32, op.Dim())), append(s.images, make([]float32, op.Dim()))
	}
	return s
}

// products multiplies some of the probes numbered from next to end-1, without
// their parts in a subspace if one is given, and returns how many.
func (s *sampler) products(next, end int, without *basis) (n int, err error) {
	n = min(together, end-next)
	for i := range n {
		s.opt.Probe.draw(s.w, s.opt.Seed, uint64(next+i))
		if without != nil {
			without.project(s.w)
		}
		narrow(s.g[i], s.w, 1)
	}
	return n, s.multiply(s.g[:n])
}

// multiply computes the images of some vectors.
func (s *sampler) multiply(v [][]float32) error {
	images := s.images[:len(v)]
	if err := applyAll(s.op, images, v); err != nil {
		return err
	}
	for _, image := range images {
		for _, x := range image {
			if !finite(float64(x)) {
				return ErrNotFinite
			}
		}
	}
	return nil
}

// sample takes in the product of a vector.
func (s *sampler) sample(i int, fixed float64) error {
	s.taken++
	widen(s.w, s.images[i])
	size := norm(s.w)
	s.forms = append(s.forms, dot(s.g[i], s.w))
	s.squares = append(s.squares, size*size)
	s.fixed = fixed
	return s.report()
}

// trace is the estimate so far.
func (s *sampler) trace() Estimate {
	e := Estimate{}
	if len(s.forms) > 0 {
		e = estimate(s.forms)
	}
	e.Value += s.fixed
	return e
}

func (s *sampler) report() error {
	if s.opt.OnProduct == nil {
		return nil
	}
	return s.opt.OnProduct(s.taken, s.trace())
}

func (s *sampler) result(trace, squares float64, sketch int) *Trace {
	s.fixed = trace
	square := Estimate{}
	if len(s.squares) > 0 {
		square = estimate(s.squares)
	}
	square.Value += squares
	r := &Trace{Trace: s.trace(), Frobenius: square.root(), Products: s.taken, Sketch: sketch, Samples: len(s.forms)}
	r.TraceFloor, r.FrobeniusFloor = MatrixFloor*(s.sizes+rms(s.forms)), MatrixFloor*r.Frobenius.Value
	r.Trace.Error = math.Hypot(r.Trace.Error, r.TraceFloor)
	r.Frobenius.Error = math.Hypot(r.Frobenius.Error, r.FrobeniusFloor)
	return r
}

// rms is the root mean square, 0 of nothing.
func rms(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return norm(values) / math.Sqrt(float64(len(values)))
}
