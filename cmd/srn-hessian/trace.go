package main

import (
	"fmt"

	"srn/pkg/artifact"
	"srn/pkg/cli"
	"srn/pkg/curvature"
	"srn/pkg/probe"
)

// trace is the flags of the subcommand trace.
type trace struct {
	probe.Flags
	operatorFlags
	Algorithm string  `default:"hutch++" enum:"hutch++,hutchinson" placeholder:"NAME" help:"hutch++, which treats a subspace of a third of the products' number exactly; or hutchinson (${default})."`
	Products  int     `default:"99" placeholder:"N" help:"Matrix-vector products; hutch++ keeps a third as many vectors, 4 bytes a parameter each (${default})."`
	Tol       float64 `default:"0" placeholder:"X" help:"Let hutchinson stop once the standard error is below X times the trace, after 10 products at least (${default})."`
	Probe     string  `default:"rademacher" enum:"rademacher,normal" placeholder:"KIND" help:"Distribution of the probes: rademacher (±1) or normal (${default})."`
	Seed      int64   `default:"0" placeholder:"N" help:"Of the probes (${default})."`
}

func (t *trace) Examples() string { return traceExamples }

// Run estimates trace and norm at every checkpoint.
func (t *trace) Run(ctx *cli.Context) error {
	if err := t.check(); err != nil {
		return err
	}
	algorithm := curvature.HutchPP
	if t.Algorithm == "hutchinson" {
		algorithm = curvature.Hutchinson
	}
	return t.run(ctx, &t.Flags, measurement{kind: "trace", seed: t.Seed, config: artifact.Fields{
		{Key: "algorithm", Value: t.Algorithm}, {Key: "products", Value: t.Products}, {Key: "tol", Value: t.Tol}, {Key: "probe", Value: t.Probe},
	}, of: func(m *matrix) (artifact.Fields, error) {
		r, err := algorithm(m, curvature.TraceOptions{
			Products: t.Products, Probe: curvature.Probe(t.Probe), Seed: uint64(t.Seed), Tol: t.Tol,
			OnProduct: func(n int, so curvature.Estimate) error {
				m.bar.Describe(fmt.Sprintf("%s: product %d of %d, trace %.5g", m.label, n, t.Products, so.Value))
				return nil
			},
		})
		if err != nil {
			return nil, err
		}
		ctx.Logf("%s: trace %.6g ± %.2g  Frobenius norm %.6g ± %.2g  %d products", m.label,
			r.Trace.Value, r.Trace.Error, r.Frobenius.Value, r.Frobenius.Error, r.Products)
		return artifact.Fields{
			{Key: "algorithm", Value: t.Algorithm},
			{Key: "probe", Value: t.Probe},
			{Key: "probe_seed", Value: t.Seed},
			{Key: "hvps", Value: r.Products},
			{Key: "sketch", Value: r.Sketch},
			{Key: "samples", Value: r.Samples},
			{Key: "trace", Value: r.Trace.Value},
			{Key: "trace_stderr", Value: r.Trace.Error},
			{Key: "frobenius", Value: r.Frobenius.Value},
			{Key: "frobenius_stderr", Value: r.Frobenius.Error},
		}, nil
	}})
}

// check refuses values that cannot work.
func (t *trace) check() error {
	least := map[string]int{"hutch++": 6, "hutchinson": 2}[t.Algorithm]
	switch {
	case t.Products < least:
		return cli.Errorf(cli.ExitUsage, "--products: %d are too few for %s; at least %d", t.Products, t.Algorithm, least)
	case !(t.Tol >= 0 && t.Tol < 1):
		return cli.Errorf(cli.ExitUsage, "--tol: %g does not lie between 0 and 1", t.Tol)
	case t.Tol > 0 && t.Algorithm != "hutchinson":
		return cli.Errorf(cli.ExitUsage, "--tol: hutch++ fixes its products beforehand; use --algorithm hutchinson")
	}
	return t.operatorFlags.check()
}

const traceExamples = `  Trace and Frobenius norm, with standard errors, along a run:
    srn-hessian trace --data cifar10.safetensors.zst run/*.safetensors.zst -o trace.jsonl.zst

  As other tools have it: Hutchinson's estimate to one percent:
    srn-hessian trace --data cifar10.safetensors.zst --algorithm hutchinson --products 1000 --tol 0.01 ckpt.safetensors.zst`
