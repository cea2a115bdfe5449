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
		if c, ok := rec.(*record.Corrupted); ok {
			return fmt.Sprintf("%s, severity %d: %s", c.Corruption, c.Severity, scores(&c.Eval))
		}
		return scores(rec.(*record.Eval))
	}}.Run(ctx)
}

func scores(r *record.Eval) string {
	return fmt.Sprintf("%s: top-1 %.2f%%  top-5 %.2f%%  loss %.4f  ece %.4f", measure.Label(r.Checkpoint), 100*r.Top1, 100*r.Top5, r.Loss, r.ECE)
}
