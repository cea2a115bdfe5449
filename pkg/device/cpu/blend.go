package cpu

import (
	"math"

	"srn/pkg/device"
)

// blend holds a sum of ratios.
type blend struct {
	b      *Backend
	ratios float64
}

// Blend implements device.Vectors.
func (b *Backend) Blend() device.Blend { return &blend{b: b} }

// Add implements device.Blend.
func (l *blend) Add(y, x device.Buffer, xNorm, factor, share float64) {
	norm, c := math.Sqrt(l.b.Dot(y, y)), factor
	if share != 0 {
		c = share * norm / xNorm
	}
	if c == 0 {
		return
	}
	l.b.Axpy(y, float32(c), x)
	l.ratios += math.Abs(c) * xNorm / norm
}

// Ratios implements device.Blend.
func (l *blend) Ratios() float64 { return l.ratios }

// SetRatios implements device.Blend.
func (l *blend) SetRatios(sum float64) { l.ratios = sum }
