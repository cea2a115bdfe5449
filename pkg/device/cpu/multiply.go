package cpu

import "srn/pkg/device"

// multiply is an elementwise product, in place.
type multiply struct {
	x, by []float32
	width int
}

// Multiply implements device.Layers.
func (b *Backend) Multiply(x, by device.Buffer, width int) device.Op {
	return &multiply{host(x), host(by), width}
}

func (o *multiply) images(_ *worker, s span) {
	by := o.by[s.lo*o.width : s.hi*o.width]
	for i, v := range o.x[s.lo*o.width : s.hi*o.width] {
		o.x[s.lo*o.width+i] = v * by[i]
	}
}
