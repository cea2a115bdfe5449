package artifact

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// stdio is the path of standard input and output.
const stdio = "-"

// display is how messages name an input.
func display(path string) string {
	if path == stdio {
		return "standard input"
	}
	return path
}

// open opens an input. Size is -1 unless path is a regular file.
func open(path string) (f *os.File, size int64, err error) {
	if path == stdio {
		return os.Stdin, -1, nil
	}
	if f, err = os.Open(path); err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	switch {
	case err == nil && info.Mode().IsRegular():
		return f, info.Size(), nil
	case err == nil && info.IsDir():
		err = formatErrorf(path, "", "is a folder: want a file").mend("name a file in it")
	case err == nil:
		return f, -1, nil
	}
	f.Close()
	return nil, 0, err
}

// stream reads the uncompressed bytes of an input, whether plain or zstd, up
// to the limit of their number.
type stream struct {
	path string
	raw  *rawReader
	buf  *bufio.Reader
	dec  *zstd.Decoder // nil for a plain input
	lim  Limits
	read int64  // uncompressed bytes so far
	head []byte // read already, but given back
}

// rawReader remembers a failure of the operating system, which no reader
// above it may take for bad content.
type rawReader struct {
	r   io.Reader
	err error
}

func (r *rawReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

func newStream(r io.Reader, path string, lim Limits) (*stream, error) {
	s := &stream{path: path, raw: &rawReader{r: r}, lim: lim}
	s.buf = bufio.NewReaderSize(s.raw, 256<<10)
	head, err := s.buf.Peek(4)
	if err != nil && err != io.EOF {
		return nil, s.failed(err)
	}
	if isZstd(head) {
		// Two goroutines overlap entropy decoding with copying. The size is
		// bounded by Read.
		if s.dec, err = newDecoder(s.buf, lim.Window, lim.Window, 2); err != nil {
			return nil, s.failed(err)
		}
	}
	return s, nil
}

func (s *stream) close() {
	if s.dec != nil {
		s.dec.Close()
	}
}

// Read returns io.EOF at the end of the content and otherwise errors that
// name the file.
func (s *stream) Read(p []byte) (n int, err error) {
	if left := s.lim.Total - s.read; int64(len(p)) > left {
		p = p[:max(left, 1)] // one byte beyond the limit shows that it is passed
	}
	switch {
	case len(s.head) > 0:
		n = copy(p, s.head)
		s.head = s.head[n:]
	case s.dec != nil:
		n, err = s.dec.Read(p)
	default:
		n, err = s.buf.Read(p)
	}
	if s.read += int64(n); s.read > s.lim.Total {
		return 0, s.tooLarge(s.lim.Total)
	}
	if err != nil && err != io.EOF {
		err = s.failed(err)
	}
	return n, err
}

func (s *stream) tooLarge(limit int64) error {
	return formatErrorf(s.path, "", "holds more than %d uncompressed bytes, the limit", limit)
}

// failed turns an error of reading or decompression into one for the user.
func (s *stream) failed(err error) error {
	switch {
	case s.raw.err != nil:
		var p *os.PathError
		if errors.As(s.raw.err, &p) {
			return s.raw.err // names the file already
		}
		return fmt.Errorf("%s: %w", s.path, s.raw.err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return formatErrorf(s.path, "", "the zstd stream is truncated").mend(copyAgain)
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return formatErrorf(s.path, "", "the zstd stream needs a window beyond %d bytes, the limit", s.lim.Window).
			mend("compress it again without --long or --ultra")
	}
	return formatErrorf(s.path, "", "the zstd stream is damaged: %v", err).mend(copyAgain)
}

const copyAgain = "copy or make the file again"

// drain reads to the end and returns how many bytes there were.
func (s *stream) drain() (int64, error) { return io.Copy(io.Discard, struct{ io.Reader }{s}) }
