package main

import (
	"srn/pkg/cli"
	"srn/pkg/cli/examine"
	"srn/pkg/measure"
)

// density is the flags of the subcommand density.
type density struct {
	examine.Flags
	measure.Density
}

func (d *density) Examples() string { return densityExamples }

// Run finds the density at every checkpoint.
func (d *density) Run(ctx *cli.Context) error {
	return examine.Series{Describe: describe, Flags: &d.Flags, Measurement: &d.Density}.Run(ctx)
}

// trace is the flags of the subcommand trace.
type trace struct {
	examine.Flags
	measure.Trace
}

func (t *trace) Examples() string { return traceExamples }

// Run estimates trace and norm at every checkpoint.
func (t *trace) Run(ctx *cli.Context) error {
	return examine.Series{Describe: describe, Flags: &t.Flags, Measurement: &t.Trace}.Run(ctx)
}

const densityExamples = `  The spectrum of the Hessian at the end of a run:
    srn-hessian density --data cifar10.safetensors.zst ckpt.safetensors.zst -o density.jsonl.zst

  That of the Gauss–Newton matrix, for each stage of the network:
    srn-hessian density --data cifar10.safetensors.zst --operator ggn --per stage ckpt.safetensors.zst`

const traceExamples = `  Trace and Frobenius norm, with standard errors, along a run:
    srn-hessian trace --data cifar10.safetensors.zst run/*.safetensors.zst -o trace.jsonl.zst

  As other tools have it: Hutchinson's estimate to one percent:
    srn-hessian trace --data cifar10.safetensors.zst --algorithm hutchinson --hvps 1000 --tol 0.01 ckpt.safetensors.zst`
