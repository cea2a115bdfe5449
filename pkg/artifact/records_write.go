package artifact

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"srn/pkg/record"
)

// RecordWriter appends records to a file. It is not safe for concurrent use.
type RecordWriter struct {
	path   string // as the user named it
	target string // the regular file that it is to become; "" where there is none
	file   *os.File
	pack   bool         // compress
	lines  bytes.Buffer // not written yet
	err    error        // the first failure of writing; final
	closed bool
}

// CreateRecords starts a record file with its header. It grows with each Flush
// under the name of [Partial], in place of what had that name, so that what a
// killed run has flushed can be read, and gets its own name from End. It is
// compressed when path ends in .zst. What is not a regular file is written
// directly, and so is "-", plain JSON Lines on standard output. It is refused
// where another process is writing to it.
func CreateRecords(path string, h record.Header) (*RecordWriter, error) {
	w := &RecordWriter{path: path, pack: strings.HasSuffix(path, suffix)}
	h.Schema = record.Schema
	if h.Inputs == nil {
		h.Inputs = []record.Input{}
	}
	if h.Config == nil {
		h.Config = map[string]any{}
	}
	if err := w.add(h); err != nil {
		return nil, err
	}
	if path == stdio {
		w.file = os.Stdout
		return w, w.Flush()
	}
	target, direct, err := resolve(path)
	if err != nil {
		return nil, err
	}
	if direct {
		if w.file, err = openDirect(target); err != nil {
			return nil, err
		}
		if err := w.Flush(); err != nil {
			w.file.Close()
			return nil, err
		}
		return w, nil
	}
	if err := refuseInUse(target+partialSuffix, path); err != nil {
		return nil, err
	}
	w.target = target
	w.file, err = replace(target+partialSuffix, func(f *os.File) error {
		_, err := f.Write(w.take())
		return err
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}

// Write adds a record, which is neither a header nor an end. It reaches the
// file with the next Flush. A record that could not be read is an error.
func (w *RecordWriter) Write(rec record.Record) error {
	if err := w.usable(); err != nil {
		return err
	}
	switch t := rec.Type(); t {
	case record.Header{}.Type(), record.End{}.Type():
		return fmt.Errorf("%s: a record cannot have the type %q", w.name(), t)
	}
	return w.add(rec)
}

// add encodes a record as a line, and nothing if it is not a good record.
func (w *RecordWriter) add(rec record.Record) error {
	line, err := record.Encode(rec)
	if err != nil {
		return fmt.Errorf("%s: %w", w.name(), err)
	}
	w.lines.Write(line)
	w.lines.WriteByte('\n')
	return nil
}

// Flush writes the records since the last Flush, in a compressed file as one
// frame, and syncs the file. Without records it does nothing. Where a run
// can be resumed, it must flush before it saves its state. It fails where the
// file no longer has its name, since what is written then is lost.
func (w *RecordWriter) Flush() error {
	if err := w.usable(); err != nil {
		return err
	}
	if w.lines.Len() == 0 {
		return nil
	}
	w.err = w.write()
	return w.err
}

func (w *RecordWriter) write() error {
	if w.target != "" && !named(w.file, w.target+partialSuffix) {
		return fmt.Errorf("%s: was removed or replaced while it was being written", w.target+partialSuffix)
	}
	if _, err := w.file.Write(w.take()); err != nil {
		return err
	}
	if w.target == "" {
		return nil
	}
	return w.file.Sync()
}

// take returns the lines since the last Flush as they go to the file.
func (w *RecordWriter) take() []byte {
	b := bytes.Clone(w.lines.Bytes())
	w.lines.Reset()
	if w.pack {
		return packFrame(b)
	}
	return b
}

// End flushes, writes the end record with a status and closes the file. With
// a status that is final, "ok" or "diverged", the file gets its final name;
// with another it stays partial.
func (w *RecordWriter) End(status string) error {
	if err := w.Flush(); err != nil {
		return err
	}
	if err := w.add(record.End{Status: status}); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if final := status == record.OK || status == record.Diverged; final && w.target != "" {
		w.err = w.publish()
	}
	return w.Close()
}

// publish gives the file its final name. A file that had it passes on its
// permissions.
func (w *RecordWriter) publish() error {
	if was, err := os.Stat(w.target); err == nil {
		_ = w.file.Chmod(was.Mode().Perm()) // some file systems have no permissions
	}
	if err := os.Rename(w.target+partialSuffix, w.target); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(w.target))
}

// Close flushes and closes the file. Without End before it, it stays partial.
// Closing again does nothing.
func (w *RecordWriter) Close() error {
	if w.closed {
		return nil
	}
	err := w.err
	if err == nil {
		err = w.Flush()
	}
	w.closed = true
	if w.file == os.Stdout {
		return err
	}
	if cerr := w.file.Close(); err == nil {
		err = cerr
	}
	return err
}

func (w *RecordWriter) usable() error {
	if w.closed {
		return fmt.Errorf("%s: records are already closed", w.name())
	}
	return w.err
}

func (w *RecordWriter) name() string { return outputName(w.path) }
