package examine

import (
	"errors"
	"fmt"

	"srn/pkg/artifact"
	"srn/pkg/cli"
	"srn/pkg/measure"
	"srn/pkg/record"
	"srn/pkg/run"
)

// output is the records that a series writes.
type output struct {
	run.Open

	log run.Log
	ctx *cli.Context
	n   int // records
}

// begin starts the output or resumes that of an earlier run, as the flags say.
// Also is another file that the command writes, "" for none.
func (f *Flags) begin(ctx *cli.Context, all *measure.Series, also string) (*output, error) {
	mode, err := f.Lifecycle.Mode()
	if err != nil {
		return nil, err
	}
	o := &output{ctx: ctx, log: run.Log{Path: f.Output, Also: also, Header: header(ctx, all.Session), Stateful: all.Stateful() || also != "", Ahead: all.Partial()}}
	if o.Open, err = o.log.Begin(mode); err != nil {
		return nil, err
	}
	for _, note := range o.Notes {
		ctx.Warnf("%s", note)
	}
	o.n = len(o.Done)
	if err := all.Follows(o.Done, o.Complete); err != nil {
		return nil, foreign(f.Output, err)
	}
	if o.State != nil {
		err = run.Damaged(all.Restore(o.State, o.StatePath, o.n))
	}
	return o, err
}

// foreign is the error of records that are not those of the series.
func foreign(path string, err error) error {
	e := &artifact.FormatError{Path: path, Problem: err.Error(), Mend: "remove it to start afresh"}
	var other *measure.ForeignRecordsError
	if errors.As(err, &other) && other.Record >= 0 {
		e.Field, e.Problem = fmt.Sprintf("record %d", other.Record+1), other.Problem
	}
	return e
}

// header is the output's first record.
func header(ctx *cli.Context, s *measure.Session) record.Header {
	settings := ctx.Settings()
	delete(settings, "device") // which the kernels tell
	settings["kernels"], settings["precision"] = run.Kernels(s.Device), ctx.Precision()
	seed, _ := settings["seed"].(int64)
	return record.Header{Tool: ctx.Name, Version: ctx.Version, Config: settings, Seed: seed, Inputs: s.Inputs()}
}

// write adds a record, so that what a run has done before it fails or is
// interrupted is kept.
func (o *output) write(r record.Record) error {
	if err := o.Write(r); err != nil {
		return err
	}
	o.n++
	return o.Flush()
}

// save keeps what records do not tell.
func (o *output) save(all *measure.Series) error {
	if o.log.Also != "" {
		return nil
	}
	records, tensors := all.State()
	return o.log.SaveState(records, nil, tensors)
}

// end ends the output as the error, if any, says, and returns that error. The
// status is ok, interrupted or failed. With --json the result follows on
// standard output, unless that has the records.
func (o *output) end(err error) error {
	status := record.OK
	switch {
	case cli.ExitCode(err) == cli.ExitInterrupted:
		status = record.Interrupted
	case err != nil:
		status = record.Failed
	}
	if !o.Complete {
		if end := o.log.End(o.RecordWriter, status); err == nil {
			err = end
		} else if end != nil {
			o.ctx.Warnf("%v", end)
		}
	}
	if err != nil || o.log.Path == "-" {
		return err
	}
	return o.ctx.Record(record.Output{Output: o.log.Path, Status: status, Done: o.n})
}
