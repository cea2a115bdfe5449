// Package npy reads NumPy's arrays: its files of one (.npy) and of several
// (.npz), and those in pickles. Arrays of objects, which are pickles of
// anything, and of records are refused.
package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"srn/pkg/artifact"
)

// Magic is how a file of an array begins.
const Magic = "\x93NUMPY"

// maxDims and maxText bound a header.
const (
	maxDims = 32
	maxText = 64 << 10
)

// header is what NumPy writes: a dictionary of three keys, in this order.
var header = regexp.MustCompile(`^\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(([0-9L, ]*)\), ?\}\s*$`)

// Read reads an array of at most limit bytes. Name is for the result and for
// errors about the content, which are *[artifact.FormatError] without a path.
func Read(r io.Reader, name string, limit int64) (artifact.Tensor, error) {
	var t artifact.Tensor
	bad := func(format string, a ...any) error {
		return &artifact.FormatError{Field: fmt.Sprintf("array %q", name), Problem: fmt.Sprintf(format, a...)}
	}
	var head [12]byte
	if _, err := io.ReadFull(r, head[:10]); err != nil {
		return t, ended(err, bad)
	}
	if string(head[:6]) != Magic {
		return t, bad("is no NumPy array: it begins with %q", head[:6])
	}
	length := int(binary.LittleEndian.Uint16(head[8:]))
	if version := head[6]; version >= 2 && version <= 3 {
		if _, err := io.ReadFull(r, head[10:]); err != nil {
			return t, ended(err, bad)
		}
		length = int(binary.LittleEndian.Uint32(head[8:]))
	} else if version != 1 {
		return t, bad("is of version %d of NumPy's format, beyond 3", version)
	}
	if length > maxText {
		return t, bad("has a header of %d bytes, more than %d", length, maxText)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(r, text); err != nil {
		return t, ended(err, bad)
	}
	m := header.FindSubmatch(text)
	if m == nil {
		return t, bad("holds no plain numbers: its header is %.80q", text)
	}
	element, ok := parse(string(m[1]))
	if !ok {
		return t, bad("is of type %.20q, none of the numbers that are read", m[1])
	}
	shape, ok := dims(string(m[3]))
	if !ok {
		return t, bad("has the shape (%.80s)", m[3])
	}
	size := int64(element.dtype.Size())
	for _, d := range shape {
		if d == 0 {
			size = 0
			break
		}
		if size > limit/int64(d) {
			return t, bad("has the shape %v, more than %d bytes", shape, limit)
		}
		size *= int64(d)
	}
	data, err := readAll(r, size)
	if err != nil {
		return t, ended(err, bad)
	}
	return element.array(name, shape, data, string(m[2]) == "True")
}

// readAll reads n bytes, asking for memory as they arrive.
func readAll(r io.Reader, n int64) ([]byte, error) {
	const step = 16 << 20
	data := make([]byte, 0, min(n, step))
	for int64(len(data)) < n {
		at := len(data)
		part := int(min(n-int64(at), max(step, int64(at))))
		data = slices.Grow(data, part)[:at+part]
		if _, err := io.ReadFull(r, data[at:]); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func ended(err error, bad func(string, ...any) error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return bad("ends too early")
	}
	return err
}

// dims reads a shape, such as "10, 3072" or "5,".
func dims(text string) ([]int, bool) {
	shape := []int{}
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSuffix(strings.TrimSpace(part), "L")
		if part == "" {
			continue
		}
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 || len(shape) == maxDims {
			return nil, false
		}
		shape = append(shape, n)
	}
	return shape, true
}
