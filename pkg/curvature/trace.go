package curvature

import "fmt"

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
	// Products is how many were taken.
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
	for i := range opt.Products {
		opt.Probe.draw(s.w, opt.Seed, uint64(i))
		if err := s.sample(0); err != nil {
			return nil, err
		}
		t := estimate(s.forms)
		if opt.Tol > 0 && len(s.forms) >= leastSamples && t.Error <= opt.Tol*max(t.Value, -t.Value) {
			break
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
	for i := range min(opt.Products/3, op.Dim()) {
		opt.Probe.draw(s.w, opt.Seed, uint64(i))
		narrow(s.g, s.w, 1)
		if err := s.product(); err != nil {
			return nil, err
		}
		before := norm(s.w)
		// What lies in the subspace already adds nothing but rounding.
		if _, rest := q.project(s.w); rest > 1e-5*before {
			q.push(s.w, rest)
		}
	}
	var trace, squares float64
	for _, v := range q.vectors[:q.size] {
		copy(s.g, v)
		if err := s.product(); err != nil {
			return nil, err
		}
		trace += dot(s.g, s.w)
		size := norm(s.w)
		squares += size * size
		s.fixed = trace
		if err := s.report(); err != nil {
			return nil, err
		}
	}
	if q.size == op.Dim() {
		return s.result(trace, squares, q.size), nil
	}
	for i := opt.Products / 3; s.products < opt.Products; i++ {
		opt.Probe.draw(s.w, opt.Seed, uint64(i))
		q.project(s.w)
		if err := s.sample(trace); err != nil {
			return nil, err
		}
	}
	return s.result(trace, squares, q.size), nil
}

// sampler collects quadratic forms and squared norms of products.
type sampler struct {
	op             Operator
	opt            TraceOptions
	g, image       []float32
	w              []float64
	forms, squares []float64
	fixed          float64 // the part of the trace that is not sampled
	products       int
}

func newSampler(op Operator, opt TraceOptions) *sampler {
	n := op.Dim()
	return &sampler{op: op, opt: opt, g: make([]float32, n), image: make([]float32, n), w: make([]float64, n)}
}

// product computes w = A·g.
func (s *sampler) product() error {
	s.products++
	if err := s.op.Apply(s.image, s.g); err != nil {
		return err
	}
	widen(s.w, s.image)
	if !finite(norm(s.w)) {
		return ErrNotFinite
	}
	return nil
}

// sample takes the probe in w.
func (s *sampler) sample(fixed float64) error {
	narrow(s.g, s.w, 1)
	if err := s.product(); err != nil {
		return err
	}
	size := norm(s.w)
	s.forms = append(s.forms, dot(s.g, s.w))
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
	return s.opt.OnProduct(s.products, s.trace())
}

func (s *sampler) result(trace, squares float64, sketch int) *Trace {
	s.fixed = trace
	square := Estimate{}
	if len(s.squares) > 0 {
		square = estimate(s.squares)
	}
	square.Value += squares
	return &Trace{Trace: s.trace(), Frobenius: square.root(), Products: s.products, Sketch: sketch, Samples: len(s.forms)}
}
