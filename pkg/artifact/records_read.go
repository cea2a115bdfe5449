package artifact

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"

	"srn/pkg/record"
)

// ReadRecords reads all streams of a record file, plain or zstd by its first
// bytes; "-" is standard input. Several files may have been concatenated.
//
// A stream that was cut short, as by a killed run, is read as far as whole
// lines, and whole frames, go; it is then not Complete. Damage elsewhere is a
// *FormatError, and so is a file without a whole header.
func ReadRecords(path string) ([]Stream, error) {
	streams, _, err := HashRecords(path)
	return streams, err
}

// HashRecords is ReadRecords with the SHA-256 of the uncompressed bytes in
// hexadecimal, that of [HashFile] unless the file ends in a torn frame, which
// is left out. It reads but once, as a pipe must be.
func HashRecords(path string) (streams []Stream, sum string, err error) {
	in, _, err := open(path)
	if err != nil {
		return nil, "", err
	}
	defer in.Close()
	p := &recordParser{path: display(path), sum: sha256.New()}
	if streams, err = p.all(in, Limits{}); err != nil {
		return nil, "", err
	}
	return streams, hex.EncodeToString(p.sum.Sum(nil)), nil
}

// DecodeRecords is ReadRecords from r; name stands for the file in errors.
func DecodeRecords(r io.Reader, name string, lim Limits) ([]Stream, error) {
	return (&recordParser{path: name}).all(r, lim)
}

// all reads the streams of r, of which there must be one.
func (p *recordParser) all(r io.Reader, lim Limits) ([]Stream, error) {
	if err := p.parse(r, lim.withDefaults(defaultRecordSize), nil); err != nil {
		return nil, err
	}
	if len(p.streams) == 0 {
		return nil, formatErrorf(p.path, "", "holds no whole record").mend("it is empty or cut off within its header; make it again")
	}
	return p.streams, nil
}

// recordParser collects streams from the uncompressed bytes of a file.
type recordParser struct {
	path    string
	lim     Limits
	streams []Stream
	sum     hash.Hash // of the uncompressed bytes; nil: not wanted
	decoder record.Decoder
	raw     func(line []byte) error // takes the lines in place of the decoder, where set
	partial []byte                  // a line whose end has not come yet
	line    int                     // number of the last whole line
	offset  int64                   // uncompressed bytes up to the end of that line
	// onLine, where set, is called after each line that holds something.
	onLine func() error
}

// parse reads all of r. Where onFrame is set, it sees each frame of a
// compressed input before its lines are parsed.
func (p *recordParser) parse(r io.Reader, lim Limits, onFrame func(frame)) error {
	p.lim, p.decoder.Values = lim, lim.Values
	raw := &rawReader{r: r}
	buf := bufio.NewReaderSize(raw, 64<<10)
	head, err := buf.Peek(4)
	torn := false
	switch {
	case err != nil && err != io.EOF:
	case isZstd(head):
		torn, err = walkFrames(buf, lim, func(f frame) error {
			if onFrame != nil {
				onFrame(f)
			}
			return p.feed(f.plain)
		})
	default:
		err = p.plain(buf)
	}
	var f *frameError
	switch {
	case raw.err != nil:
		return (&stream{path: p.path, raw: raw}).failed(raw.err)
	case errors.As(err, &f):
		field := fmt.Sprintf("zstd frame at byte %d", f.offset)
		if errors.Is(f.err, zstd.ErrDecoderSizeExceeded) || errors.Is(f.err, zstd.ErrWindowSizeExceeded) {
			return formatErrorf(p.path, field, "holds more than the limit for records, %d uncompressed bytes in all", lim.Total)
		}
		return formatErrorf(p.path, field, "is damaged: %v", f.err).
			mend(fmt.Sprintf("what comes before it can be kept by head -c %d", f.offset))
	case err != nil:
		return err
	}
	return p.finish(torn)
}

// plain feeds an input that is not compressed.
func (p *recordParser) plain(r io.Reader) error {
	chunk := make([]byte, 64<<10)
	for total := int64(0); ; {
		n, err := r.Read(chunk)
		if total += int64(n); total > p.lim.Total {
			return formatErrorf(p.path, "", "holds more than %d bytes, the limit for records", p.lim.Total)
		}
		if err := p.feed(chunk[:n]); err != nil {
			return err
		}
		if err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
	}
}

// feed parses the whole lines of what has come so far.
func (p *recordParser) feed(b []byte) error {
	if p.sum != nil {
		p.sum.Write(b)
	}
	for {
		end := bytes.IndexByte(b, '\n')
		whole := end >= 0
		if !whole {
			end = len(b)
		}
		if int64(len(p.partial)+end) > p.lim.Line {
			return formatErrorf(p.path, fmt.Sprintf("line %d", p.line+1), "is longer than %d bytes, the limit", p.lim.Line)
		}
		if !whole {
			p.partial = append(p.partial, b...)
			return nil
		}
		line := b[:end]
		if len(p.partial) > 0 {
			line = append(p.partial, line...)
			p.partial = p.partial[:0]
		}
		b = b[end+1:]
		p.line++
		p.offset += int64(len(line)) + 1
		if err := p.record(line); err != nil {
			return err
		}
	}
}

// finish judges what is left after the last newline.
func (p *recordParser) finish(torn bool) error {
	if len(bytes.TrimSpace(p.partial)) > 0 {
		// A last line may lack its newline. If it cannot be read, it is torn.
		p.line++
		p.onLine = nil // a file is not cut after such a line
		if err := p.record(p.partial); err == nil {
			return nil
		}
		torn = true
	}
	if n := len(p.streams); torn && n > 0 && p.streams[n-1].Complete {
		return formatErrorf(p.path, "", "is cut off within a header after the end of stream %d", n).
			mend("concatenate the files again")
	}
	return nil
}

// record parses a line and adds it to its stream.
func (p *recordParser) record(line []byte) error {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return nil
	}
	if p.raw != nil {
		return p.raw(line)
	}
	fail := func(format string, a ...any) *FormatError {
		e := formatErrorf(p.path, fmt.Sprintf("line %d", p.line), format, a...)
		if len(p.streams) == 0 {
			return e.mend("give a file of records, such as srn-fit writes as its metrics")
		}
		return e.mend(fmt.Sprintf("the %s before it can be kept by head -n, after zstd -dc where it is compressed", quantity(int64(p.line-1), "line")))
	}
	rec, err := p.decoder.Decode(line)
	var layout *record.SchemaError
	var field *record.FieldError
	switch {
	case errors.As(err, &layout):
		return fail("header: %v", err).mend(convert(layout))
	case errors.As(err, &field) && len(p.streams) == 0 && field.Kind != (record.Header{}).Type():
		return fail("type is %q: the first record must be a header", field.Kind).
			mend("keep the header when filtering records")
	case errors.As(err, &field) && len(p.streams) > 0:
		return fail("%v", err).mend("use the file as " + p.streams[len(p.streams)-1].Header.Tool + " wrote it")
	case err != nil:
		return fail("%v", err)
	}
	if h, ok := rec.(*record.Header); ok {
		p.streams = append(p.streams, Stream{Header: *h})
	} else {
		if len(p.streams) == 0 {
			return fail("type is %q: the first record must be a header", rec.Type()).
				mend("keep the header when filtering records")
		}
		s := &p.streams[len(p.streams)-1]
		switch {
		case s.Complete:
			return fail("a record of type %q follows the end of the stream", rec.Type()).
				mend("another stream must start with its header")
		default:
			if end, ok := rec.(*record.End); ok {
				s.Complete, s.Status = true, end.Status
				break
			}
			s.Records, s.Lines = append(s.Records, rec), append(s.Lines, p.line)
		}
	}
	if p.onLine != nil {
		return p.onLine()
	}
	return nil
}

// convert says what to do about records of another layout.
func convert(e *record.SchemaError) string {
	if e.Schema < record.Schema {
		return "convert them, measurements and their trainings together, by srn-report upgrade"
	}
	return "use the version that wrote them, " + cmp.Or(e.Version, "which is not told")
}
