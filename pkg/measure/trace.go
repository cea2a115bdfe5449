package measure

import (
	"context"
	"fmt"
	"iter"

	"srn/pkg/checkpoint"
	"srn/pkg/curvature"
	"srn/pkg/record"
	"srn/pkg/run"
)

// Trace estimates the trace and the Frobenius norm of a matrix.
type Trace struct {
	Operator
	Algorithm    string  `default:"hutch++" enum:"hutch++,hutchinson" placeholder:"NAME" help:"hutch++, which treats a subspace of a third of the HVPs' number exactly; or hutchinson (${default})."`
	HVPs         int     `name:"hvps" aliases:"products" default:"99" placeholder:"N" help:"Hessian-vector products; hutch++ keeps a third as many vectors, 4 bytes a parameter each (${default})."`
	Tol          float64 `default:"0" placeholder:"X" help:"Let hutchinson stop once the standard error is below X times the trace, after 10 HVPs at least (${default})."`
	Distribution string  `aliases:"probe" default:"rademacher" enum:"rademacher,normal" placeholder:"KIND" help:"Of the probes: rademacher (±1) or normal (${default})."`
	Seed         int64   `default:"0" placeholder:"N" help:"Of the probes (${default})."`

	state curvature.TraceState // of the block at hand
}

// Check refuses values that cannot work.
func (t *Trace) Check() error {
	least := map[string]int{"hutch++": 6, "hutchinson": 2}[t.Algorithm]
	switch {
	case t.HVPs > mostProbes:
		return run.Refuse("hvps", "%d, want at most %d", t.HVPs, mostProbes)
	case t.HVPs < least:
		return run.Refuse("hvps", "%d are too few for %s; at least %d", t.HVPs, t.Algorithm, least)
	case !(t.Tol >= 0 && t.Tol < 1):
		return run.Refuse("tol", "%g does not lie between 0 and 1", t.Tol)
	case t.Tol > 0 && t.Algorithm != "hutchinson":
		return &run.SettingError{Setting: "tol", Problem: "hutch++ fixes its HVPs beforehand", Fix: "use algorithm hutchinson"}
	}
	return t.Operator.Check()
}

// Prepare refuses more vectors than memory has room for, twice: once in a
// state that is saved.
func (t *Trace) Prepare(s *Series) error {
	if err := t.Operator.Prepare(s); err != nil {
		return err
	}
	if t.Algorithm != "hutch++" {
		return nil
	}
	return t.vectors(s, "hvps", 2*(t.HVPs/3))
}

// Records are one for each block.
func (t *Trace) Records(c *checkpoint.Checkpoint) ([]string, error) {
	return t.each(c, record.Trace{}.Type())
}

// Measure yields a *record.Trace for each block.
func (t *Trace) Measure(ctx context.Context, p *Point, skip int) iter.Seq2[record.Record, error] {
	return t.measure(ctx, p, skip, t.Seed, func(m *Matrix) (record.Record, error) { return made(t.Estimate(m)) })
}

// sketch is how many products make the basis of a matrix of so many rows.
func (t *Trace) sketch(dim int) int {
	if t.Algorithm != "hutch++" {
		return 0
	}
	return min(t.HVPs/3, dim)
}

// Estimate estimates trace and norm of a matrix.
func (t *Trace) Estimate(m *Matrix) (*record.Trace, error) {
	algorithm := curvature.HutchPP
	if t.Algorithm == "hutchinson" {
		algorithm = curvature.Hutchinson
	}
	r, err := algorithm(m, curvature.TraceOptions{
		Products: t.HVPs, Probe: curvature.Probe(t.Distribution), Seed: uint64(t.Seed), Tol: t.Tol, State: &t.state,
		OnProduct: func(n int, so curvature.Estimate) error {
			m.Point.bar.Describe(fmt.Sprintf("%s: HVP %d of %d, trace %.5g", m.label(), n, t.HVPs, so.Value))
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	t.state = curvature.TraceState{}
	return &record.Trace{
		Subject: m.Point.subject(), Matrix: m.record(),
		Algorithm: t.Algorithm, Distribution: t.Distribution, ProbeSeed: t.Seed, HVPs: r.Products, Sketch: r.Sketch, Samples: r.Samples,
		Trace: r.Trace.Value, TraceStderr: r.Trace.Error, Frobenius: r.Frobenius.Value, FrobeniusStderr: r.Frobenius.Error,
		TraceFloor: r.TraceFloor, FrobeniusFloor: r.FrobeniusFloor, Timed: m.timed(),
	}, nil
}
