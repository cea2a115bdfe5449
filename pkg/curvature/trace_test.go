package curvature

import (
	"errors"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// decaying has a few large eigenvalues, of both signs, above a bulk: the shape
// of a network's Hessian.
func decaying(n int) []float64 {
	return spectrum(n, func(i int) float64 { return 40*math.Pow(0.7, float64(i))*math.Cos(float64(i)) + 0.01 })
}

func moments(values []float64) (trace, frobenius float64) {
	for _, v := range values {
		trace += v
		frobenius += v * v
	}
	return trace, math.Sqrt(frobenius)
}

// TestTraceWithinErrors asks that estimates lie within 4 of their standard
// errors, for several seeds, and that these errors are of the size that theory
// gives.
func TestTraceWithinErrors(t *testing.T) {
	values := decaying(120)
	m := rotated(values, 3)
	trace, frobenius := moments(values)
	for _, probe := range []Probe{Rademacher, Normal} {
		for name, algorithm := range map[string]func(Operator, TraceOptions) (*Trace, error){"hutchinson": Hutchinson, "hutch++": HutchPP} {
			for seed := range uint64(4) {
				m.count = 0
				r, err := algorithm(m, TraceOptions{Products: 60, Probe: probe, Seed: seed})
				if err != nil {
					t.Fatal(err)
				}
				floor := 1e-6 * frobenius // of float32
				if !close64(r.Trace.Value, trace, 4*r.Trace.Error+floor) {
					t.Errorf("%s, %s, seed %d: trace %g ± %g, want %g", name, probe, seed, r.Trace.Value, r.Trace.Error, trace)
				}
				if !close64(r.Frobenius.Value, frobenius, 4*r.Frobenius.Error+floor) {
					t.Errorf("%s, %s, seed %d: norm %g ± %g, want %g", name, probe, seed, r.Frobenius.Value, r.Frobenius.Error, frobenius)
				}
				if r.Products != 60 || m.count != 60 {
					t.Errorf("%s: %d products reported, %d taken", name, r.Products, m.count)
				}
				// Hutch++ is better by far where few eigenvalues dominate.
				limit := 2 * frobenius / math.Sqrt(60/2) // twice √(2/m)·‖A‖_F
				if name == "hutch++" {
					limit /= 20
				}
				if r.Trace.Error > limit {
					t.Errorf("%s, %s, seed %d: error %g exceeds %g", name, probe, seed, r.Trace.Error, limit)
				}
			}
		}
	}
}

func TestTraceExactCases(t *testing.T) {
	// Of a diagonal matrix one Rademacher probe tells the trace.
	d := diagonal([]float64{3, -1, 2.5, 0})
	r, err := Hutchinson(d, TraceOptions{Products: 20})
	if err != nil || !close64(r.Trace.Value, 4.5, 1e-12) || r.Trace.Error != r.TraceFloor || !(r.TraceFloor > 0) {
		t.Errorf("diagonal: %+v, %v", r, err)
	}
	// A sketch of the whole space is exact, and so is one of the whole range.
	for _, values := range [][]float64{{3, -1, 2.5, 0.25}, {5, -2, 0, 0, 0, 0, 0, 0, 0, 0}} {
		m := rotated(values, 2)
		trace, frobenius := moments(values)
		r, err := HutchPP(m, TraceOptions{Products: 12, Probe: Normal})
		if err != nil || !close64(r.Trace.Value, trace, 1e-5) || !close64(r.Frobenius.Value, frobenius, 1e-5) || r.Trace.Error > r.TraceFloor+1e-5 {
			t.Errorf("%v: %+v, %v", values, r, err)
		}
	}
	// Zero.
	if r, err := HutchPP(diagonal(make([]float64, 9)), TraceOptions{Products: 12}); err != nil || r.Trace.Value != 0 || r.Frobenius.Value != 0 || r.Frobenius.Error != 0 {
		t.Errorf("zero: %+v, %v", r, err)
	}
}

func TestTraceTolerance(t *testing.T) {
	m := rotated(spectrum(100, func(i int) float64 { return 1 + 0.01*float64(i) }), 1)
	r, err := Hutchinson(m, TraceOptions{Products: 1000, Tol: 0.01})
	if err != nil || r.Products >= 1000 || r.Trace.Error > 0.01*r.Trace.Value {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestTraceErrors(t *testing.T) {
	d := diagonal([]float64{1, 2, 3})
	for _, c := range []struct {
		run  func(Operator, TraceOptions) (*Trace, error)
		opt  TraceOptions
		want string
	}{
		{Hutchinson, TraceOptions{Products: 1}, "at least 2"},
		{HutchPP, TraceOptions{Products: 5}, "at least 6"},
		{Hutchinson, TraceOptions{Probe: "cauchy"}, `probe "cauchy"`},
	} {
		if _, err := c.run(d, c.opt); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.opt, err, c.want)
		}
	}
	nan := diagonal([]float64{1, math.NaN(), 3})
	stop := errors.New("stop")
	for name, run := range map[string]func(Operator, TraceOptions) (*Trace, error){"hutchinson": Hutchinson, "hutch++": HutchPP} {
		if _, err := run(nan, TraceOptions{}); !errors.Is(err, ErrNotFinite) {
			t.Errorf("%s of a NaN: %v", name, err)
		}
		if _, err := run(d, TraceOptions{OnProduct: func(int, Estimate) error { return stop }}); !errors.Is(err, stop) {
			t.Errorf("%s stopped: %v", name, err)
		}
	}
}

// TestDensityMoments checks the quadrature's exactness: of one probe v, the
// moments vᵀAᵏv up to the degree 2m−1.
func TestDensityMoments(t *testing.T) {
	const n, steps = 90, 4
	values := spectrum(n, func(i int) float64 { return math.Sin(float64(i*i)) * 2 })
	m := rotated(values, 6)
	for _, probe := range []Probe{Rademacher, Normal} {
		d, err := SpectralDensity(m, DensityOptions{Runs: 3, Steps: steps, Probe: probe, Seed: 9})
		if err != nil {
			t.Fatal(err)
		}
		if d.HVPs != 3*steps {
			t.Errorf("%d products", d.HVPs)
		}
		w := make([]float64, n)
		for run, q := range d.Runs {
			probe.draw(w, 9, uint64(run))
			v := mat.NewVecDense(n, w)
			v.ScaleVec(1/mat.Norm(v, 2), v)
			power := mat.VecDenseCopyOf(v)
			for k := range 2 * steps {
				want := mat.Dot(v, power)
				var got float64
				for i, x := range q.Nodes {
					got += q.Weights[i] * math.Pow(x, float64(k))
				}
				if !close64(got, want, 2e-6*math.Pow(2, float64(k))) {
					t.Errorf("%s, run %d: moment %d is %g, want %g", probe, run, k, got, want)
				}
				power.MulVec(m.a, power)
			}
		}
	}
}

// TestDensityAgainstSpectrum compares moments over many probes, ends, and the
// curve with the known spectrum.
func TestDensityAgainstSpectrum(t *testing.T) {
	values := decaying(100)
	m := rotated(values, 4)
	d, err := SpectralDensity(m, DensityOptions{Runs: 30, Steps: 40, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	trace, _ := moments(values)
	if !close64(d.Trace.Value, trace, 4*d.Trace.Error) {
		t.Errorf("trace %g ± %g, want %g", d.Trace.Value, d.Trace.Error, trace)
	}
	// Lanczos finds the ends, if anything.
	ends := wantedValues(values, BothEnds, 2)
	if lo, hi := d.Range(); !close64(lo, ends[1], 1e-4) || !close64(hi, ends[0], 1e-4) {
		t.Errorf("ends %g and %g, want %g and %g", lo, hi, ends[1], ends[0])
	}
	// The share of eigenvalues above 1 in magnitude.
	var want, got float64
	for _, v := range values {
		if math.Abs(v) > 1 {
			want++
		}
	}
	for _, q := range d.Runs {
		var sum float64
		for i, x := range q.Nodes {
			sum += q.Weights[i]
			if math.Abs(x) > 1 {
				got += 100 * q.Weights[i] / 30
			}
		}
		if !close64(sum, 1, 1e-12) {
			t.Errorf("weights of sum %g", sum)
		}
	}
	if !close64(got, want, 1.5) {
		t.Errorf("%.2f eigenvalues outside ±1, want %g", got, want)
	}
	c := d.Smooth(2000, 0)
	var integral, mean float64
	for i := range c.Grid[1:] {
		dx := c.Grid[i+1] - c.Grid[i]
		integral += c.Values[i] * dx
		mean += c.Grid[i] * c.Values[i] * dx
	}
	if !close64(integral, 1, 1e-4) || !close64(mean*100, d.Trace.Value, 1e-2*math.Abs(trace)) {
		t.Errorf("curve integrates to %g, to the trace %g, want 1 and %g", integral, 100*mean, d.Trace.Value)
	}
	lo, hi := d.Range()
	longest := 0
	for _, q := range d.Runs {
		longest = max(longest, len(q.Nodes))
	}
	if want := (hi - lo) / float64(longest); c.Bandwidth != want {
		t.Errorf("bandwidth %g, want %g", c.Bandwidth, want)
	}
	if c := d.Smooth(10, 0.5); c.Bandwidth != 0.5 || len(c.Grid) != 10 {
		t.Errorf("%+v", c)
	}
}

func TestDensityInvariantSpaces(t *testing.T) {
	for _, values := range [][]float64{{7, 7, 7, 7, 7}, make([]float64, 6), {1, 2}, {3, 3, 3, -1, -1, -1}} {
		m := rotated(values, 2)
		d, err := SpectralDensity(m, DensityOptions{Runs: 4, Steps: 20})
		if err != nil {
			t.Fatal(err)
		}
		lo, hi := d.Range()
		for _, q := range d.Runs {
			var sum float64
			for _, w := range q.Weights {
				sum += w
			}
			if len(q.Nodes) > len(values) || !close64(sum, 1, 1e-12) {
				t.Errorf("%v: %+v", values, q)
			}
		}
		ends := wantedValues(values, BothEnds, 2)
		if !close64(hi, ends[0], 1e-5) || !close64(lo, ends[1], 1e-5) {
			t.Errorf("%v: from %g to %g", values, lo, hi)
		}
		for _, y := range d.Smooth(50, 0).Values {
			if !finite(y) {
				t.Errorf("%v: curve %g", values, y)
			}
		}
	}
}

func TestDensityErrors(t *testing.T) {
	d := diagonal([]float64{1, 2, 3})
	for _, opt := range []DensityOptions{{Runs: -1}, {Steps: 1}, {Probe: "x"}} {
		if _, err := SpectralDensity(d, opt); err == nil {
			t.Errorf("%+v accepted", opt)
		}
	}
	if _, err := SpectralDensity(diagonal([]float64{1, math.NaN()}), DensityOptions{}); !errors.Is(err, ErrNotFinite) {
		t.Errorf("NaN: %v", err)
	}
	stop := errors.New("stop")
	if _, err := SpectralDensity(d, DensityOptions{OnStep: func(int, int) error { return stop }}); !errors.Is(err, stop) {
		t.Errorf("stopped: %v", err)
	}
}
