package artifact

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"srn/pkg/record"
)

// ResumeRecords goes on with the record file of an earlier run, its partial
// file or, where there is none, one that has its final name, which becomes
// partial again. It keeps the header and the first keep records and drops what
// comes after, be it further records, the end or a torn frame. If the runs
// flush at the same points, the file's bytes are in the end those of a run that
// was never interrupted.
//
// Ours, where not nil, is asked whether the header is that of the run to be
// resumed; its error leaves the file as it is. A file with fewer whole records,
// or with several streams, is a *FormatError; a missing file is fs.ErrNotExist.
func ResumeRecords(path string, keep int, ours func(record.Header) error) (*RecordWriter, error) {
	if path == stdio {
		return nil, errors.New("records on standard output cannot be resumed; name a file for them")
	}
	target, direct, err := resolve(path)
	if err != nil {
		return nil, err
	}
	if direct {
		return nil, fmt.Errorf("%s: is not a regular file, so its records cannot be resumed", path)
	}
	partial := target + partialSuffix
	f, err := os.OpenFile(partial, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = os.OpenFile(target, os.O_RDWR, 0)
	}
	if err != nil {
		return nil, err
	}
	if !lock(f) {
		f.Close()
		return nil, inUse(path)
	}
	w := &RecordWriter{path: path, target: target, file: f}
	if err := w.cut(f.Name(), keep, ours); err != nil {
		w.file.Close()
		return nil, err
	}
	return w, nil
}

// cut drops what comes after the first keep records of the file of a name,
// which becomes the partial one.
func (w *RecordWriter) cut(name string, keep int, ours func(record.Header) error) error {
	c, err := findCut(w.file, name, keep, ours)
	if err != nil {
		return err
	}
	partial := w.target + partialSuffix
	if name != partial {
		if err := os.Rename(name, partial); err != nil {
			return err
		}
	}
	w.pack = c.packed
	if len(c.rest) == 0 {
		if err := w.file.Truncate(c.offset); err != nil {
			return err
		}
		if err := w.file.Sync(); err != nil {
			return err
		}
		_, err = w.file.Seek(0, io.SeekEnd)
		return err
	}
	whole, err := replace(partial, func(f *os.File) error { return c.copy(f, w.file) })
	if err != nil {
		return err
	}
	w.file.Close()
	w.file = whole
	return nil
}

// cut is where a record file is to end.
type cut struct {
	packed bool
	offset int64  // in the file
	rest   []byte // lines to keep of the frame at offset, where the cut falls within it
}

// findCut looks for the end of the keep-th record. It reads no further, so
// that damage in what is dropped does not matter.
func findCut(in io.Reader, path string, keep int, ours func(record.Header) error) (cut, error) {
	var c cut
	var f frame     // the current one
	var start int64 // uncompressed bytes before it
	found := errors.New("found")
	p := &recordParser{path: path}
	p.onLine = func() error {
		if len(p.streams) > 1 {
			return formatErrorf(path, fmt.Sprintf("line %d", p.line), "another stream starts: only the records of one run can be resumed")
		}
		if len(p.streams[0].Records) == 0 && ours != nil {
			if err := ours(p.streams[0].Header); err != nil {
				return err
			}
		}
		if len(p.streams[0].Records) < keep {
			return nil
		}
		switch within := p.offset - start; {
		case !c.packed:
			c.offset = p.offset
		case within == int64(len(f.plain)):
			c.offset = f.offset + int64(len(f.packed))
		default:
			c.offset = f.offset
			c.rest = bytes.Clone(f.plain[:within])
		}
		return found
	}
	err := p.parse(in, Limits{}.withDefaults(defaultRecordSize), func(next frame) {
		start += int64(len(f.plain))
		f = next
		c.packed = true
	})
	switch {
	case err == found:
		return c, nil
	case err != nil:
		return cut{}, err
	case len(p.streams) == 0:
		return cut{}, formatErrorf(path, "", "holds no whole header").mend("delete it to start afresh")
	}
	return cut{}, formatErrorf(path, "", "holds %s: the run to resume had written %d",
		quantity(int64(len(p.streams[0].Records)), "whole record"), keep).
		mend("it is not that run's file, or was cut; delete both file and state to start afresh")
}

// copy writes what is kept of a file.
func (c cut) copy(to io.Writer, in io.ReaderAt) error {
	if _, err := io.Copy(to, io.NewSectionReader(in, 0, c.offset)); err != nil {
		return err
	}
	_, err := to.Write(packFrame(c.rest))
	return err
}
