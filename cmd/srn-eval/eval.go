package main

import (
	"fmt"

	"srn/pkg/cli"
	"srn/pkg/cli/examine"
	"srn/pkg/measure"
	"srn/pkg/record"
)

// eval is the command's flags.
type eval struct {
	examine.Flags
	measure.Eval
	cli.Common
}

func (e *eval) Examples() string { return examples }

// Run scores the checkpoints.
func (e *eval) Run(ctx *cli.Context) error {
	return examine.Series{Flags: &e.Flags, Measurement: &e.Eval, Describe: func(rec record.Record) string {
		r := rec.(*record.Eval)
		return fmt.Sprintf("%s: top-1 %.2f%%  top-5 %.2f%%  loss %.4f  ece %.4f", measure.Label(r.Checkpoint), 100*r.Top1, 100*r.Top5, r.Loss, r.ECE)
	}}.Run(ctx)
}
