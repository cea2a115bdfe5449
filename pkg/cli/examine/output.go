package examine

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"

	"srn/pkg/artifact"
	"srn/pkg/cli"
	"srn/pkg/measure"
	"srn/pkg/record"
)

// Output is the records that a command writes.
type Output struct {
	// Done are the records of the run that is resumed.
	Done []record.Record
	// Complete says that they are all there is to do.
	Complete bool

	path string
	out  *artifact.RecordWriter
	ctx  *cli.Context
	n    int // records
}

// Create starts the output.
func (f *Flags) Create(ctx *cli.Context, s *measure.Session) (*Output, error) {
	out, err := artifact.CreateRecords(f.Output, header(ctx, s))
	return &Output{path: f.Output, out: out, ctx: ctx}, err
}

// header is the output's first record.
func header(ctx *cli.Context, s *measure.Session) record.Header {
	settings := ctx.Settings()
	settings["device"] = s.Device.Name()
	seed, _ := settings["seed"].(int64)
	return record.Header{Tool: ctx.Name, Version: ctx.Version, Config: settings, Seed: seed, Inputs: s.Inputs()}
}

// Write adds a record, so that what a run has done before it fails or is
// interrupted is kept.
func (o *Output) Write(r record.Record) error {
	if err := o.out.Write(r); err != nil {
		return err
	}
	o.n++
	return o.out.Flush()
}

// End ends the output as the error, if any, says, and returns that error. The
// status is ok, interrupted or failed. With --json the result follows on
// standard output, unless that has the records.
func (o *Output) End(err error) error {
	status := record.OK
	switch {
	case cli.ExitCode(err) == cli.ExitInterrupted:
		status = record.Interrupted
	case err != nil:
		status = record.Failed
	}
	if o.out != nil {
		if end := o.out.End(status); err == nil {
			err = end
		} else if end != nil {
			o.ctx.Warnf("%v", end)
		}
	}
	if err != nil || o.path == "-" {
		return err
	}
	return o.ctx.Record(record.Output{Output: o.path, Status: status, Done: o.n})
}

// Resume is Create for the output of an earlier run of the same settings and
// inputs: it is continued after its whole records; an end that says interrupted
// or failed is dropped. Where there is no such file it starts one. A run that
// flushes every record ends with the same bytes, however often it was resumed.
// Ours is asked whether the records are those of this run.
func (f *Flags) Resume(ctx *cli.Context, s *measure.Session, ours func(done []record.Record, complete bool) error) (*Output, error) {
	streams, err := artifact.ReadRecords(f.Output)
	if errors.Is(err, fs.ErrNotExist) {
		return f.Create(ctx, s)
	}
	if err != nil {
		return nil, err
	}
	was := streams[len(streams)-1]
	if err := sameRun(f.Output, was.Header, header(ctx, s)); err != nil {
		return nil, err
	}
	if err := ours(was.Records, was.Complete && was.Status == record.OK); err != nil {
		e := &artifact.FormatError{Path: f.Output, Problem: err.Error(), Mend: "remove it to start afresh"}
		var foreign *measure.ForeignRecordsError
		if errors.As(err, &foreign) && foreign.Record >= 0 {
			e.Field, e.Problem = fmt.Sprintf("line %d", was.Lines[foreign.Record]), foreign.Problem
		}
		return nil, e
	}
	o := &Output{path: f.Output, ctx: ctx, Done: was.Records, n: len(was.Records)}
	if was.Complete && was.Status == record.OK {
		o.Complete = true
		return o, nil
	}
	o.out, err = artifact.ResumeRecords(f.Output, len(was.Records), nil)
	return o, err
}

// sameRun says in what a run differs from the one to be resumed.
func sameRun(path string, was, now record.Header) error {
	differs := func(what string, a, b any) error {
		return cli.WithHint(cli.Errorf(cli.ExitUsage, "%s: %s was %v and is now %v: only the same run can be resumed", path, what, a, b),
			"give the flags and inputs of that run, or another -o")
	}
	if was.Tool != now.Tool {
		return differs("the command", was.Tool, now.Tool)
	}
	if was.Version != now.Version {
		return differs("the version", was.Version, now.Version)
	}
	old, _ := was.Config.(map[string]any)
	config, _ := now.Config.(map[string]any)
	all := maps.Clone(config)
	maps.Copy(all, old)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		a, err := record.Marshal(old[key])
		if err != nil {
			return err
		}
		b, err := record.Marshal(config[key])
		if err != nil {
			return err
		}
		if string(a) != string(b) {
			return differs(key, string(a), string(b))
		}
	}
	if len(was.Inputs) != len(now.Inputs) {
		return differs("the number of inputs", len(was.Inputs), len(now.Inputs))
	}
	for i, in := range now.Inputs {
		if !reflect.DeepEqual(was.Inputs[i], in) {
			return differs(fmt.Sprintf("input %s", in.Name), was.Inputs[i].Path+" "+short(was.Inputs[i].SHA256), in.Path+" "+short(in.SHA256))
		}
	}
	return nil
}

// short is the beginning of a hash.
func short(sha256 string) string { return sha256[:min(12, len(sha256))] }
