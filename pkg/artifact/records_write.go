package artifact

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"srn/pkg/record"
)

// RecordWriter appends records to a file. It is not safe for concurrent use.
type RecordWriter struct {
	path   string
	file   *os.File
	pack   bool         // compress
	sync   bool         // a regular file, which can be synced
	lines  bytes.Buffer // not written yet
	err    error        // the first failure of writing; final
	closed bool
}

// CreateRecords starts a record file with its header, in place of what was
// there. It is compressed when path ends in .zst; "-" is plain JSON Lines on
// standard output. The file appears under its name at once and grows with
// each Flush, so that what a killed run has flushed can be read. It is refused
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
		if w.file, err = os.OpenFile(target, os.O_WRONLY, 0); err != nil {
			return nil, err
		}
		if err := w.Flush(); err != nil {
			w.file.Close()
			return nil, err
		}
		return w, nil
	}
	if err := refuseInUse(target, path); err != nil {
		return nil, err
	}
	w.sync = true
	w.file, err = replace(target, func(f *os.File) error {
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
// can be resumed, it must flush before it saves its state.
func (w *RecordWriter) Flush() error {
	if err := w.usable(); err != nil {
		return err
	}
	if w.lines.Len() == 0 {
		return nil
	}
	_, err := w.file.Write(w.take())
	if err == nil && w.sync {
		err = w.file.Sync()
	}
	w.err = err
	return err
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

// End flushes, writes the end record with a status such as "ok" and closes
// the file.
func (w *RecordWriter) End(status string) error {
	if err := w.Flush(); err != nil {
		return err
	}
	if err := w.add(record.End{Status: status}); err != nil {
		return err
	}
	return w.Close()
}

// Close flushes and closes the file. Without End before it, readers see an
// incomplete stream. Closing again does nothing.
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
