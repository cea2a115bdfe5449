package watch

import (
	"errors"
	"hash/fnv"
	"io/fs"
	"os"

	"srn/pkg/artifact"
	"srn/pkg/record"
)

// file is one record file and what has been told of it.
type file struct {
	name, partial string
	first         bool        // nothing has been told yet: what is there is not new
	at            string      // the name it has at present; empty: it is not there
	info          fs.FileInfo // of when it was last read
	told          []uint64    // a hash of each record told, headers and ends included
	status        string      // of the run, where it has ended
	err           error       // why it could not be read the last time
	sure          bool        // that err is no matter of the moment
}

// ended tells whether nothing more is to come. A run that ends as ok or
// diverged has done so when its file has its final name.
func (f *file) ended() bool {
	final := f.at == f.name
	switch {
	case f.err != nil:
		return final && f.sure
	case f.status == record.OK || f.status == record.Diverged:
		return final
	}
	return f.status != ""
}

// poll tells what is new since the last poll.
func (f *file) poll(event func(Event) error) error {
	at, info, err := f.find()
	if err != nil {
		return err
	}
	if at == "" {
		e := Event{Kind: Vanished, File: f.name}
		if f.first {
			e.Kind = Waiting
		}
		changed := f.first || f.at != ""
		f.first = false
		f.at, f.info, f.status, f.err = "", nil, "", nil
		if !changed {
			return nil
		}
		return event(e)
	}
	same := f.info != nil && os.SameFile(info, f.info) && info.Size() == f.info.Size() && info.ModTime().Equal(f.info.ModTime())
	if same && (f.err == nil || f.sure) {
		f.at = at // it may have been renamed
		return nil
	}
	streams, err := artifact.ReadRecords(at)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was renamed at this moment; the next poll finds it
	}
	var format *artifact.FormatError
	if err != nil && !errors.As(err, &format) {
		return err
	}
	// A file that is cut while it is read looks damaged: only one that stays so is.
	f.at, f.info, f.err, f.sure = at, info, err, same
	switch {
	case err == nil:
		return f.tell(streams, event)
	case f.sure:
		return event(Event{Kind: Unreadable, File: f.name, At: info.ModTime(), Err: err})
	}
	return nil
}

// find looks for the file under both names, the growing one before, which is the
// newer, and once more, since it may be renamed in between.
func (f *file) find() (at string, info fs.FileInfo, err error) {
	for _, name := range []string{f.partial, f.name, f.partial} {
		info, err := os.Stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return "", nil, err
		case !info.Mode().IsRegular():
			return "", nil, irregular(name)
		default:
			return name, info, nil
		}
	}
	return "", nil, nil
}

func irregular(path string) error {
	return &artifact.FormatError{Path: path, Problem: "is no regular file, so it cannot be read again as it grows", Mend: "name the file that the run writes its metrics to"}
}

// tell compares what was read with what has been told.
func (f *file) tell(streams []artifact.Stream, event func(Event) error) error {
	all := lines(streams)
	hashes := make([]uint64, len(all))
	kept := 0
	for i, rec := range all {
		line, err := record.Encode(rec)
		if err != nil {
			return err
		}
		h := fnv.New64a()
		h.Write(line)
		if hashes[i] = h.Sum64(); kept == i && i < len(f.told) && f.told[i] == hashes[i] {
			kept++
		}
	}
	had := len(f.told)
	f.told, f.status = hashes, status(streams)

	e := Event{File: f.name, At: f.info.ModTime()}
	if kept < had {
		e.Kind, e.Kept, e.Had = Cut, kept, had
		if err := event(e); err != nil {
			return err
		}
	}
	var p pace
	e = Event{Kind: Found, File: f.name, At: e.At, Status: f.status}
	for i, rec := range all {
		progress := p.after(rec)
		switch {
		case f.first:
			if measured(rec) || e.Record == nil {
				e.Record, e.Progress = rec, progress
			}
		case i >= kept:
			if err := event(Event{Kind: Added, File: f.name, At: e.At, Record: rec, Progress: progress}); err != nil {
				return err
			}
		}
	}
	if !f.first {
		return nil
	}
	f.first = false
	return event(e)
}

// lines are the records of a file one after the other, headers and ends among them.
func lines(streams []artifact.Stream) []record.Record {
	var all []record.Record
	for _, s := range streams {
		all = append(append(all, s.Header), s.Records...)
		if s.Complete {
			all = append(all, record.End{Status: s.Status})
		}
	}
	return all
}

// measured tells records of what a run has done from headers, ends, and what
// only names its output.
func measured(rec record.Record) bool {
	switch rec.(type) {
	case record.Header, record.End, *record.Final, *record.Surrogate:
		return false
	}
	return true
}

// status is how the runs of a file have ended: empty while the last has not, and
// otherwise that of the first which did not end well.
func status(streams []artifact.Stream) string {
	if last := streams[len(streams)-1]; !last.Complete {
		return ""
	}
	for _, s := range streams {
		switch {
		case !s.Complete:
			return record.Interrupted
		case s.Status != record.OK && s.Status != "":
			return s.Status
		}
	}
	return record.OK
}
