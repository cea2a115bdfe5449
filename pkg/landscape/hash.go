package landscape

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
)

// Hash is the SHA-256 of the values of vectors, little-endian: it tells whether
// two plots have the very same directions.
func Hash(list [][]float32) string {
	h := sha256.New()
	var b []byte
	for _, v := range list {
		b = b[:0]
		for _, x := range v {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))
}
