package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/cli"
	"srn/pkg/record"
)

// Another reads a checkpoint that is not among those examined, such as the
// other end of a line, and lists it among the inputs under a name.
func (s *Session) Another(name, path string) (*checkpoint.Checkpoint, error) {
	if path == "-" {
		return nil, cli.Errorf(cli.ExitUsage, "--%s: wants a file, not standard input", name)
	}
	if s.flags.Output != "-" && artifact.SameFile(path, s.flags.Output) {
		return nil, cli.WithHint(cli.Errorf(cli.ExitUsage, "%s is both input and output", path), "choose another name for -o")
	}
	o, err := s.flags.overrides()
	if err != nil {
		return nil, err
	}
	c, err := s.read(path, o)
	if err != nil {
		return nil, err
	}
	s.Inputs = append(s.Inputs, record.Input{Name: name, Path: path, SHA256: c.SHA256})
	return c, nil
}

// Resume goes on with the output of an earlier run of the same configuration
// and inputs, after its whole records, which it returns; an end that says
// "interrupted" or "failed" is dropped. Where there is no such file it starts
// one. Complete says that nothing is left to do; there is no writer then. Ours
// is asked first whether the records are those of this run.
//
// Runs that flush every record end with the same bytes, however often they
// were resumed.
func (s *Session) Resume(seed int64, config artifact.Fields, ours func(was artifact.Stream) error) (out *artifact.RecordWriter, done []record.Record, complete bool, err error) {
	path := s.flags.Output
	if path == "-" {
		return nil, nil, false, cli.WithHint(cli.Errorf(cli.ExitUsage, "--resume: standard output cannot be resumed"), "name a file by -o")
	}
	streams, err := artifact.ReadRecords(path)
	if errors.Is(err, fs.ErrNotExist) {
		out, err = s.Create(seed, config)
		return out, nil, false, err
	}
	if err != nil {
		return nil, nil, false, err
	}
	was := streams[len(streams)-1]
	if err := sameRun(path, was.Header, s.header(seed, config)); err != nil {
		return nil, nil, false, err
	}
	if err := ours(was); err != nil {
		return nil, nil, false, err
	}
	if was.Complete && was.Status == "ok" {
		return nil, was.Records, true, nil
	}
	out, err = artifact.ResumeRecords(path, len(was.Records), nil)
	return out, was.Records, false, err
}

// sameRun says in what a run differs from the one to be resumed. The numbers
// of a header that was read are float64, those of a new one are not.
func sameRun(path string, was, now record.Header) error {
	differs := func(what string, a, b any) error {
		return cli.WithHint(cli.Errorf(cli.ExitUsage, "%s: %s was %v and is now %v: only the same run can be resumed", path, what, a, b),
			"give the flags and inputs of that run, or another -o")
	}
	switch {
	case was.Tool != now.Tool:
		return differs("the command", was.Tool, now.Tool)
	case was.Version != now.Version:
		return differs("the version", was.Version, now.Version)
	case was.Seed != now.Seed:
		return differs("--seed", was.Seed, now.Seed)
	}
	old, _ := was.Config.(map[string]any)
	fields, _ := now.Config.(artifact.Fields)
	for _, f := range fields {
		a, err := record.Marshal(old[f.Key])
		if err != nil {
			return err
		}
		b, err := record.Marshal(f.Value)
		if err != nil {
			return err
		}
		if string(a) != string(b) {
			return differs(f.Key, string(a), string(b))
		}
	}
	if len(old) != len(fields) {
		return differs("the number of settings", len(old), len(fields))
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
