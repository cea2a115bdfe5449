package curvature

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// DensityOptions says how a spectral density is found. Zero values take the
// defaults.
type DensityOptions struct {
	Runs  int    // random probes; default 5
	Steps int    // Lanczos steps of a run, each one product; default 80
	Probe Probe  // default Rademacher
	Seed  uint64 // of the probes
	// Done are the first runs, as an earlier call with the same operator and
	// options found them: they are taken as they are.
	Done []Quadrature
	// OnStep, if given, is told of every product, and OnRun of every run that is
	// not among those done; their errors end the work.
	OnStep func(run, step int) error
	OnRun  func(Quadrature) error
}

// Quadrature is a discrete distribution of eigenvalues that stands for the
// spectrum as one probe sees it. It took a product for each node.
type Quadrature struct {
	Nodes   []float64 // ascending
	Weights []float64 // of sum 1
}

// Mean is the distribution's.
func (q Quadrature) Mean() float64 {
	var sum float64
	for i, x := range q.Nodes {
		sum += q.Weights[i] * x
	}
	return sum
}

// Density is the spectral density of an operator: the distribution that gives
// each of its Dim eigenvalues the weight 1/Dim.
type Density struct {
	Runs []Quadrature
	HVPs int
	// Trace is Dim times the mean of the runs' means.
	Trace Estimate
	// TraceFloor is the part of Trace's error, and NodeFloor the error of every
	// node, that is the float32 matrix's own, see [MatrixFloor].
	TraceFloor, NodeFloor float64
}

// SpectralDensity finds the density by stochastic Lanczos quadrature (Lin, Saad
// and Yang 2016): from a random v of norm 1, m steps of the Lanczos process,
// with full reorthogonalisation, give T whose eigenvalues are nodes, and the
// squares of whose eigenvectors' first components weights, of the Gauss
// quadrature of vᵀf(A)v; its mean over probes is tr f(A)/Dim, exact for
// polynomials f up to degree 2m−1 but for the scatter of the probes. Memory is
// 4·Dim·(Steps+1) bytes.
func SpectralDensity(op Operator, opt DensityOptions) (*Density, error) {
	if opt.Runs == 0 {
		opt.Runs = 5
	}
	if opt.Steps == 0 {
		opt.Steps = 80
	}
	if opt.Probe == "" {
		opt.Probe = Rademacher
	}
	if opt.Runs < 1 || opt.Steps < 2 {
		return nil, fmt.Errorf("%d runs of %d steps give no density: at least 1 of 2", opt.Runs, opt.Steps)
	}
	if err := opt.Probe.check(); err != nil {
		return nil, err
	}
	if len(opt.Done) > opt.Runs {
		return nil, fmt.Errorf("%d runs are done of %d", len(opt.Done), opt.Runs)
	}
	d := &Density{Runs: slices.Clone(opt.Done)}
	v := basis{dim: op.Dim()}
	for run := len(opt.Done); run < opt.Runs; run++ {
		q, err := quadrature(op, opt, run, &v)
		if err != nil {
			return nil, err
		}
		d.Runs = append(d.Runs, q)
		if opt.OnRun != nil {
			if err := opt.OnRun(q); err != nil {
				return nil, err
			}
		}
	}
	var traces []float64
	for _, q := range d.Runs {
		d.HVPs += len(q.Nodes)
		traces = append(traces, float64(op.Dim())*q.Mean())
	}
	d.Trace = estimate(traces)
	lo, hi := d.Range()
	d.TraceFloor, d.NodeFloor = MatrixFloor*rms(traces), MatrixFloor*max(hi, -lo)
	d.Trace.Error = math.Hypot(d.Trace.Error, d.TraceFloor)
	return d, nil
}

// quadrature is one run. The basis's memory is used again.
func quadrature(op Operator, opt DensityOptions, run int, v *basis) (Quadrature, error) {
	dim := op.Dim()
	image, w := make([]float32, dim), make([]float64, dim)
	opt.Probe.draw(w, opt.Seed, uint64(run))
	v.size = 0
	v.push(w, norm(w))
	m := min(opt.Steps, dim)
	t := mat.NewSymDense(m, nil)
	n := 0
	var scale float64 // of the spectrum, as far as T tells
	for {
		if err := op.Apply(image, v.last()); err != nil {
			return Quadrature{}, err
		}
		widen(w, image)
		scale = max(scale, norm(w))
		beta := v.project(w)
		alpha := v.coef[v.size-1]
		if !finite(alpha) || !finite(beta) {
			return Quadrature{}, ErrNotFinite
		}
		t.SetSym(n, n, alpha)
		n++
		if opt.OnStep != nil {
			if err := opt.OnStep(run, n); err != nil {
				return Quadrature{}, err
			}
		}
		// An invariant space holds all that the probe sees.
		if n == m || beta <= noise*scale {
			break
		}
		t.SetSym(n-1, n, beta)
		v.push(w, beta)
	}
	r, err := decompose(t.SliceSym(0, n), SmallestAlgebraic)
	if err != nil {
		return Quadrature{}, err
	}
	q := Quadrature{Nodes: r.values}
	for _, y := range r.vectors {
		q.Weights = append(q.Weights, y[0]*y[0])
	}
	return q, nil
}

// Range is the least and the largest node of all runs: Ritz values, inside
// the spectrum and, after enough steps, at its ends.
func (d *Density) Range() (lo, hi float64) {
	lo, hi = d.Runs[0].Nodes[0], d.Runs[0].Nodes[0]
	for _, q := range d.Runs {
		lo, hi = min(lo, slices.Min(q.Nodes)), max(hi, slices.Max(q.Nodes))
	}
	return lo, hi
}
