package examine

import (
	"srn/pkg/cli"
	"srn/pkg/measure"
	"srn/pkg/record"
	"srn/pkg/run"
)

// Series takes a measurement at every checkpoint that the flags name.
type Series struct {
	*Flags
	measure.Measurement
	Describe func(record.Record) string // a line for the user
	Inputs   []string                   // files beyond data and checkpoints
	Also     string                     // a further output, which Last writes
	// Last, if set, ends the work after the last checkpoint.
	Last func(*measure.Session, record.Header) error
}

// Run writes the records.
func (s Series) Run(ctx *cli.Context) error {
	if err := s.Check(); err != nil {
		return err
	}
	if err := (run.Log{Path: s.Output, Also: s.Also}).CheckNames(); err != nil {
		return err
	}
	session, err := s.Open(ctx, s.Inputs...)
	if err != nil {
		return err
	}
	session.Unconverged = func(u measure.Unconverged) { warn(ctx, u) }
	all, err := measure.NewSeries(session, s.Measurement)
	if err != nil {
		return advised(err)
	}
	out, err := s.begin(ctx, all, s.Also)
	if err != nil {
		return err
	}
	if out.Complete {
		ctx.Logf("%s is complete", s.Output)
		return out.end(nil)
	}
	all.Save = func() error { return out.save(all) }
	err = all.Run(ctx.Interruptible(), out.Done, func(r record.Record) error {
		if line := s.Describe(r); line != "" {
			ctx.Logf("%s", line)
		}
		return out.write(r)
	})
	if err == nil && s.Last != nil {
		err = s.Last(session, out.log.Header)
	}
	if partial, _ := out.log.Partial(); partial != "" && cli.ExitCode(err) == cli.ExitInterrupted {
		err = cli.WithHint(err, "run the same command with --resume to go on")
	}
	return out.end(err)
}

func warn(ctx *cli.Context, u measure.Unconverged) {
	what := u.What
	if what != "" {
		what += " "
	}
	ctx.Warnf("%s: %snot converged after %d HVPs; raise --max-steps", u.Label, what, u.Steps)
}
