package curvature

import "math"

// dot is ⟨a, b⟩ in float64. Four sums hide the latency of the additions; their
// order is fixed, so the result is too.
func dot(a []float32, b []float64) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += float64(a[i]) * b[i]
		s1 += float64(a[i+1]) * b[i+1]
		s2 += float64(a[i+2]) * b[i+2]
		s3 += float64(a[i+3]) * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += float64(a[i]) * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}

// axpy adds a·x to y.
func axpy(y []float64, a float64, x []float32) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += a * float64(v)
	}
}

// norm is the Euclidean norm. Gradients and products of networks are far from
// the limits of float64, so squares are summed as they are.
func norm(x []float64) float64 {
	var s0, s1 float64
	i := 0
	for ; i+2 <= len(x); i += 2 {
		s0 += x[i] * x[i]
		s1 += x[i+1] * x[i+1]
	}
	for ; i < len(x); i++ {
		s0 += x[i] * x[i]
	}
	return math.Sqrt(s0 + s1)
}

// widen copies x to float64.
func widen(dst []float64, x []float32) {
	dst = dst[:len(x)]
	for i, v := range x {
		dst[i] = float64(v)
	}
}

// narrow stores x/scale as float32.
func narrow(dst []float32, x []float64, scale float64) {
	dst = dst[:len(x)]
	inv := 1 / scale
	for i, v := range x {
		dst[i] = float32(v * inv)
	}
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
