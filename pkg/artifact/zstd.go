package artifact

import (
	"encoding/binary"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// suffix marks the names of files that are written compressed.
const suffix = ".zst"

// compresses tells whether a tensor file of that name is written compressed.
func compresses(path string) bool { return path == stdio || strings.HasSuffix(path, suffix) }

// isZstd recognises the first four bytes of a zstd stream, which may begin
// with a skippable frame.
func isZstd(head []byte) bool {
	if len(head) < 4 {
		return false
	}
	magic := binary.LittleEndian.Uint32(head)
	return magic == frameMagic || isSkippable(magic)
}

// newEncoder compresses what is written to it as one frame. The level suits
// the content: weights and images hardly shrink, so that more effort buys
// nothing. One goroutine, because the bytes depend on their number.
func newEncoder(w io.Writer, level zstd.EncoderLevel) *zstd.Encoder {
	e, err := zstd.NewWriter(w, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err) // the options are constant
	}
	return e
}

// newDecoder decompresses within a largest window and, by DecodeAll, to a
// largest size. Checksums are verified.
func newDecoder(r io.Reader, window, size int64, goroutines int) (*zstd.Decoder, error) {
	return zstd.NewReader(r,
		zstd.WithDecoderConcurrency(goroutines),
		zstd.WithDecoderMaxWindow(uint64(max(window, 1<<10))),
		zstd.WithDecoderMaxMemory(uint64(size)))
}
