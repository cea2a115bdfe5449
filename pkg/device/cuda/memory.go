//go:build cuda

package cuda

import (
	"fmt"
	"unsafe"

	"gorgonia.org/cu"

	kernels "srn/kernels/cuda"
	"srn/pkg/device"
)

// buffer is a float32 array on the device.
type buffer struct {
	at kernels.Ptr
	n  int
}

func (b *buffer) Len() int { return b.n }

func (b *buffer) Slice(lo, hi int) device.Buffer {
	if lo < 0 || lo > hi || hi > b.n {
		panic(fmt.Sprintf("cuda: slice %d to %d of %d elements", lo, hi, b.n))
	}
	return &buffer{b.at.Floats(lo), hi - lo}
}

// at returns the address of one of this backend's buffers; nil has none.
func at(b device.Buffer) kernels.Ptr {
	if b == nil {
		return 0
	}
	return b.(*buffer).at
}

// New implements device.Backend.
func (b *Backend) New(n int) device.Buffer { return b.new(n) }

func (b *Backend) new(n int) *buffer {
	if n == 0 {
		return &buffer{}
	}
	return &buffer{b.allocate(4 * n), n}
}

// allocate returns zeroed memory, of a multiple of 4 bytes.
func (b *Backend) allocate(bytes int) kernels.Ptr {
	var p cu.DevicePtr
	b.stream.do(func() (err error) {
		if p, err = cu.MemAlloc(int64(bytes)); err == cu.OutOfMemory {
			free, total, _ := cu.MemInfo()
			err = &memoryError{bytes, free, total}
		}
		return err
	})
	b.stream.zero(kernels.Ptr(p), bytes)
	return kernels.Ptr(p)
}

// Read implements device.Backend.
func (b *Backend) Read(dst []float32, src device.Buffer) {
	sameLen("Read", len(dst), src.Len())
	if len(dst) > 0 {
		b.stream.read(raw(dst), at(src))
	}
}

// Write implements device.Backend.
func (b *Backend) Write(dst device.Buffer, src []float32) {
	sameLen("Write", dst.Len(), len(src))
	if len(src) > 0 {
		b.stream.write(at(dst), raw(src))
	}
}

// Wait implements device.Backend.
func (b *Backend) Wait() { b.stream.do(func() error { return cu.Synchronize() }) }

// raw returns the bytes of an array.
func raw[T float32 | float64 | uint64](v []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(v[0])))
}
