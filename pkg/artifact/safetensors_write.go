package artifact

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/klauspost/compress/zstd"
)

// Write writes a tensor file atomically (see [WriteFileAtomic]) and sets
// f.SHA256. It compresses when path ends in .zst or is "-", standard output,
// which must not be a terminal. Equal content gives equal bytes: tensors are
// laid out by type and name, metadata by key.
func Write(path string, f *File) error {
	var sum string
	err := writeFile(path, true, func(w io.Writer) (err error) {
		if !compresses(path) {
			sum, err = encode(w, f)
			return err
		}
		z := newEncoder(w, zstd.SpeedFastest)
		if sum, err = encode(z, f); err != nil {
			return err
		}
		return z.Close()
	})
	if err != nil {
		return fmt.Errorf("writing %s: %w", outputName(path), err)
	}
	f.SHA256 = sum
	return nil
}

// Encode writes f to w as plain safetensors and sets f.SHA256.
func Encode(w io.Writer, f *File) error {
	sum, err := encode(w, f)
	if err == nil {
		f.SHA256 = sum
	}
	return err
}

func encode(w io.Writer, f *File) (sum string, err error) {
	tensors := slices.Clone(f.Tensors)
	slices.SortStableFunc(tensors, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(b.DType.rank(), a.DType.rank()), cmp.Compare(a.Name, b.Name))
	})
	header, err := encodeHeader(tensors, f.Metadata)
	if err != nil {
		return "", err
	}
	h := newHasher()
	defer h.finish()
	write := func(b []byte) error {
		h.add(b)
		_, err := w.Write(b)
		return err
	}
	if err := write(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))); err != nil {
		return "", err
	}
	if err := write(header); err != nil {
		return "", err
	}
	for _, t := range tensors {
		for chunk := range slices.Chunk(t.Data, hashChunk) {
			if err := write(chunk); err != nil {
				return "", err
			}
		}
	}
	return h.finish(), nil
}

// quote writes s, which is valid UTF-8, as a JSON string.
func quote(s string) []byte {
	b, err := jsontext.AppendQuote(nil, s)
	if err != nil {
		panic(err)
	}
	return b
}

// encodeHeader describes tensors in their order. It refuses whatever a reader
// would.
func encodeHeader(tensors []Tensor, metadata map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	if len(metadata) > 0 {
		fmt.Fprintf(&b, "%s:{", quote(metadataKey))
		for i, k := range slices.Sorted(maps.Keys(metadata)) {
			if !utf8.ValidString(k) || !utf8.ValidString(metadata[k]) {
				return nil, fmt.Errorf("metadata %q: is not valid UTF-8", k)
			}
			comma(&b, i)
			fmt.Fprintf(&b, "%s:%s", quote(k), quote(metadata[k]))
		}
		b.WriteByte('}')
	}
	seen := make(map[string]bool)
	var offset int64
	for i, t := range tensors {
		switch size, ok := byteSize(t.DType, t.Shape); {
		case t.Name == metadataKey:
			return nil, fmt.Errorf("tensor %q: the name is reserved", t.Name)
		case !utf8.ValidString(t.Name):
			return nil, fmt.Errorf("tensor %q: the name is not valid UTF-8", t.Name)
		case seen[t.Name]:
			return nil, fmt.Errorf("tensor %q: is there twice", t.Name)
		case t.DType.Size() == 0:
			return nil, fmt.Errorf("tensor %q: dtype %q is not supported", t.Name, t.DType)
		case len(t.Shape) > maxDims:
			return nil, fmt.Errorf("tensor %q: shape has more than %d dimensions", t.Name, maxDims)
		case !ok:
			return nil, fmt.Errorf("tensor %q: shape %v is negative or overflows", t.Name, t.Shape)
		case size != int64(len(t.Data)):
			return nil, fmt.Errorf("tensor %q: %s of shape %v takes %s, but the data has %d", t.Name,
				t.DType, t.Shape, quantity(size, "byte"), len(t.Data))
		}
		seen[t.Name] = true
		if len(metadata) > 0 {
			i++
		}
		comma(&b, i)
		fmt.Fprintf(&b, `%s:{"dtype":%s,"shape":[`, quote(t.Name), quote(string(t.DType)))
		for j, d := range t.Shape {
			comma(&b, j)
			fmt.Fprint(&b, d)
		}
		end := offset + int64(len(t.Data))
		fmt.Fprintf(&b, `],"data_offsets":[%d,%d]}`, offset, end)
		offset = end
	}
	b.WriteByte('}')
	// Padding aligns the buffer, and with it every tensor, to 8 bytes.
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len() > defaultHeader { // Read's limit
		return nil, fmt.Errorf("header: takes %d bytes: the limit is %d", b.Len(), defaultHeader)
	}
	return b.Bytes(), nil
}

// comma separates the i-th item from those before it.
func comma(b *bytes.Buffer, i int) {
	if i > 0 {
		b.WriteByte(',')
	}
}
