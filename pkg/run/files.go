package run

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"

	"srn/pkg/artifact"
	"srn/pkg/record"
)

// Files are the names of a run that writes an output and, beside it, keeps a
// state to be resumed from.
type Files struct {
	Output  string // "-" is standard output
	Metrics string // records; "" for none
	Also    string // a further output; "" for none
	Series  Series
	// Provenance is that of the output: its format, and the settings that decide
	// all that the run makes.
	Provenance artifact.Provenance
}

// Series is a folder of files that a run leaves on its way.
type Series struct {
	Folder  string   // "" for none
	Pattern string   // of the names that such files have
	Names   []string // that a complete run leaves
}

// Beginning is what a run begins with.
type Beginning struct {
	Complete  bool           // nothing is left to do
	State     *artifact.File // to be resumed from; nil: begin at the start
	StatePath string         // its name, for errors; "" where the run can have none
	Notes     []string       // for the user
}

// CheckNames refuses names that stand for one file, inputs' among them, and
// returns the error that writing under them would meet: no folder, no right to
// it, no room for a suffix.
func (f Files) CheckNames(inputs ...string) error {
	if f.Output == "-" && f.Metrics == "-" {
		return Refuse("metrics", "the output goes to standard output too; name a file for one of them")
	}
	state, err := StatePath(f.Output)
	if err != nil {
		return err
	}
	partial, err := artifact.Partial(f.Metrics)
	if err != nil {
		return err
	}
	taken := []struct{ path, what string }{
		{f.Output, "the output"}, {f.Also, "another output"}, {f.Metrics, "where metrics go"}, {state, "where the run keeps its state"}, {partial, "where metrics grow"},
	}
	for _, in := range inputs {
		taken = append(taken, struct{ path, what string }{in, "an input"})
	}
	for i, a := range taken[:len(taken)-len(inputs)] {
		for _, b := range taken[i+1:] {
			if a.path != "" && b.path != "" && artifact.SameFile(a.path, b.path) {
				return &ClashError{b.path, a.what, b.what}
			}
		}
	}
	if err := artifact.CheckOutput(f.Output, stateSuffix); err != nil {
		return err
	}
	if err := artifact.CheckOutput(f.Also); err != nil {
		return err
	}
	return artifact.CheckOutput(f.Metrics, partialSuffix)
}

// Begin looks at what lies at the names and decides what to do about it, as
// the mode says. Only [Overwrite] removes anything. Errors are an
// [*OccupiedError], a [*DifferentError], a [*MissingError], a [*SettingError]
// or, for what cannot be read, an *artifact.FormatError.
func (f Files) Begin(mode Mode) (Beginning, error) {
	var b Beginning
	now, err := f.settings()
	if err != nil {
		return b, err
	}
	if b.StatePath, err = StatePath(f.Output); err != nil {
		return b, err
	}
	if err := artifact.CheckUnused(f.Metrics); err != nil {
		return b, err
	}
	switch mode {
	case Overwrite:
		return b, f.discard(b.StatePath)
	case Resume:
		if b.StatePath == "" {
			return b, unresumable(f.Output)
		}
		if partial, err := artifact.Partial(f.Metrics); err == nil && partial == "" && f.Metrics != "" {
			return b, unresumable(f.Metrics)
		}
	}
	if b.StatePath != "" {
		if err := f.finished(now, &b); b.Complete || err != nil {
			return b, err
		}
		if err := f.interrupted(now, mode, &b); err != nil {
			return b, err
		}
	}
	if err := f.recorded(now, mode, &b); err != nil {
		return b, err
	}
	return b, f.series(now)
}

func (f Files) settings() (Settings, error) {
	p := f.Provenance
	return NewSettings(p.Tool, p.Version, p.Config, p.Inputs)
}

// finished looks at the output: a run is complete if it is this run's, with
// all that belongs to it.
func (f Files) finished(now Settings, b *Beginning) error {
	if _, err := os.Stat(f.Output); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	metadata, err := artifact.ReadMetadata(f.Output)
	if err != nil || metadata["format"] != f.Provenance.Format {
		return &OccupiedError{Path: f.Output, What: "is a file of something else"}
	}
	was, err := fileSettings(f.Output, metadata)
	if err != nil {
		return err
	}
	differ, environment := now.differences(was)
	switch {
	case len(differ) > 0:
		return &DifferentError{f.Output, differ}
	case metadata["complete"] == "false":
		return &OccupiedError{Path: f.Output, What: "is of the midst of a run"}
	}
	for _, d := range environment {
		b.Notes = append(b.Notes, fmt.Sprintf("%s: %v", f.Output, d))
	}
	if err := f.whole(now); err != nil {
		return err
	}
	b.Complete = true
	return RemoveState(b.StatePath)
}

// whole checks that a complete run has all that the names ask for.
func (f Files) whole(now Settings) error {
	var missing []string
	if partial, err := artifact.Partial(f.Metrics); err != nil {
		return err
	} else if partial != "" {
		was, err := readLog(f.Metrics)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, f.Metrics)
		case err != nil:
			return err
		default:
			if err := now.same(f.Metrics, was.Header, false); err != nil {
				return err
			}
			if !was.Complete || was.Status != record.OK {
				missing = append(missing, "end of "+f.Metrics)
			}
		}
	}
	paths := []string{f.Also}
	if f.Also == "" {
		paths = nil
	}
	for _, name := range f.Series.Names {
		paths = append(paths, filepath.Join(f.Series.Folder, name))
	}
	for _, path := range paths {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, path)
		} else if err != nil {
			return err
		}
	}
	if len(missing) > 0 {
		return &MissingError{f.Output, "complete", missing}
	}
	return f.series(now)
}

// interrupted looks for a state.
func (f Files) interrupted(now Settings, mode Mode, b *Beginning) error {
	path := b.StatePath
	state, was, err := readState(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil && mode == Start:
		return &OccupiedError{Path: path, What: "is where the run keeps its state, and a file is there"}
	case err != nil:
		return err
	}
	if differ := joined(now.differences(was)); len(differ) > 0 {
		return &DifferentError{path, differ}
	}
	if mode == Start {
		return &OccupiedError{path, "is the state of this run, which is not complete", true}
	}
	written := state.Metadata[keyRecords]
	switch {
	case written == noRecords && f.Metrics != "":
		return Refuse("metrics", "the interrupted run has written none so far; leave them out, or begin anew")
	case written != noRecords && f.Metrics == "":
		return Refuse("metrics", "the interrupted run has written some; name their file again")
	}
	b.State = state
	b.Notes = append(b.Notes, now.aged(was)...)
	return nil
}

// recorded looks for metrics.
func (f Files) recorded(now Settings, mode Mode, b *Beginning) error {
	partial, err := artifact.Partial(f.Metrics)
	if err != nil || partial == "" {
		return err
	}
	for _, path := range []string{partial, f.Metrics} {
		was, err := readLog(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil && mode == Start:
			return &OccupiedError{Path: path, What: "is a file of something else"}
		case err != nil:
			return err
		}
		if err := now.same(path, was.Header, true); err != nil {
			return err
		}
		switch {
		case mode == Start:
			return &OccupiedError{path, "has metrics of this run, which is not complete", true}
		case b.State == nil:
			b.Notes = append(b.Notes, path+": the run that wrote it has saved no state; it begins at the start")
		}
		return nil
	}
	if b.State != nil {
		return &MissingError{b.StatePath, "the state of an interrupted run", []string{f.Metrics}}
	}
	return nil
}

// series refuses a further output, or files in the series' folder, that are
// another run's.
func (f Files) series(now Settings) error {
	paths, err := f.Series.files()
	if err != nil {
		return err
	}
	if _, err := os.Stat(f.Also); err == nil {
		paths = append(paths, f.Also)
	}
	for _, path := range paths {
		metadata, err := artifact.ReadMetadata(path)
		if err != nil || path != f.Also && metadata["format"] != f.Provenance.Format {
			return &OccupiedError{Path: path, What: "is a file of something else"}
		}
		was, err := fileSettings(path, metadata)
		if err != nil {
			return err
		}
		if differ, _ := now.differences(was); len(differ) > 0 {
			return &DifferentError{path, differ}
		}
	}
	return nil
}

// files are those that a run has left.
func (s Series) files() ([]string, error) {
	if s.Folder == "" {
		return nil, nil
	}
	return filepath.Glob(filepath.Join(escaped(s.Folder), s.Pattern))
}

// escaped is a path as a pattern that matches it alone.
func escaped(path string) string {
	var b []byte
	for i := range len(path) {
		switch path[i] {
		case '*', '?', '[', '\\':
			b = append(b, '\\')
		}
		b = append(b, path[i])
	}
	return string(b)
}

// discard removes what an earlier run has left. Metrics come first, since they
// tell whether that run is still going on.
func (f Files) discard(statePath string) error {
	if err := discardLog(f.Metrics); err != nil {
		return err
	}
	paths, err := f.Series.files()
	if err != nil {
		return err
	}
	for _, path := range append(paths, f.Output, f.Also) {
		if err := artifact.Discard(path); err != nil {
			return err
		}
	}
	return RemoveState(statePath)
}

const (
	// keyRecords of a state's metadata says how many metrics were written.
	keyRecords = "records"
	noRecords  = "none" // where they have no file
)

// State is what a state's file holds: where the run stands, as texts, how many
// metrics it has written, and tensors.
func (f Files) State(at map[string]string, records int, tensors []artifact.Tensor) (*artifact.File, error) {
	at = maps.Clone(at)
	at[keyRecords] = strconv.Itoa(records)
	if f.Metrics == "" {
		at[keyRecords] = noRecords
	}
	return newState(f.Provenance, at, tensors)
}

// SaveState saves a state beside the output, if it can have one, and returns
// its name. All metrics must be flushed by then.
func (f Files) SaveState(state *artifact.File) (path string, err error) {
	if path, err = StatePath(f.Output); path == "" || err != nil {
		return "", err
	}
	return path, saveState(path, state)
}

// Records is how many metrics the run had written when the state was saved,
// at most most; recorded is false where they have no file. Path is the state's
// name.
func Records(state *artifact.File, path string, most int) (n int, recorded bool, err error) {
	if state.Metadata[keyRecords] == noRecords {
		return 0, false, nil
	}
	n, err = StateNumber(state, path, keyRecords, 0, most)
	return n, true, err
}

// OpenMetrics starts the metrics, or goes on with them after the given number;
// it is nil where there are none.
func (f Files) OpenMetrics(b Beginning, records int, h record.Header) (*artifact.RecordWriter, error) {
	switch {
	case f.Metrics == "":
		return nil, nil
	case b.State == nil:
		return artifact.CreateRecords(f.Metrics, h)
	}
	return artifact.ResumeRecords(f.Metrics, records, nil)
}
