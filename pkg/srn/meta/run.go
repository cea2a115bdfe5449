package meta

import (
	"context"
	"errors"
	"fmt"
	"time"

	"srn/pkg/artifact"
	"srn/pkg/record"
	"srn/pkg/run"
	"srn/pkg/srn/surrogate"
)

// Run says where a run of meta-training writes and what it begins with.
type Run struct {
	Files  run.Files // the output is a surrogate
	Begin  run.Beginning
	File   *surrogate.File    // description of the surrogate
	Report func(record.Round) // called after every round
	Finish func() error       // called after the last, before the surrogate is written; nil: nothing
}

// Execute does the rounds that are left, saves the state after each, and
// writes the surrogate. When ctx is over it stops with a
// [*run.InterruptedError]; numbers that are not finite are a [*DivergedError].
func (m *Meta) Execute(ctx context.Context, r Run) (err error) {
	m.files = r.Files
	if r.Begin.State != nil {
		if err := m.restore(r.Begin.State, r.Begin.StatePath); err != nil {
			return run.Damaged(err)
		}
	}
	p := r.Files.Provenance
	w, err := r.Files.OpenMetrics(r.Begin, m.round, record.Header{Tool: p.Tool, Version: p.Version, Config: p.Config, Seed: m.Seed, Inputs: p.Inputs})
	if err != nil {
		return err
	}
	records := recordWriter{w}
	defer func() { err = errors.Join(err, records.Close()) }()
	for m.round < m.Rounds {
		begin := time.Now()
		round, err := m.Round(m.withinRound(ctx))
		if err != nil {
			return m.failed(err, records)
		}
		round.RoundSeconds = time.Since(begin).Seconds()
		round.MetaRun = r.File.Meta.MetaRun
		if err := records.Write(round); err != nil {
			return err
		}
		stop := m.Mode == "online" && ctx.Err() != nil
		if stop || m.round%m.saveEvery() == 0 {
			if err := m.saveState(); err != nil {
				return err
			}
		}
		r.Report(round)
		if stop && m.round < m.Rounds {
			return m.interrupted()
		}
	}
	// What is written before the surrogate is written again where a killed run
	// resumes.
	// What is written before the surrogate is written again where a killed run
	// resumes.
	if r.Finish != nil {
		if err := r.Finish(); err != nil {
			return err
		}
	}
	r.File.Rounds = m.round
	m.Surrogate.SetPhi(m.outer.frozen())
	if err := m.finish(records, r.File); err != nil {
		return err
	}
	if err := surrogate.Save(r.Files.Output, m.Surrogate, r.File); err != nil {
		return err
	}
	return run.RemoveState(m.statePath)
}

// finish says in the records which surrogate they are of, and ends them, before
// the surrogate is written: a run that is killed in between resumes and writes
// it again.
func (m *Meta) finish(records recordWriter, f *surrogate.File) error {
	if records.w == nil {
		return nil
	}
	sum, err := surrogate.Sum(m.Surrogate, f)
	if err != nil {
		return err
	}
	return errors.Join(records.w.Write(record.Surrogate{Round: m.round, SurrogateSHA256: sum, MetaRun: f.Meta.MetaRun}), records.End(record.OK))
}

// withinRound says when to stop within a round; one of few steps is worth
// ending.
func (m *Meta) withinRound(ctx context.Context) context.Context {
	if m.Mode == "online" {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// saveEvery is the number of rounds between states: those of one step are
// shorter than saving one.
func (m *Meta) saveEvery() int {
	if m.Mode == "online" {
		return 50
	}
	return 1
}

// failed closes the records of a run that stops and completes its error.
func (m *Meta) failed(err error, records recordWriter) error {
	var diverged *DivergedError
	switch {
	case errors.Is(err, context.Canceled):
		return m.interrupted()
	case !errors.As(err, &diverged):
		return err
	}
	if m.saved > 0 && m.statePath != "" {
		diverged.Last, diverged.Saved = m.statePath, m.saved
	}
	return errors.Join(err, records.End(record.Diverged))
}

// interrupted is the error of a run that was told to stop.
func (m *Meta) interrupted() error {
	e := &run.InterruptedError{At: "within the first round"}
	if m.round > 0 {
		e.At, e.Saved = fmt.Sprintf("after round %d of %d", m.round, m.Rounds), m.statePath
	}
	return e
}

// recordWriter flushes every record; without a file it does nothing.
type recordWriter struct{ w *artifact.RecordWriter }

func (r recordWriter) Write(round record.Round) error {
	if r.w == nil {
		return nil
	}
	if err := r.w.Write(round); err != nil {
		return err
	}
	return r.w.Flush()
}

func (r recordWriter) End(status string) error {
	if r.w == nil {
		return nil
	}
	return r.w.End(status)
}

func (r recordWriter) Close() error {
	if r.w == nil {
		return nil
	}
	return r.w.Close()
}
