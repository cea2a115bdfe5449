package main

import (
	"srn/pkg/cli"
	"srn/pkg/cli/examine"
	"srn/pkg/measure"
)

// worst is the flags of the subcommand worst.
type worst struct {
	examine.Flags
	measure.Worst
}

func (w *worst) Examples() string { return worstExamples }

// Run looks for the worst loss around every checkpoint.
func (w *worst) Run(ctx *cli.Context) error {
	return examine.Series{Describe: describe, Flags: &w.Flags, Measurement: &w.Worst}.Run(ctx)
}

// margin is the flags of the subcommand margin.
type margin struct {
	examine.Flags
	measure.Margin
}

func (m *margin) Examples() string { return marginExamples }

// Run compares the margin's Hessian with the loss's at every checkpoint.
func (m *margin) Run(ctx *cli.Context) error {
	return examine.Series{Describe: describe, Flags: &m.Flags, Measurement: &m.Margin}.Run(ctx)
}

// guidance is the flags of the subcommand guidance.
type guidance struct {
	examine.Flags
	measure.Guidance
}

func (g *guidance) Examples() string { return guidanceExamples }

// Run measures every checkpoint and then the series.
func (g *guidance) Run(ctx *cli.Context) error {
	return examine.Series{Describe: describe, Flags: &g.Flags, Measurement: &g.Guidance, Inputs: []string{g.SRN}}.Run(ctx)
}

// stability is the flags of the subcommand stability.
type stability struct {
	examine.Flags `set:"split=train"`
	measure.Stability
}

func (s *stability) Examples() string { return stabilityExamples }

// Run measures sharpness against the learning rate at every checkpoint.
func (s *stability) Run(ctx *cli.Context) error {
	return examine.Series{Describe: describe, Flags: &s.Flags, Measurement: &s.Stability}.Run(ctx)
}

const worstExamples = `  The worst loss within two radii, beside what λ_max predicts at a minimum:
    srn-hessian worst --data cifar10.safetensors.zst --split train --rho 0.01,0.05 run/*.safetensors.zst -o worst.jsonl.zst`

const marginExamples = `  The link between margin and curvature along a run, on validation images:
    srn-hessian margin --data cifar10.safetensors.zst --split meta_val run/*.safetensors.zst -o margin.jsonl.zst`

const guidanceExamples = `  What the surrogate's gradient points at along a run, on validation images:
    srn-hessian guidance --data cifar10.safetensors.zst --srn srn.safetensors.zst --split meta_val run/*.safetensors.zst -o guidance.jsonl.zst

  The series at a glance:
    zstdcat guidance.jsonl.zst | jq 'select(.type=="guidance_series")'`

const stabilityExamples = `  Learning rate and bound along a run, on training images in batches as trained:
    srn-hessian stability --data cifar10.safetensors.zst run/*.safetensors.zst -o stability.jsonl.zst
    zstdcat stability.jsonl.zst | jq -r 'select(.type=="stability") | [.epoch, .loss, .lambda_max, .edge, .edge_momentum] | @tsv'`
