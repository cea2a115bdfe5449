//go:build cuda

package cuda

import (
	kernels "srn/kernels/cuda"
	"srn/pkg/device"
)

// blend is a float64 on the device.
type blend struct {
	b      *Backend
	ratios kernels.Ptr
	factor kernels.Ptr // of the latest Add
}

// Blend implements device.Vectors.
func (b *Backend) Blend() device.Blend { return &blend{b, b.allocate(8), b.allocate(4)} }

// Add implements device.Blend.
func (l *blend) Add(y, x device.Buffer, xNorm, factor, share float64) {
	sameLen("Blend", y.Len(), x.Len())
	if factor == 0 && share == 0 || y.Len() == 0 {
		return
	}
	k := kernels.Blend(l.ratios, l.factor, l.b.temporary(kernels.SquaresLen), at(y), at(x), xNorm, factor, share, y.Len())
	l.b.now(k[:]...)
}

// Ratios implements device.Blend.
func (l *blend) Ratios() float64 {
	sum := []float64{0}
	l.b.stream.read(raw(sum), l.ratios)
	return sum[0]
}

// SetRatios implements device.Blend.
func (l *blend) SetRatios(sum float64) { l.b.stream.write(l.ratios, raw([]float64{sum})) }
