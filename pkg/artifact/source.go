package artifact

import (
	"io"
	"os"
)

// Source is an opened input whose kind is to be found by its first bytes.
// Plain or zstd, it reads as its uncompressed bytes.
type Source struct {
	in   *os.File
	size int64
	s    *stream
}

// Open opens a file, or standard input for "-".
func Open(path string, lim Limits) (*Source, error) {
	in, size, err := open(path)
	if err != nil {
		return nil, err
	}
	s, err := newStream(in, display(path), lim.withDefaults(defaultTotal))
	if err != nil {
		in.Close()
		return nil, err
	}
	return &Source{in, size, s}, nil
}

// Close closes the input.
func (s *Source) Close() {
	s.s.close()
	s.in.Close()
}

// Head returns up to the first n bytes, which are still to be read. It is
// called at most once, before all else.
func (s *Source) Head(n int) ([]byte, error) {
	b := make([]byte, n)
	at, err := io.ReadFull(s.s, b)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	s.s.head, s.s.read = b[:at], 0
	if err == io.EOF {
		err = nil
	}
	return b[:at:at], err
}

// File reads the input as a tensor file, see [Read].
func (s *Source) File() (*File, error) { return decode(s.s, s.size) }

// Bytes reads all of the input, with its SHA-256 in hexadecimal.
func (s *Source) Bytes() (b []byte, sha256 string, err error) {
	h := newHasher()
	first := int64(trusted)
	if s.size >= 0 && s.s.dec == nil {
		first = min(s.size, s.s.lim.Total) + 1 // so that the end is seen without growing
	}
	b = make([]byte, 0, first)
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		at := len(b)
		n, err := s.s.Read(b[at:min(at+hashChunk, cap(b))])
		b = b[:at+n]
		h.add(b[at:])
		if err == io.EOF {
			return b, h.finish(), nil
		}
		if err != nil {
			h.finish()
			return nil, "", err
		}
	}
}
