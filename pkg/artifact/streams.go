package artifact

import (
	"bytes"
	"os"
	"strings"

	"srn/pkg/record"
)

// WriteStreams writes whole streams of records to one file, atomically: it
// reads as the files of each would, one after the other. Compressed where path
// ends in .zst, in one frame; "-" is plain JSON Lines on standard
// output. Streams that are not Complete get no end.
func WriteStreams(path string, streams []Stream) error {
	pack := strings.HasSuffix(path, suffix)
	var all bytes.Buffer
	for _, s := range streams {
		w := &RecordWriter{path: path}
		if err := w.add(s.Header); err != nil {
			return err
		}
		for _, r := range s.Records {
			if err := w.add(r); err != nil {
				return err
			}
		}
		if s.Complete {
			if err := w.add(record.End{Status: s.Status}); err != nil {
				return err
			}
		}
		all.Write(w.lines.Bytes())
	}
	content := all.Bytes()
	if pack {
		content = packFrame(content)
	}
	if path == stdio {
		_, err := os.Stdout.Write(content)
		return err
	}
	target, direct, err := resolve(path)
	if err != nil {
		return err
	}
	if direct {
		f, err := os.OpenFile(target, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = f.Write(content)
		return err
	}
	if err := refuseInUse(target, path); err != nil {
		return err
	}
	f, err := replace(target, func(f *os.File) error {
		_, err := f.Write(content)
		return err
	})
	if err != nil {
		return err
	}
	return f.Close()
}

// Lines calls line for each whole line of a record file, plain or zstd, with
// its number from 1, whatever the records' layout is. A torn end is passed
// over as [ReadRecords] does.
func Lines(path string, line func(number int, text []byte) error) error {
	in, _, err := open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	p := &recordParser{path: display(path)}
	p.raw = func(text []byte) error { return line(p.line, text) }
	return p.parse(in, Limits{}.withDefaults(defaultRecordSize), nil)
}
