package meta

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"srn/pkg/artifact"
	"srn/pkg/record"
	"srn/pkg/srn/surrogate"
)

// Run says where a run of meta-training writes and what it answers to.
type Run struct {
	Out     string          // the surrogate's file; "-" is standard output
	Metrics string          // record file, or "" for none
	Resume  bool            // go on from the state beside Out, if there is one
	File    *surrogate.File // description of the surrogate
	Stop    func() bool
	Report  func(record.Round) // called after every round
	Finish  func() error       // called after the last, before the surrogate is written; nil: nothing
}

// StatePath is the file beside an output that a run keeps to be resumed
// from; "" if the output has no name.
func StatePath(out string) string {
	if out == "-" {
		return ""
	}
	return out + ".state"
}

// Complete reports whether Out is what this run would make.
func (r Run) Complete() (bool, error) {
	f, err := artifact.Read(r.Out, artifact.Limits{})
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if f.Metadata["format"] != surrogate.Format {
		return false, nil
	}
	different, err := differences(f.Metadata, r.File.Made())
	return different == "", err
}

// Execute does the rounds that are left, saves the state after each, and
// writes the surrogate. It returns [ErrInterrupted] where it was told to
// stop, and a [*DivergedError].
func (m *Meta) Execute(r Run) error {
	state := StatePath(r.Out)
	if r.Resume && state != "" {
		err := m.loadState(state, r.File.Made())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	records, err := m.records(r)
	if err != nil {
		return err
	}
	defer records.Close()
	for m.round < m.Rounds {
		begin := time.Now()
		round, err := m.Round(m.withinRound(r.Stop))
		if err != nil {
			return m.failed(err, state, records)
		}
		round.RoundSeconds = time.Since(begin).Seconds()
		if err := records.Write(round); err != nil {
			return err
		}
		stop := m.Mode == "online" && r.Stop()
		if state != "" && (stop || m.round%m.saveEvery() == 0) {
			if err := m.saveState(state, r.File.Made()); err != nil {
				return err
			}
			m.saved = m.round
		}
		r.Report(round)
		if stop && m.round < m.Rounds {
			return ErrInterrupted
		}
	}
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
	if err := surrogate.Save(r.Out, m.Surrogate, r.File); err != nil {
		return err
	}
	return RemoveState(r.Out)
}

// RemoveState removes the state of a run that is complete, if it is there still.
func RemoveState(out string) error {
	state := StatePath(out)
	if state == "" {
		return nil
	}
	if err := os.Remove(state); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
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
	return errors.Join(records.w.Write(record.Surrogate{Round: m.round, SurrogateSHA256: sum}), records.End(record.OK))
}

// withinRound says whether to stop within a round; one of few steps is worth
// ending.
func (m *Meta) withinRound(stop func() bool) func() bool {
	if m.Mode == "online" {
		return func() bool { return false }
	}
	return stop
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
func (m *Meta) failed(err error, state string, records recordWriter) error {
	var diverged *DivergedError
	if !errors.As(err, &diverged) {
		return err
	}
	if m.saved > 0 {
		diverged.Last, diverged.Saved = state, m.saved
	}
	return errors.Join(err, records.End(record.Diverged))
}

// recordWriter flushes every record; without a file it does nothing.
type recordWriter struct{ w *artifact.RecordWriter }

// records opens the record file, anew or after the rounds done.
func (m *Meta) records(r Run) (recordWriter, error) {
	if r.Metrics == "" {
		return recordWriter{}, nil
	}
	if m.round > 0 {
		w, err := artifact.ResumeRecords(r.Metrics, m.round, r.ours)
		if err != nil {
			return recordWriter{}, fmt.Errorf("resuming the records: %w", err)
		}
		return recordWriter{w}, nil
	}
	p := r.File.Made()
	w, err := artifact.CreateRecords(r.Metrics, record.Header{Tool: p.Tool, Version: p.Version,
		Config: p.Config, Seed: m.Seed, Inputs: p.Inputs})
	return recordWriter{w}, err
}

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

func (r recordWriter) Close() {
	if r.w != nil {
		r.w.Close()
	}
}
