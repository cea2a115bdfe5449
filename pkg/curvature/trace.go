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
	// State, if given, is where the estimate goes on, and is kept up to date: one
	// that an error ended goes on from it, with the same operator and options, to
	// the same numbers.
	State *TraceState
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
	s, err := newSampler(op, opt, 0)
	if err != nil {
		return nil, err
	}
	return s.sampled(0, opt.Products, nil)
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
	opt.Tol = 0
	sketch := min(opt.Products/3, op.Dim())
	s, err := newSampler(op, opt, sketch)
	if err != nil {
		return nil, err
	}
	q := basis{dim: op.Dim(), vectors: s.Basis, size: len(s.Basis)}
	for s.Sketched < sketch {
		n, err := s.products(s.Sketched, sketch, nil)
		if err != nil {
			return nil, err
		}
		for i := range n {
			widen(s.w, s.images[i])
			before := norm(s.w)
			// What lies in the subspace already adds nothing but rounding.
			if rest := q.project(s.w); rest > 1e-5*before {
				q.push(s.w, rest)
			}
			s.Sketched++
		}
		s.Basis = q.vectors[:q.size]
	}
	for part := range slices.Chunk(s.Basis[s.Exact:], together) {
		if err := s.multiply(part); err != nil {
			return nil, err
		}
		for i, v := range part {
			widen(s.w, s.images[i])
			s.Trace += dot(v, s.w)
			size := norm(s.w)
			s.Sizes += size
			s.Squares += size * size
			s.Exact++
			if err := s.report(); err != nil {
				return nil, err
			}
		}
	}
	if q.size == op.Dim() {
		return s.result(), nil
	}
	return s.sampled(opt.Products/3, opt.Products-sketch-q.size, &q)
}

// together is how many products are computed at once: enough to make what
// they share cheap (see [Several]).
const together = 8

// sampler collects quadratic forms and squared norms of products.
type sampler struct {
	*TraceState
	op        Operator
	opt       TraceOptions
	g, images [][]float32 // vectors and their products
	w         []float64
}

// newSampler begins at the options' state.
func newSampler(op Operator, opt TraceOptions, sketch int) (*sampler, error) {
	s := &sampler{TraceState: opt.State, op: op, opt: opt, w: make([]float64, op.Dim())}
	if s.TraceState == nil {
		s.TraceState = &TraceState{}
	}
	if err := s.Check(opt.Products, sketch, op.Dim()); err != nil {
		return nil, err
	}
	for range min(together, opt.Products) {
		s.g, s.images = append(s.g, make([]float32, op.Dim())), append(s.images, make([]float32, op.Dim()))
	}
	return s, nil
}

// sampled takes samples until there are so many, the first of them by the probe
// of a number, or until they are precise, and returns the estimate.
func (s *sampler) sampled(first, samples int, without *basis) (*Trace, error) {
	for len(s.Forms) < samples && !s.precise() {
		n, err := s.products(first+len(s.Forms), first+samples, without)
		if err != nil {
			return nil, err
		}
		for i := 0; i < n && !s.precise(); i++ {
			if err := s.sample(i); err != nil {
				return nil, err
			}
		}
	}
	return s.result(), nil
}

// precise says whether samples are as precise as was asked for.
func (s *sampler) precise() bool {
	if !(s.opt.Tol > 0) || len(s.Forms) < leastSamples {
		return false
	}
	t := estimate(s.Forms)
	return t.Error <= s.opt.Tol*math.Abs(t.Value)
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
func (s *sampler) sample(i int) error {
	widen(s.w, s.images[i])
	size := norm(s.w)
	s.Forms = append(s.Forms, dot(s.g[i], s.w))
	s.Norms = append(s.Norms, size*size)
	return s.report()
}

// trace is the estimate so far.
func (s *sampler) trace() Estimate {
	e := Estimate{}
	if len(s.Forms) > 0 {
		e = estimate(s.Forms)
	}
	e.Value += s.Trace
	return e
}

func (s *sampler) report() error {
	if s.opt.OnProduct == nil {
		return nil
	}
	return s.opt.OnProduct(s.Products(), s.trace())
}

func (s *sampler) result() *Trace {
	square := Estimate{}
	if len(s.Norms) > 0 {
		square = estimate(s.Norms)
	}
	square.Value += s.Squares
	r := &Trace{Trace: s.trace(), Frobenius: square.root(), Products: s.Products(), Sketch: s.Exact, Samples: len(s.Forms)}
	r.TraceFloor, r.FrobeniusFloor = MatrixFloor*(s.Sizes+rms(s.Forms)), MatrixFloor*r.Frobenius.Value
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
