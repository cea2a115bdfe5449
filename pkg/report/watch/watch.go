// Package watch follows record files while runs write them: it tells what is
// new in which file, file by file, poll by poll. It reads; it locks and writes
// nothing, so the runs do not notice it.
package watch

import (
	"context"
	"strings"
	"time"

	"srn/pkg/artifact"
	"srn/pkg/record"
	"srn/pkg/report/load"
)

// Kind is what an event tells.
type Kind int

const (
	Waiting    Kind = iota // the file is not there; told when the watch begins
	Found                  // what a file holds when the watch begins: its last record
	Added                  // a record that has come since, header and end record included
	Cut                    // records told before are gone: the run was resumed, or begun anew
	Vanished               // the file was there and is not any more
	Unreadable             // the file is no record file, or damaged
)

// Event is what has become known of a file.
type Event struct {
	Kind Kind
	File string    // final name of the record file
	At   time.Time // when the file was last written
	// Record is, of Added, the record; of Found, the last of what the run has
	// measured, or its header.
	Record   record.Record
	Progress Progress // of Added and Found
	// Status is, of Found, how the run has ended; empty while it has not.
	Status string
	// Kept and Had are, of Cut, how many of how many records, header and end record
	// included, are still there. Nothing kept means another run.
	Kept, Had int
	Err       error // of Unreadable
}

// Outcome is how the run of a file ended.
type Outcome struct {
	File   string
	Status string // that of the end record; empty where the file cannot be read
	Err    error  // why it cannot
}

// Watcher follows files.
type Watcher struct{ files []*file }

// New makes a watcher of record files. Each is named as it will be in the end, or
// as it is while it grows, and need not be there yet; files named twice are
// followed once. What is there but no regular file is an error.
func New(paths []string) (*Watcher, error) {
	w := &Watcher{}
	seen := map[string]bool{}
	for _, path := range paths {
		final := strings.TrimSuffix(path, load.Partial)
		partial, err := artifact.Partial(final)
		if err != nil {
			return nil, err
		}
		if partial == "" {
			return nil, irregular(path)
		}
		if !seen[partial] {
			seen[partial] = true
			w.files = append(w.files, &file{name: final, partial: partial, first: true})
		}
	}
	return w, nil
}

// Follow polls the files at once and then at each tick, until all their runs
// have ended, which is nil, or the context is over, which is its error. Event is
// called for each event, polled after each poll with whether there was news; an
// error of theirs ends it.
func (w *Watcher) Follow(ctx context.Context, ticks <-chan time.Time, event func(Event) error, polled func(news bool) error) error {
	for {
		news := false
		for _, f := range w.files {
			err := f.poll(func(e Event) error {
				news = news || e.Kind != Waiting
				return event(e)
			})
			if err != nil {
				return err
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		if err := polled(news); err != nil {
			return err
		}
		if w.Ended() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticks:
		}
	}
}

// Present lists the files that are there and can be read, by the names that they have at present.
func (w *Watcher) Present() []string {
	var names []string
	for _, f := range w.files {
		if f.at != "" && f.err == nil {
			names = append(names, f.at)
		}
	}
	return names
}

// Ended tells whether all runs have ended.
func (w *Watcher) Ended() bool { return len(w.Outcomes()) == len(w.files) }

// Outcomes lists the runs that have ended.
func (w *Watcher) Outcomes() []Outcome {
	var list []Outcome
	for _, f := range w.files {
		if f.ended() {
			list = append(list, Outcome{f.name, f.status, f.err})
		}
	}
	return list
}
