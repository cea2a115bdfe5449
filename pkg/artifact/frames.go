package artifact

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// A record file is a sequence of zstd frames. Frames are found by their
// structure alone (RFC 8878, section 3.1.1), so that those before a torn one
// can be told from it.

const (
	frameMagic   = 0xFD2FB528
	maxBlockSize = 128 << 10
)

// isSkippable recognises the sixteen magic numbers of frames that hold no
// content.
func isSkippable(magic uint32) bool { return magic&^0xF == 0x184D2A50 }

// frame is one whole frame of a file.
type frame struct {
	offset int64 // of its first byte in the file
	packed []byte
	plain  []byte
}

// walkFrames calls visit for each whole frame of r. Torn says that the input
// ends within a frame, or in zeros, which a power failure leaves. Packed and
// plain are valid during the call.
func walkFrames(r *bufio.Reader, lim Limits, visit func(frame) error) (torn bool, err error) {
	dec, err := newDecoder(nil, lim.Window, lim.Total, 1)
	if err != nil {
		return false, err
	}
	defer dec.Close()
	var packed, plain []byte
	var offset, total int64
	for {
		packed, err = readFrame(r, packed[:0], lim.Total)
		switch err {
		case io.EOF:
			return false, nil
		case io.ErrUnexpectedEOF:
			return true, nil
		case nil:
			plain, err = dec.DecodeAll(packed, plain[:0])
			if err == zstd.ErrDecoderSizeExceeded || err == zstd.ErrWindowSizeExceeded {
				return false, &frameError{offset, err}
			}
		case errNoFrame, errBadFrame:
		default:
			return false, err
		}
		if err != nil {
			if endsInZeros(packed, r) {
				return true, nil
			}
			return false, &frameError{offset, err}
		}
		if total += int64(len(plain)); total > lim.Total {
			return false, &frameError{offset, zstd.ErrDecoderSizeExceeded}
		}
		if err := visit(frame{offset, packed, plain}); err != nil {
			return false, err
		}
		offset += int64(len(packed))
	}
}

// endsInZeros tells whether the rest of r, and the end of the frame before it,
// are zeros.
func endsInZeros(packed []byte, r io.Reader) bool {
	if packed[len(packed)-1] != 0 {
		return false
	}
	chunk := make([]byte, 64<<10)
	for {
		n, err := r.Read(chunk)
		if len(bytes.Trim(chunk[:n], "\x00")) > 0 {
			return false
		}
		if err != nil {
			return err == io.EOF
		}
	}
}

// frameError is damage in the frame at an offset of the file.
type frameError struct {
	offset int64
	err    error
}

func (e *frameError) Error() string { return fmt.Sprintf("zstd frame at byte %d: %v", e.offset, e.err) }
func (e *frameError) Unwrap() error { return e.err }

var (
	errNoFrame  = errors.New("it does not start as a frame")
	errBadFrame = errors.New("its blocks make no sense")
)

// readFrame appends the next frame to b. It returns io.EOF where there is
// none, io.ErrUnexpectedEOF where the input ends within one.
func readFrame(r *bufio.Reader, b []byte, limit int64) ([]byte, error) {
	take := func(n int) error {
		if int64(len(b)+n) > limit+maxBlockSize {
			return errBadFrame
		}
		at := len(b)
		b = append(b, make([]byte, n)...)
		m, err := io.ReadFull(r, b[at:])
		b = b[:at+m]
		if err == io.EOF && at > 0 {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	if err := take(4); err != nil {
		return b, err
	}
	magic := binary.LittleEndian.Uint32(b)
	if isSkippable(magic) {
		if err := take(4); err != nil {
			return b, err
		}
		size := binary.LittleEndian.Uint32(b[4:])
		for size > 0 { // in pieces, because the size may be a lie
			piece := min(size, maxBlockSize)
			if err := take(int(piece)); err != nil {
				return b, err
			}
			size -= piece
		}
		return b, nil
	}
	if magic != frameMagic {
		return b, errNoFrame
	}
	if err := take(1); err != nil {
		return b, err
	}
	descriptor := b[4]
	single := descriptor >> 5 & 1
	fields := [4]int{0, 1, 2, 4}[descriptor&3] // dictionary id
	fields += [4]int{int(single), 2, 4, 8}[descriptor>>6]
	if single == 0 {
		fields++ // window size
	}
	if err := take(fields); err != nil {
		return b, err
	}
	for last := false; !last; {
		if err := take(3); err != nil {
			return b, err
		}
		head := b[len(b)-3:]
		block := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
		last = block&1 == 1
		size := block >> 3
		switch {
		case size > maxBlockSize || block>>1&3 == 3:
			return b, errBadFrame
		case block>>1&3 == 1: // one byte, repeated
			size = 1
		}
		if err := take(size); err != nil {
			return b, err
		}
	}
	if descriptor>>2&1 == 1 {
		if err := take(4); err != nil { // checksum
			return b, err
		}
	}
	return b, nil
}

// packFrame compresses b as one frame. The encoder is new each time, so that
// the bytes depend on b alone.
func packFrame(b []byte) []byte {
	e := newEncoder(nil, zstd.SpeedDefault)
	defer e.Close()
	return e.EncodeAll(b, nil)
}
