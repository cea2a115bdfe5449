package cpu

import (
	"fmt"
	"unsafe"

	"srn/pkg/device"
)

// vec is a buffer in host memory.
type vec []float32

func (v vec) Len() int                       { return len(v) }
func (v vec) Slice(lo, hi int) device.Buffer { return v[lo:hi:hi] }

// alignment of arrays in bytes: a cache line, and one AVX-512 register.
const alignment = 64

// alloc returns n zeros, aligned.
func alloc(n int) []float32 {
	const floats = alignment / 4
	s := make([]float32, n+floats)
	if r := uintptr(unsafe.Pointer(unsafe.SliceData(s))) % alignment; r != 0 {
		s = s[(alignment-r)/4:]
	}
	s = s[:n:n]
	inHugePages(s)
	return s
}

// New implements device.Backend.
func (b *Backend) New(n int) device.Buffer { return vec(alloc(n)) }

// Read implements device.Backend.
func (b *Backend) Read(dst []float32, src device.Buffer) {
	sameLen("Read", len(dst), src.Len())
	copy(dst, host(src))
}

// Write implements device.Backend.
func (b *Backend) Write(dst device.Buffer, src []float32) {
	sameLen("Write", dst.Len(), len(src))
	copy(host(dst), src)
}

// Wait implements device.Backend.
func (b *Backend) Wait() {}

// host returns the memory of one of this backend's buffers; nil stays nil.
func host(b device.Buffer) []float32 {
	if b == nil {
		return nil
	}
	return b.(vec)
}

func sameLen(what string, a, b int) {
	if a != b {
		panic(fmt.Sprintf("cpu: %s: lengths %d and %d differ", what, a, b))
	}
}
