package main

import (
	"srn/pkg/cli"
	"srn/pkg/cli/examine"
	"srn/pkg/measure"
)

// plot is the flags of the subcommand landscape.
type plot struct {
	examine.Flags
	measure.Landscape
}

func (p *plot) Examples() string { return landscapeExamples }

// Run evaluates every cell for every checkpoint.
func (p *plot) Run(ctx *cli.Context) error {
	return examine.Series{Describe: describe, Flags: &p.Flags, Measurement: &p.Landscape, Inputs: []string{p.To, p.Vectors}}.Run(ctx)
}

const landscapeExamples = `  A line and a plane in random, filter-normalised directions:
    srn-hessian landscape --data cifar10.safetensors.zst net.safetensors.zst -o line.jsonl.zst
    srn-hessian landscape --data cifar10.safetensors.zst --x=-1:1:25 --y=-1:1:25 net.safetensors.zst -o plane.jsonl.zst

  Two networks in the very same directions, on 2000 training images:
    srn-hessian landscape --data cifar10.safetensors.zst --split train --examples 2000 --scale-by first ce.safetensors.zst srn.safetensors.zst -o both.jsonl.zst

  From one checkpoint to another; along the two top eigenvectors:
    srn-hessian landscape --data cifar10.safetensors.zst --to srn.safetensors.zst ce.safetensors.zst
    srn-hessian landscape --data cifar10.safetensors.zst --eigen --x=-0.5:0.5:21 --y=-0.5:0.5:21 net.safetensors.zst

  Resume after an interruption (the same command line, with --resume):
    srn-hessian landscape … --resume`
