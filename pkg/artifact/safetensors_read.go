package artifact

import (
	"encoding/binary"
	"io"
	"math"
	"strings"
)

const (
	// hashChunk is how much is read before it goes to the hasher: small
	// enough to be still in cache.
	hashChunk = 256 << 10
	// trusted is how much memory a header may claim before the data to fill
	// it have arrived.
	trusted = 256 << 20
)

// Read reads a tensor file, plain or zstd by its first bytes; "-" is standard
// input. The whole format is checked: a bounded header of strict JSON without
// duplicate keys, known types, shapes that agree with the offsets and do not
// overflow, data without holes, overlap, truncation or trailing bytes.
// Content that fails is a *FormatError.
func Read(path string, lim Limits) (*File, error) {
	in, err := Open(path, lim)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return in.File()
}

// Decode is Read from r; name stands for the file in errors.
func Decode(r io.Reader, name string, lim Limits) (*File, error) {
	s, err := newStream(r, name, lim.withDefaults(defaultTotal))
	if err != nil {
		return nil, err
	}
	defer s.close()
	return decode(s, -1)
}

// decode reads a file of that many bytes, -1 where it is not known.
func decode(s *stream, size int64) (*File, error) {
	path, lim := s.path, s.lim
	if s.dec != nil {
		size = -1 // of the compressed bytes, which says nothing
	}
	h := newHasher()
	defer h.finish()

	header, err := s.header(h, size)
	if err != nil {
		return nil, err
	}
	entries, metadata, err := parseHeader(path, header)
	if err != nil {
		return nil, err
	}
	var end int64
	if len(entries) > 0 {
		end = entries[len(entries)-1].end
	}
	whole := 8 + int64(len(header))
	if end > math.MaxInt64-whole || whole+end > lim.Total {
		return nil, formatErrorf(path, "", "the tensors take %s, with the header more than the limit of %d",
			quantity(end, "byte"), lim.Total)
	}
	whole += end
	switch {
	case size >= 0 && size < whole:
		return nil, formatErrorf(path, "", "is truncated: the header asks for %s, the file has %d",
			quantity(whole, "byte"), size).mend(copyAgain)
	case size > whole:
		return nil, formatErrorf(path, "", "has %s after the last tensor", quantity(size-whole, "byte")).mend(copyAgain)
	}

	f := &File{Tensors: make([]Tensor, len(entries)), Metadata: metadata}
	for i, e := range entries {
		data, err := s.data(e, h, size >= 0)
		if err != nil {
			return nil, err
		}
		f.Tensors[i] = Tensor{e.name, e.dtype, e.shape, data}
	}
	// Reading on to the end also verifies the last checksum of zstd.
	extra, err := s.drain()
	if err != nil {
		return nil, err
	}
	if extra > 0 {
		return nil, formatErrorf(path, "", "has %s after the last tensor", quantity(extra, "byte")).mend(copyAgain)
	}
	f.SHA256 = h.finish()
	return f, nil
}

// ReadMetadata is Read of a file's metadata alone; its tensors may be damaged.
func ReadMetadata(path string) (map[string]string, error) {
	in, size, err := open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	s, err := newStream(in, display(path), Limits{}.withDefaults(defaultTotal))
	if err != nil {
		return nil, err
	}
	defer s.close()
	if s.dec != nil {
		size = -1
	}
	h := newHasher()
	defer h.finish()
	header, err := s.header(h, size)
	if err != nil {
		return nil, err
	}
	_, metadata, err := parseHeader(display(path), header)
	return metadata, err
}

// header reads the length and the header.
func (s *stream) header(h *hasher, size int64) ([]byte, error) {
	var length [8]byte
	n, err := io.ReadFull(s, length[:])
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil, formatErrorf(s.path, "", "has %s: a safetensors file has at least 8", quantity(int64(n), "byte")).mend(notSafetensors)
	}
	if err != nil {
		return nil, err
	}
	h.add(length[:])
	b, err := s.headerText(length, h, size)
	if kind := otherKind(length[:]); kind != "" && (err != nil || len(b) == 0 || b[0] != '{') {
		return nil, formatErrorf(s.path, "", "is %s, not a safetensors file", kind).mend("convert it, or give a file of the srn commands")
	}
	return b, err
}

// headerText reads the header of that length.
func (s *stream) headerText(length [8]byte, h *hasher, size int64) ([]byte, error) {
	want := binary.LittleEndian.Uint64(length[:])
	if want > uint64(s.lim.Header) {
		return nil, formatErrorf(s.path, "header", "is said to take %d bytes: the limit is %d", want, s.lim.Header).mend(notSafetensors)
	}
	if size >= 0 && int64(want) > size-8 {
		return nil, formatErrorf(s.path, "header", "is truncated: it takes %s, %d follow", quantity(int64(want), "byte"), size-8).mend(copyAgain)
	}
	b, err := s.bytes(int64(want), 64<<10, h)
	if err == io.ErrUnexpectedEOF {
		return nil, formatErrorf(s.path, "header", "is truncated: it takes %s, %d follow", quantity(int64(want), "byte"), s.read-8).mend(copyAgain)
	}
	return b, err
}

// IsPickle tells from the first eight bytes of a file whether it begins as a
// pickle of protocol 2 to 5 does. A safetensors file can begin with the same two
// bytes, but not with a length of its header beyond the largest.
func IsPickle(head []byte) bool {
	return len(head) >= 8 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5 && binary.LittleEndian.Uint64(head) > maxHeader
}

// otherKind recognises files of other kinds that users take for tensors by
// their first eight bytes, "" for none.
func otherKind(head []byte) string {
	for _, k := range []struct{ magic, kind string }{
		{"\x1f\x8b", "compressed by gzip"},
		{"BZh", "compressed by bzip2"},
		{"\xfd7zXZ", "compressed by xz"},
		{"7z\xbc\xaf", "a 7z archive"},
		{"Rar!", "a RAR archive"},
		{"PK\x03\x04", "a zip archive, as torch.save writes"},
		{"\x89HDF", "an HDF5 file"},
		{"\x93NUMPY", "a NumPy array"},
		{"GGUF", "a GGUF file"},
		{"\x89PNG", "a PNG image"}, {"\xff\xd8\xff", "a JPEG image"}, {"%PDF", "a PDF document"},
		{"version ", "a pointer of Git LFS in place of a file, or text"},
		{"<", "a web page or XML"},
	} {
		if strings.HasPrefix(string(head), k.magic) {
			return k.kind
		}
	}
	if IsPickle(head) {
		return "a pickle"
	}
	// The length of a header that is all letters would be beyond any file's.
	for _, b := range head {
		if b < ' ' && b != '\n' && b != '\r' && b != '\t' || b > '~' {
			return ""
		}
	}
	return "text"
}

// data reads the data of a tensor. Known says that the file's size agrees
// with its header.
func (s *stream) data(e entry, h *hasher, known bool) ([]byte, error) {
	first := int64(trusted)
	if known {
		first = e.end - e.begin
	}
	at := s.read
	b, err := s.bytes(e.end-e.begin, first, h)
	if err == io.ErrUnexpectedEOF {
		return nil, formatErrorf(s.path, e.field(), "is truncated: %d of %s are there",
			s.read-at, quantity(e.end-e.begin, "byte")).mend(copyAgain)
	}
	return b, err
}

// bytes reads and hashes n bytes, allocating first of them at once and more
// as they arrive. It returns io.ErrUnexpectedEOF if there are fewer.
func (s *stream) bytes(n, first int64, h *hasher) ([]byte, error) {
	b := make([]byte, min(n, first))
	for at := int64(0); at < n; {
		if at == int64(len(b)) {
			grown := make([]byte, min(n, 2*at))
			copy(grown, b)
			b = grown
		}
		chunk := b[at:min(at+hashChunk, int64(len(b)))]
		if _, err := io.ReadFull(s, chunk); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		h.add(chunk)
		at += int64(len(chunk))
	}
	return b, nil
}
