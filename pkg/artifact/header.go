package artifact

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A safetensors file is a length N (8 bytes, little-endian), a header of N
// bytes of JSON, and a buffer. The header maps each tensor's name to its
// dtype, shape and data_offsets, counted from the buffer's start.

// metadataKey is the header's one key that names no tensor.
const metadataKey = "__metadata__"

const makeAnother = "make the file again, by another writer if need be"

// maxDims is the largest number of dimensions of a tensor; NumPy's too.
const maxDims = 64

// entry is a tensor as the header describes it.
type entry struct {
	name       string
	dtype      DType
	shape      []int
	begin, end int64
}

func (e entry) field() string { return fmt.Sprintf("tensor %q", e.name) }

// parseHeader decodes and checks a header. The entries it returns are sorted
// by offset and cover the buffer from 0 without gap or overlap.
func parseHeader(path string, header []byte) ([]entry, map[string]string, error) {
	if !utf8.Valid(header) {
		return nil, nil, formatErrorf(path, "header", "is not valid UTF-8")
	}
	if len(header) == 0 || header[0] != '{' {
		return nil, nil, formatErrorf(path, "header", "does not start with '{'").mend(notSafetensors)
	}
	var entries []entry
	var metadata map[string]string
	s := headerReader{jsontext.NewDecoder(bytes.NewReader(header))}
	err := s.object(func(key string) error {
		if key == metadataKey {
			metadata = make(map[string]string)
			return s.inside(metadataKey, func() error {
				return s.object(func(key string) (err error) {
					metadata[key], err = s.str()
					return err
				})
			})
		}
		e := entry{name: key}
		err := s.inside(e.field(), func() error { return e.scan(s) })
		entries = append(entries, e)
		return err
	})
	if err == nil {
		err = s.end()
	}
	if err != nil {
		if f, ok := err.(*FormatError); ok {
			f.Path = path
			return nil, nil, f
		}
		return nil, nil, formatErrorf(path, "header", "%v", err).mend(makeAnother)
	}

	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end), cmp.Compare(a.name, b.name))
	})
	var end int64
	for i, e := range entries {
		switch {
		case e.begin < end:
			return nil, nil, formatErrorf(path, e.field(), "data_offsets [%d %d] overlap those of tensor %q, which end at %d",
				e.begin, e.end, entries[i-1].name, end)
		case e.begin > end:
			return nil, nil, formatErrorf(path, e.field(), "data_offsets [%d %d] leave a hole: the tensors before it end at %d",
				e.begin, e.end, end)
		}
		end = e.end
	}
	return entries, metadata, nil
}

// headerReader reads a header's JSON token by token, so that no more of it is
// in memory than is kept. Duplicate keys and invalid UTF-8 are errors.
type headerReader struct{ *jsontext.Decoder }

// token reads a token of a kind.
func (s headerReader) token(kind jsontext.Kind, want string) (jsontext.Token, error) {
	t, err := s.ReadToken()
	if err != nil {
		var bad *jsontext.SyntacticError
		if errors.As(err, &bad) && errors.Is(bad.Err, jsontext.ErrDuplicateName) {
			return t, fmt.Errorf("byte %d: duplicate key %q", bad.ByteOffset, bad.JSONPointer.LastToken())
		}
		if errors.As(err, &bad) {
			return t, fmt.Errorf("byte %d: %w", bad.ByteOffset, bad.Err)
		}
		return t, fmt.Errorf("byte %d: found the end: want %s", s.InputOffset(), want)
	}
	if t.Kind() != kind {
		return t, fmt.Errorf("byte %d: found %s: want %s", s.InputOffset()-1, t.Kind(), want)
	}
	return t, nil
}

// object calls member for each key, with the reader at the value.
func (s headerReader) object(member func(key string) error) error {
	if _, err := s.token('{', "an object"); err != nil {
		return err
	}
	for s.PeekKind() != '}' {
		key, err := s.str()
		if err != nil {
			return err
		}
		if err := member(key); err != nil {
			return err
		}
	}
	_, err := s.token('}', "a key")
	return err
}

// array calls element with the reader at each element.
func (s headerReader) array(element func() error) error {
	if _, err := s.token('[', "a list"); err != nil {
		return err
	}
	for s.PeekKind() != ']' {
		if err := element(); err != nil {
			return err
		}
	}
	_, err := s.token(']', "an element")
	return err
}

func (s headerReader) str() (string, error) {
	t, err := s.token('"', "a string")
	if err != nil {
		return "", err
	}
	return t.String(), nil
}

// size reads an integer from 0 to 2^63-1.
func (s headerReader) size() (int64, error) {
	t, err := s.token('0', "a number")
	if err != nil {
		return 0, err
	}
	text := t.String()
	at := s.InputOffset() - int64(len(text))
	switch n, err := strconv.ParseInt(text, 10, 64); {
	case strings.ContainsAny(text, ".eE"):
		return 0, fmt.Errorf("byte %d: %s is not written as an integer", at, text)
	case text[0] == '-':
		return 0, fmt.Errorf("byte %d: %s is negative", at, text)
	case err != nil:
		return 0, fmt.Errorf("byte %d: %s is beyond 2^63-1", at, text)
	default:
		return n, nil
	}
}

// end checks that only white space is left.
func (s headerReader) end() error {
	if s.PeekKind() != 0 || s.more() {
		return fmt.Errorf("byte %d: something follows the header", s.InputOffset())
	}
	return nil
}

// more says whether bytes are left that are no JSON.
func (s headerReader) more() bool {
	_, err := s.ReadToken()
	return err != io.EOF
}

// inside runs read and says in which field of the header it failed.
func (s headerReader) inside(field string, read func() error) error {
	err := read()
	if _, ok := err.(*FormatError); ok || err == nil {
		return err
	}
	return formatErrorf("", field, "header: %v", err).mend(makeAnother)
}

// scan reads the description of a tensor and checks it by itself.
func (e *entry) scan(s headerReader) error {
	var haveType, haveShape, haveOffsets bool
	err := s.object(func(key string) error {
		switch key {
		case "dtype":
			haveType = true
			name, err := s.str()
			if err != nil {
				return err
			}
			if e.dtype = DType(name); e.dtype.Size() == 0 {
				return formatErrorf("", e.field(), "dtype %q is not supported", name).
					mend(fmt.Sprintf("supported are %v", dtypes))
			}
			return nil
		case "shape":
			haveShape = true
			e.shape = []int{}
			return s.array(func() error {
				n, err := s.size()
				if len(e.shape) == maxDims {
					return fmt.Errorf("shape has more than %d dimensions", maxDims)
				}
				e.shape = append(e.shape, int(n))
				return err
			})
		case "data_offsets":
			haveOffsets = true
			var offsets []int64
			err := s.array(func() error {
				n, err := s.size()
				if len(offsets) == 2 {
					return errors.New("data_offsets has more than two numbers")
				}
				offsets = append(offsets, n)
				return err
			})
			if err == nil && len(offsets) != 2 {
				return fmt.Errorf("data_offsets has %s: want two", quantity(int64(len(offsets)), "number"))
			}
			if err == nil {
				e.begin, e.end = offsets[0], offsets[1]
			}
			return err
		}
		return fmt.Errorf("byte %d: unknown key %q: want dtype, shape and data_offsets", s.InputOffset(), key)
	})
	switch {
	case err != nil:
		return err
	case !haveType:
		return formatErrorf("", e.field(), "has no dtype")
	case !haveShape:
		return formatErrorf("", e.field(), "has no shape")
	case !haveOffsets:
		return formatErrorf("", e.field(), "has no data_offsets")
	case e.end < e.begin:
		return formatErrorf("", e.field(), "data_offsets [%d %d] end before they begin", e.begin, e.end)
	}
	size, ok := byteSize(e.dtype, e.shape)
	if !ok {
		return formatErrorf("", e.field(), "shape %v overflows", e.shape)
	}
	if size != e.end-e.begin {
		return formatErrorf("", e.field(), "%s of shape %v takes %s, but data_offsets [%d %d] span %d",
			e.dtype, e.shape, quantity(size, "byte"), e.begin, e.end, e.end-e.begin)
	}
	return nil
}

const notSafetensors = "is it a safetensors file?"
