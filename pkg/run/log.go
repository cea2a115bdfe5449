package run

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"strconv"

	"srn/pkg/artifact"
	"srn/pkg/record"
)

// Log is the record file of a run that writes nothing else.
type Log struct {
	Path   string
	Also   string // a tensor file that the run writes at its end; "" for none
	Header record.Header
	// Stateful says that a state beside the records holds what they do not tell,
	// so that a run resumes after the records that it was saved with.
	Stateful bool
	// Ahead says that a state holds a part of the record that follows those it
	// was saved with: it is of no use once that is written, and none is needed.
	Ahead bool
}

// Open is a log that was begun.
type Open struct {
	*artifact.RecordWriter // nil where the run is complete
	Complete               bool
	Done                   []record.Record // written by the run that is resumed
	StatePath              string          // its name, for errors
	State                  *artifact.File  // as of these records; nil: there is none, and of a stateful run no records
	Notes                  []string        // for the user
}

// Begin starts the records or goes on with those of an interrupted run, as the
// mode says. A resumed run that flushes every record ends with the bytes of an
// undisturbed one, wall times apart. Where a state is there, the records end
// where it was saved.
func (l Log) Begin(mode Mode) (Open, error) {
	settings, err := headerSettings(l.Header)
	if err != nil {
		return Open{}, err
	}
	if err := l.also(settings, mode); err != nil {
		return Open{}, err
	}
	if err := artifact.CheckUnused(l.Path); err != nil {
		return Open{}, err
	}
	partial, err := artifact.Partial(l.Path)
	switch {
	case err != nil:
		return Open{}, err
	case partial == "" && mode == Resume:
		return Open{}, unresumable(l.Path)
	case partial == "":
		return l.create()
	case mode == Overwrite:
		if err := l.discard(); err != nil {
			return Open{}, err
		}
		return l.create()
	}
	for _, path := range []string{partial, l.Path} {
		was, err := readLog(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			if mode == Start {
				err = &OccupiedError{Path: path, What: "is a file of something else"}
			}
			return Open{}, err
		}
		return l.found(path, was, settings, mode)
	}
	return l.create()
}

// CheckNames returns the error that writing under the names of the log would
// meet: no folder, no right to it, no room for a suffix.
func (l Log) CheckNames() error {
	if err := artifact.CheckOutput(l.Path, partialSuffix, stateSuffix); err != nil {
		return err
	}
	return artifact.CheckOutput(l.Also)
}

// Partial is where the records grow, "" where they are written directly.
func (l Log) Partial() (string, error) { return artifact.Partial(l.Path) }

// also looks at what lies at the name of the further file.
func (l Log) also(now Settings, mode Mode) error {
	target, err := artifact.Beside(l.Also, "")
	if target == "" || err != nil {
		return err
	}
	if _, err := os.Stat(target); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if mode == Overwrite {
		return artifact.Discard(l.Also)
	}
	metadata, err := artifact.ReadMetadata(l.Also)
	if err != nil {
		return &OccupiedError{Path: l.Also, What: "is a file of something else"}
	}
	was, err := fileSettings(l.Also, metadata)
	if err != nil {
		return &OccupiedError{Path: l.Also, What: "is a file of something else"}
	}
	was.values["seed"] = now.values["seed"] // which is in its configuration, if anywhere
	if differ, _ := now.differences(was); len(differ) > 0 {
		return &DifferentError{l.Also, differ}
	}
	return nil
}

func (l Log) create() (Open, error) {
	w, err := artifact.CreateRecords(l.Path, l.Header)
	return Open{RecordWriter: w}, err
}

// found decides about records that are there.
func (l Log) found(path string, was artifact.Stream, now Settings, mode Mode) (Open, error) {
	complete := path == l.Path && was.Complete && was.Status == record.OK
	if err := now.same(path, was.Header, !complete); err != nil {
		return Open{}, err
	}
	if complete {
		if _, err := os.Stat(l.Also); l.Also != "" && errors.Is(err, fs.ErrNotExist) {
			return Open{}, &MissingError{path, "complete", []string{l.Also}}
		}
		return Open{Complete: true, Done: was.Records}, l.removeState()
	}
	if mode == Start {
		return Open{}, &OccupiedError{path, "has records of this run, which is not complete", true}
	}
	open := Open{Done: was.Records, StatePath: l.statePath()}
	old, err := headerSettings(was.Header)
	if err != nil {
		return Open{}, err
	}
	open.Notes = now.aged(old)
	if l.Stateful || l.Ahead {
		n := 0
		if open.State, err = l.state(now); err == nil && open.State != nil {
			n, err = StateNumber(open.State, l.statePath(), keyRecords, 0, len(was.Records))
		}
		if err != nil {
			return Open{}, Damaged(err)
		}
		if l.Stateful {
			open.Done = open.Done[:n]
		} else if n < len(open.Done) {
			open.State = nil
		}
	}
	open.RecordWriter, err = artifact.ResumeRecords(l.Path, len(open.Done), nil)
	return open, err
}

func (l Log) statePath() string {
	path, err := StatePath(l.Path)
	if err != nil {
		return ""
	}
	return path
}

// state reads the state beside the records, nil where there is none.
func (l Log) state(now Settings) (*artifact.File, error) {
	path := l.statePath()
	f, was, err := readState(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if differ := joined(now.differences(was)); len(differ) > 0 {
		return nil, &DifferentError{path, differ}
	}
	return f, nil
}

// SaveState keeps what records do not tell of the run that has written so many
// of them. What is not a regular file has no state.
func (l Log) SaveState(records int, at map[string]string, tensors []artifact.Tensor) error {
	path := l.statePath()
	if path == "" {
		return nil
	}
	all := map[string]string{keyRecords: strconv.Itoa(records)}
	maps.Copy(all, at)
	h := l.Header
	state, err := newState(artifact.Provenance{Tool: h.Tool, Version: h.Version, Config: h.Config, Inputs: h.Inputs}, all, tensors)
	if err != nil {
		return err
	}
	return saveState(path, state)
}

func (l Log) removeState() error { return RemoveState(l.statePath()) }

// End ends the records with a status and, where that is final, removes the
// state.
func (l Log) End(w *artifact.RecordWriter, status string) error {
	if err := w.End(status); err != nil {
		return err
	}
	if status != record.OK {
		return nil
	}
	return l.removeState()
}

func (l Log) discard() error {
	if err := discardLog(l.Path); err != nil {
		return err
	}
	return l.removeState()
}

// discardLog removes records under both of their names.
func discardLog(path string) error {
	partial, err := artifact.Partial(path)
	if err != nil || partial == "" {
		return err
	}
	return errors.Join(artifact.Discard(partial), artifact.Discard(path))
}

// readLog reads records of one run.
func readLog(path string) (artifact.Stream, error) {
	if info, err := os.Lstat(path); err == nil && info.Size() == 0 {
		return artifact.Stream{}, &artifact.FormatError{Path: path, Problem: "is empty", Mend: "remove it"}
	}
	streams, err := artifact.ReadRecords(path)
	if err != nil {
		return artifact.Stream{}, err
	}
	if len(streams) > 1 {
		return artifact.Stream{}, &artifact.FormatError{Path: path, Problem: "holds the records of several runs", Mend: "name a file of one run"}
	}
	return streams[0], nil
}
