package artifact

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"
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
	s := &scanner{b: header}
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

// inside runs read and says in which field of the header it failed.
func (s *scanner) inside(field string, read func() error) error {
	err := read()
	if _, ok := err.(*FormatError); ok || err == nil {
		return err
	}
	return formatErrorf("", field, "header: %v", err).mend(makeAnother)
}

// scan reads the description of a tensor and checks it by itself.
func (e *entry) scan(s *scanner) error {
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
					return s.errorf("shape has more than %d dimensions", maxDims)
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
					return s.errorf("data_offsets has more than two numbers")
				}
				offsets = append(offsets, n)
				return err
			})
			if err == nil && len(offsets) != 2 {
				return s.errorf("data_offsets has %s: want two", quantity(int64(len(offsets)), "number"))
			}
			if err == nil {
				e.begin, e.end = offsets[0], offsets[1]
			}
			return err
		}
		return s.errorf("unknown key %q: want dtype, shape and data_offsets", key)
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
