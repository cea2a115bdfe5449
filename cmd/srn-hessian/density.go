package main

import (
	"fmt"
	"math"

	"srn/pkg/artifact"
	"srn/pkg/cli"
	"srn/pkg/curvature"
	"srn/pkg/probe"
)

// density is the flags of the subcommand density.
type density struct {
	probe.Flags
	operatorFlags
	Runs      int     `default:"5" placeholder:"N" help:"Random probes, over which the density is averaged; 20 for print (${default})."`
	Steps     int     `default:"80" placeholder:"N" help:"Lanczos steps a probe, each one product; memory is 4 bytes a parameter and step, 88 MB for resnet20 by default (${default})."`
	Probe     string  `default:"rademacher" enum:"rademacher,normal" placeholder:"KIND" help:"Distribution of the probes: rademacher (±1) or normal (${default})."`
	Bandwidth float64 `default:"0" placeholder:"X" help:"Standard deviation of the Gaussians of the smoothed curve; 0 is the range of the nodes over the steps (${default})."`
	Grid      int     `default:"512" placeholder:"N" help:"Points of the smoothed curve; 0 for none (${default})."`
	Seed      int64   `default:"0" placeholder:"N" help:"Of the probes (${default})."`
}

func (d *density) Examples() string { return densityExamples }

// Run finds the density at every checkpoint.
func (d *density) Run(ctx *cli.Context) error {
	if err := d.check(); err != nil {
		return err
	}
	return d.run(ctx, &d.Flags, measurement{kind: "density", seed: d.Seed, config: artifact.Fields{
		{Key: "runs", Value: d.Runs}, {Key: "steps", Value: d.Steps}, {Key: "probe", Value: d.Probe},
		{Key: "bandwidth", Value: d.Bandwidth}, {Key: "grid", Value: d.Grid},
	}, of: func(m *matrix) (artifact.Fields, error) {
		r, err := curvature.SpectralDensity(m, curvature.DensityOptions{
			Runs: d.Runs, Steps: d.Steps, Probe: curvature.Probe(d.Probe), Seed: uint64(d.Seed),
			OnStep: func(run, step int) error {
				m.bar.Describe(fmt.Sprintf("%s: probe %d of %d, step %d of %d", m.label, run+1, d.Runs, step, d.Steps))
				return nil
			},
		})
		if err != nil {
			return nil, err
		}
		lo, hi := r.Range()
		ctx.Logf("%s: eigenvalues from %.6g to %.6g, trace %.6g ± %.2g  %d products", m.label, lo, hi, r.Trace.Value, r.Trace.Error, r.HVPs)
		return d.fields(r), nil
	}})
}

// check refuses values that cannot work.
func (d *density) check() error {
	switch {
	case d.Runs < 1:
		return cli.Errorf(cli.ExitUsage, "--runs: %d is not at least 1", d.Runs)
	case d.Steps < 2:
		return cli.Errorf(cli.ExitUsage, "--steps: %d is not at least 2", d.Steps)
	case !(d.Bandwidth >= 0) || math.IsInf(d.Bandwidth, 0):
		return cli.Errorf(cli.ExitUsage, "--bandwidth: %g is not at least 0", d.Bandwidth)
	case d.Grid < 0 || d.Grid == 1:
		return cli.Errorf(cli.ExitUsage, "--grid: %d is neither 0 nor at least 2", d.Grid)
	}
	return d.operatorFlags.check()
}

// fields are what was found.
func (d *density) fields(r *curvature.Density) artifact.Fields {
	lo, hi := r.Range()
	var nodes, weights [][]float64
	for _, q := range r.Runs {
		nodes, weights = append(nodes, q.Nodes), append(weights, q.Weights)
	}
	f := artifact.Fields{
		{Key: "algorithm", Value: "slq"},
		{Key: "probe", Value: d.Probe},
		{Key: "probe_seed", Value: d.Seed},
		{Key: "runs", Value: len(r.Runs)},
		{Key: "steps", Value: d.Steps},
		{Key: "hvps", Value: r.HVPs},
		{Key: "ritz_min", Value: lo},
		{Key: "ritz_max", Value: hi},
		{Key: "trace", Value: r.Trace.Value},
		{Key: "trace_stderr", Value: r.Trace.Error},
		{Key: "nodes", Value: nodes},
		{Key: "weights", Value: weights},
	}
	if d.Grid > 0 {
		c := r.Smooth(d.Grid, d.Bandwidth)
		f = append(f, artifact.Fields{
			{Key: "kernel", Value: "gaussian"}, {Key: "bandwidth", Value: c.Bandwidth},
			{Key: "grid", Value: c.Grid}, {Key: "density", Value: c.Values},
		}...)
	}
	return f
}

const densityExamples = `  The spectrum of the Hessian at the end of a run:
    srn-hessian density --data cifar10.safetensors.zst ckpt.safetensors.zst -o density.jsonl.zst

  That of the Gauss–Newton matrix, for each stage of the network:
    srn-hessian density --data cifar10.safetensors.zst --operator ggn --per stage ckpt.safetensors.zst`
