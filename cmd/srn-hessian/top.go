package main

import (
	"srn/pkg/artifact"
	"srn/pkg/cli"
	"srn/pkg/cli/examine"
	"srn/pkg/measure"
	"srn/pkg/record"
)

// top is the flags of the subcommand top.
type top struct {
	examine.Flags
	measure.Top
	Vectors string `record:"-" placeholder:"FILE" help:"Write the eigenvectors of the one checkpoint as tensors under its parameters' names; compressed where the name ends in .zst."`
}

func (t *top) Examples() string { return topExamples }

// Run finds the eigenvalues at every checkpoint.
func (t *top) Run(ctx *cli.Context) error {
	s := examine.Series{Describe: describe, Flags: &t.Flags, Measurement: &t.Top}
	if t.Vectors != "" {
		if err := t.checkVectors(); err != nil {
			return err
		}
		var vectors measure.Vectors
		t.OnPairs = vectors.Add
		s.Also = t.Vectors
		s.Last = func(session *measure.Session, h record.Header) error { return t.write(session, h, &vectors) }
	}
	return s.Run(ctx)
}

// checkVectors refuses names that cannot be meant.
func (t *top) checkVectors() error {
	if len(t.Checkpoints) != 1 {
		return cli.WithHint(cli.Errorf(cli.ExitUsage, "--vectors: one file holds one checkpoint's eigenvectors, not those of %d", len(t.Checkpoints)), "run once for each checkpoint")
	}
	if t.Vectors == "-" {
		if t.Output == "-" {
			return cli.Errorf(cli.ExitUsage, "--vectors: records and eigenvectors cannot both go to standard output")
		}
		return nil
	}
	for _, name := range append([]string{t.Data, t.Output}, t.Checkpoints...) {
		if artifact.SameFile(t.Vectors, name) {
			return cli.Errorf(cli.ExitUsage, "--vectors: %s is another input or output", t.Vectors)
		}
	}
	return nil
}

// write saves the eigenvectors.
func (t *top) write(s *measure.Session, h record.Header, vectors *measure.Vectors) error {
	f, err := vectors.File(s.Checkpoints[0], artifact.Provenance{Tool: h.Tool, Version: h.Version, Config: h.Config, Inputs: h.Inputs})
	if err != nil {
		return err
	}
	return artifact.Write(t.Vectors, f)
}

const topExamples = `  λ_max along a run, each with its standard error over images:
    srn-hessian top --data cifar10.safetensors.zst run/*.safetensors.zst -o lambda.jsonl.zst

  The same numbers as another tool, on the first 1000 training images:
    srn-hessian top --data cifar10.safetensors.zst --split train --examples first:1000 --k 5 ckpt.safetensors.zst

  λ_max of the images' distribution from both sides, by halves of the images:
    srn-hessian top --data cifar10.safetensors.zst --split train --examples 2000 --crossfit ckpt.safetensors.zst

  The negative end of the spectrum, on all test images:
    srn-hessian top --data cifar10.safetensors.zst --order sa --examples all ckpt.safetensors.zst

  Both ends for each stage of the network, with the eigenvectors, HVPs tested first:
    srn-hessian top --data cifar10.safetensors.zst --k 2 --order be --per stage --check --vectors v.safetensors.zst ckpt.safetensors.zst`
