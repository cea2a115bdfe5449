package main

import (
	"time"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/cli"
	"srn/pkg/probe"
	"srn/pkg/record"
	"srn/pkg/resnet"
)

// pairFlags are the flags of subcommands that find eigenpairs at each
// checkpoint and say something of them.
type pairFlags struct {
	probe.Flags
	lossFlags
	seriesFlags
}

// each writes a record of the given type for every checkpoint: what is known
// of it, the measurement's setting, what measure finds, and the time it took.
// The flag is the subcommand's own, for the header.
func (p *pairFlags) each(ctx *cli.Context, kind string, flag artifact.Field, measure func(*cli.Context, *place) (artifact.Fields, error)) error {
	if err := p.eigenFlags.check(); err != nil {
		return err
	}
	if err := p.lossFlags.check(); err != nil {
		return err
	}
	s, examples, err := p.begin(ctx, &p.Flags)
	if err != nil {
		return err
	}
	out, err := s.Create(p.Seed, append(append(p.lossFlags.config(), p.seriesFlags.config()...), flag))
	if err != nil {
		return err
	}
	return s.Each(out, func(c *checkpoint.Checkpoint) (record.Record, error) {
		start := time.Now()
		at, err := p.open(ctx, s, out, c, examples, resnet.Config{Tangents: true})
		if err != nil {
			return nil, err
		}
		defer at.bar.Done()
		f, err := measure(ctx, at)
		if err != nil {
			return nil, at.diverged(err)
		}
		f = append(f, artifact.Field{Key: "hessian_seconds", Value: time.Since(start).Seconds()})
		return probe.Typed(append(append(append(s.Fields(kind, c), p.setting(examples, at.batch)...), p.how(at)...), f...))
	})
}
