// Package plain is a backend that computes in float64 what a network's forward
// and backward passes need, one operation after the other in plain loops. It is
// the reference that the products of other backends are checked against on a few
// images. Its tangents are not there: a reference takes differences of gradients,
// with steps so short that no unit of a ReLU switches within them.
package plain

import (
	"srn/pkg/device"
)

// Backend is a [device.Backend] for forward and backward passes of networks.
// Other methods panic.
type Backend struct {
	device.Backend        // nil: what is not offered
	signs          uint64 // of what ReLUs have read since the latest Signs

	// Threshold, relative to the root mean square of what a ReLU reads, moves the
	// value above which a unit is active away from 0: so units that another
	// backend's rounding may switch are switched.
	Threshold float64
}

// New returns a backend.
func New() *Backend { return &Backend{} }

// Name is "float64".
func (*Backend) Name() string { return "float64" }

// buffer is memory.
type buffer []float64

func (b buffer) Len() int { return len(b) }

func (b buffer) Slice(lo, hi int) device.Buffer { return b[lo:hi:hi] }

// host is a buffer's memory, nil of none.
func host(b device.Buffer) []float64 {
	if b == nil {
		return nil
	}
	return b.(buffer)
}

// New returns a zeroed buffer of n elements.
func (*Backend) New(n int) device.Buffer { return make(buffer, n) }

// Read rounds src to float32.
func (*Backend) Read(dst []float32, src device.Buffer) {
	for i, x := range host(src) {
		dst[i] = float32(x)
	}
}

// Write copies to dst.
func (*Backend) Write(dst device.Buffer, src []float32) {
	for i, x := range src {
		host(dst)[i] = float64(x)
	}
}

// Wide is the memory of a buffer, to be read and written.
func Wide(b device.Buffer) []float64 { return host(b) }

// Copy copies a buffer.
func (*Backend) Copy(dst, src device.Buffer) { copy(host(dst), host(src)) }

// Fill sets all elements.
func (*Backend) Fill(dst device.Buffer, value float32) {
	for i := range host(dst) {
		host(dst)[i] = float64(value)
	}
}

// ImagesAtOnce is most.
func (*Backend) ImagesAtOnce(most int) int { return most }

// Wait returns: nothing is ever under way.
func (*Backend) Wait() {}

// op is an operation on the first n images of its buffers.
type op func(n int)

// Run runs a stage.
func (*Backend) Run(n int, stage device.Stage) {
	for _, o := range stage {
		o.(op)(n)
	}
}

// Signs is a digest of which values that ReLUs have read since the latest call
// were positive: with other parameters nearby, equal digests say that no unit has
// switched.
func (b *Backend) Signs() uint64 {
	s := b.signs
	b.signs = 0
	return s
}

// sign adds a value's sign to the digest (FNV-1a, a bit at a time).
func (b *Backend) sign(positive bool) {
	const prime = 1099511628211
	bit := uint64(1)
	if positive {
		bit = 2
	}
	b.signs = (b.signs ^ bit) * prime
}
