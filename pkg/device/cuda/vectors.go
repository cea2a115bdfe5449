//go:build cuda

package cuda

import (
	kernels "srn/kernels/cuda"
	"srn/pkg/device"
)

// Copy implements device.Vectors.
func (b *Backend) Copy(dst, src device.Buffer) {
	sameLen("Copy", dst.Len(), src.Len())
	if n := src.Len(); n > 0 {
		b.now(kernels.Copy(at(dst), at(src), n))
	}
}

// Fill implements device.Vectors.
func (b *Backend) Fill(dst device.Buffer, value float32) {
	if n := dst.Len(); n > 0 {
		b.now(kernels.Fill(at(dst), value, n))
	}
}

// Axpy implements device.Vectors.
func (b *Backend) Axpy(y device.Buffer, a float32, x device.Buffer) {
	sameLen("Axpy", y.Len(), x.Len())
	if n := x.Len(); n > 0 {
		b.now(kernels.Axpy(at(y), a, at(x), n))
	}
}

// Scale implements device.Vectors.
func (b *Backend) Scale(x device.Buffer, a float32) {
	if n := x.Len(); n > 0 {
		b.now(kernels.Scale(at(x), a, n))
	}
}

// Dot implements device.Vectors.
func (b *Backend) Dot(x, y device.Buffer) float64 {
	sameLen("Dot", x.Len(), y.Len())
	n := x.Len()
	if n == 0 {
		return 0
	}
	k := kernels.Dot(b.dot, b.temporary(kernels.DotScratch), at(x), at(y), n)
	b.now(k[:]...)
	b.stream.read(raw(b.dotOnHost), b.dot)
	return b.dotOnHost[0]
}

// SGD implements device.Vectors.
func (b *Backend) SGD(p, v, g device.Buffer, lr, momentum, weightDecay float32) {
	sameLen("SGD", p.Len(), g.Len())
	sameLen("SGD", p.Len(), v.Len())
	if n := p.Len(); n > 0 {
		b.now(kernels.SGD(at(p), at(v), at(g), lr, momentum, weightDecay, n))
	}
}
