package artifact

import (
	"crypto/sha256"
	"encoding/hex"
)

// hasher computes SHA-256 in a goroutine of its own, beside reading and
// decompression.
type hasher struct {
	chunks chan []byte
	result chan string
	sum    string
	done   bool
}

func newHasher() *hasher {
	h := &hasher{chunks: make(chan []byte, 16), result: make(chan string, 1)}
	go func() {
		d := sha256.New()
		for c := range h.chunks {
			d.Write(c)
		}
		h.result <- hex.EncodeToString(d.Sum(nil))
	}()
	return h
}

// add hashes b, which must not change before finish returns.
func (h *hasher) add(b []byte) { h.chunks <- b }

// finish ends the goroutine and returns the hash in hexadecimal. It may be
// called again.
func (h *hasher) finish() string {
	if !h.done {
		h.done = true
		close(h.chunks)
		h.sum = <-h.result
	}
	return h.sum
}
