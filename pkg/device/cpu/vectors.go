package cpu

import (
	kernels "srn/kernels/cpu"
	"srn/pkg/device"
)

// Copy implements device.Vectors.
func (b *Backend) Copy(dst, src device.Buffer) {
	sameLen("Copy", dst.Len(), src.Len())
	copy(host(dst), host(src))
}

// Fill implements device.Vectors.
func (b *Backend) Fill(dst device.Buffer, value float32) {
	d := host(dst)
	for i := range d {
		d[i] = value
	}
}

// Axpy implements device.Vectors.
func (b *Backend) Axpy(y device.Buffer, a float32, x device.Buffer) {
	sameLen("Axpy", y.Len(), x.Len())
	yy, xx := host(y), host(x)
	for i, v := range xx {
		yy[i] += a * v
	}
}

// Scale implements device.Vectors.
func (b *Backend) Scale(x device.Buffer, a float32) {
	xx := host(x)
	for i := range xx {
		xx[i] *= a
	}
}

// Dot implements device.Vectors.
func (b *Backend) Dot(x, y device.Buffer) float64 {
	sameLen("Dot", x.Len(), y.Len())
	clear(b.dot.Out)
	b.dot.X, b.dot.Y = host(x), host(y)
	b.kernels.Dot(&b.dot)
	var sum float64
	for _, s := range b.dot.Out {
		sum += s
	}
	return sum
}

// SGD implements device.Vectors.
func (b *Backend) SGD(p, v, g device.Buffer, lr, momentum, weightDecay float32) {
	sameLen("SGD", p.Len(), g.Len())
	sameLen("SGD", p.Len(), v.Len())
	b.sgd = kernels.SGD{P: host(p), V: host(v), G: host(g), LR: lr, Momentum: momentum, Decay: weightDecay}
	b.kernels.SGD(&b.sgd)
}
