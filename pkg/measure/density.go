package measure

import (
	"context"
	"fmt"
	"iter"
	"math"

	"srn/pkg/checkpoint"
	"srn/pkg/curvature"
	"srn/pkg/record"
	"srn/pkg/run"
)

// Density finds the spectral density of a matrix by stochastic Lanczos
// quadrature.
type Density struct {
	Operator
	Probes       int     `aliases:"runs" default:"5" placeholder:"N" help:"Random probes, over which the density is averaged; 20 for print (${default})."`
	Steps        int     `default:"80" placeholder:"N" help:"Lanczos steps a probe, each one Hessian-vector product; memory is 4 bytes a parameter and step, 88 MB for resnet20 by default (${default})."`
	Distribution string  `aliases:"probe" default:"rademacher" enum:"rademacher,normal" placeholder:"KIND" help:"Of the probes: rademacher (±1) or normal (${default})."`
	Bandwidth    float64 `default:"0" placeholder:"X" help:"Standard deviation of the Gaussians of the smoothed curve; 0 is the range of the nodes over the steps (${default})."`
	Grid         int     `default:"512" placeholder:"N" help:"Points of the smoothed curve; 0 for none (${default})."`
	Seed         int64   `default:"0" placeholder:"N" help:"Of the probes (${default})."`

	done []curvature.Quadrature // of the block at hand
}

// Check refuses values that cannot work.
func (d *Density) Check() error {
	switch {
	case d.Probes < 1 || d.Probes > mostProbes:
		return run.Refuse("probes", "%d, want 1 to %d", d.Probes, mostProbes)
	case d.Steps < 2 || d.Steps > mostKrylov:
		return run.Refuse("steps", "%d, want 2 to %d", d.Steps, mostKrylov)
	case d.Grid > mostGrid:
		return run.Refuse("grid", "%d, want at most %d", d.Grid, mostGrid)
	case !(d.Bandwidth >= 0) || math.IsInf(d.Bandwidth, 0):
		return run.Refuse("bandwidth", "%g is not at least 0", d.Bandwidth)
	case d.Grid < 0 || d.Grid == 1:
		return run.Refuse("grid", "%d is neither 0 nor at least 2", d.Grid)
	}
	return d.Operator.Check()
}

const (
	mostProbes = 100_000 // and products of an estimate
	mostGrid   = 1_000_000
)

// Prepare refuses more steps than memory has room for.
func (d *Density) Prepare(s *Series) error {
	if err := d.Operator.Prepare(s); err != nil {
		return err
	}
	return d.vectors(s, "steps", d.Steps+1)
}

// Records are one for each block.
func (d *Density) Records(c *checkpoint.Checkpoint) ([]string, error) {
	return d.each(c, record.Density{}.Type())
}

// Measure yields a *record.Density for each block.
func (d *Density) Measure(ctx context.Context, p *Point, skip int) iter.Seq2[record.Record, error] {
	return d.measure(ctx, p, skip, d.Seed, func(m *Matrix) (record.Record, error) { return made(d.Find(m)) })
}

// Find finds the density of a matrix. Each probe but the last, without whose
// products the loss would not be known, is saved.
func (d *Density) Find(m *Matrix) (*record.Density, error) {
	r, err := curvature.SpectralDensity(m, curvature.DensityOptions{
		Runs: d.Probes, Steps: d.Steps, Probe: curvature.Probe(d.Distribution), Seed: uint64(d.Seed),
		Done: d.done,
		OnRun: func(q curvature.Quadrature) error {
			if len(d.done)+1 == d.Probes {
				return nil
			}
			d.done = append(d.done, q)
			return m.Point.Series.save()
		},
		OnStep: func(probe, step int) error {
			m.Point.bar.Describe(fmt.Sprintf("%s: probe %d of %d, step %d of %d", m.label(), probe+1, d.Probes, step, d.Steps))
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	d.done = nil
	rec := &record.Density{
		Subject: m.Point.subject(), Matrix: m.record(),
		Algorithm: "slq", Distribution: d.Distribution, ProbeSeed: d.Seed, Probes: len(r.Runs), Steps: d.Steps, HVPs: r.HVPs,
		Trace: r.Trace.Value, TraceStderr: r.Trace.Error, TraceFloor: r.TraceFloor, NodeFloor: r.NodeFloor,
	}
	rec.RitzMin, rec.RitzMax = r.Range()
	for _, q := range r.Runs {
		rec.Nodes, rec.Weights = append(rec.Nodes, q.Nodes), append(rec.Weights, q.Weights)
	}
	if d.Grid > 0 {
		c := r.Smooth(d.Grid, d.Bandwidth)
		rec.Smoothing, rec.Bandwidth, rec.Grid, rec.Density = "gaussian", &c.Bandwidth, c.Grid, c.Values
	}
	rec.Timed = m.timed()
	return rec, nil
}
