package cpu

import "srn/pkg/device"

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
	xx, yy := host(x), host(y)
	// Four sums, so that additions need not wait for each other.
	var s [4]float64
	i := 0
	for ; i+4 <= len(xx); i += 4 {
		a, c := xx[i:i+4], yy[i:i+4]
		s[0] += float64(a[0]) * float64(c[0])
		s[1] += float64(a[1]) * float64(c[1])
		s[2] += float64(a[2]) * float64(c[2])
		s[3] += float64(a[3]) * float64(c[3])
	}
	for ; i < len(xx); i++ {
		s[0] += float64(xx[i]) * float64(yy[i])
	}
	return s[0] + s[1] + s[2] + s[3]
}

// SGD implements device.Vectors.
func (b *Backend) SGD(p, v, g device.Buffer, lr, momentum, weightDecay float32) {
	sameLen("SGD", p.Len(), g.Len())
	sameLen("SGD", p.Len(), v.Len())
	pp, vv, gg := host(p), host(v), host(g)
	for i, grad := range gg {
		u := momentum*vv[i] + (grad + weightDecay*pp[i])
		vv[i] = u
		pp[i] -= lr * u
	}
}
