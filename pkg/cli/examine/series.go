package examine

import (
	"context"

	"srn/pkg/cli"
	"srn/pkg/measure"
	"srn/pkg/record"
)

// Series takes a measurement at every checkpoint that the flags name.
type Series struct {
	*Flags
	measure.Measurement
	Describe  func(record.Record) string // a line for the user
	Inputs    []string                   // files beyond data and checkpoints
	Resumable bool                       // there is --resume
	Resume    bool                       // it is given
	// Last, if set, ends the work after the last checkpoint.
	Last func(*measure.Session) error
}

// Run writes the records.
func (s Series) Run(ctx *cli.Context) error {
	if s.Resume && s.Output == "-" {
		return cli.WithHint(cli.Errorf(cli.ExitUsage, "--resume: standard output cannot be resumed"), "name a file by -o")
	}
	if err := s.Check(); err != nil {
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
	out, err := s.output(ctx, all)
	if err != nil {
		return err
	}
	if out.Complete {
		ctx.Logf("%s is complete", s.Output)
		return out.End(nil)
	}
	err = all.Run(stopping(ctx), out.Done, func(r record.Record) error {
		if line := s.Describe(r); line != "" {
			ctx.Logf("%s", line)
		}
		return out.Write(r)
	})
	if err == nil && s.Last != nil {
		err = s.Last(session)
	}
	if s.Resumable && cli.ExitCode(err) == cli.ExitInterrupted {
		err = cli.WithHint(err, "--resume resumes after them")
	}
	return out.End(err)
}

// output starts the records or resumes those of a run that was stopped.
func (s Series) output(ctx *cli.Context, all *measure.Series) (*Output, error) {
	if s.Resume {
		return s.Flags.Resume(ctx, all.Session, all.Follows)
	}
	return s.Create(ctx, all.Session)
}

// stopping is a context that ends with the first signal.
func stopping(ctx *cli.Context) context.Context {
	c, cancel := context.WithCancel(context.Background())
	go func() {
		<-ctx.Interrupted()
		cancel()
	}()
	return c
}

func warn(ctx *cli.Context, u measure.Unconverged) {
	what := u.What
	if what != "" {
		what += " "
	}
	ctx.Warnf("%s: %snot converged after %d HVPs; raise --max-steps", u.Label, what, u.Steps)
}
