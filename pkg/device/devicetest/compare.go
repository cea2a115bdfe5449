package devicetest

import (
	"math"
	"math/rand/v2"
	"testing"

	"srn/pkg/device"
)

func random(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

func upload(be device.Backend, v []float32) device.Buffer {
	b := be.New(len(v))
	be.Write(b, v)
	return b
}

func download(be device.Backend, b device.Buffer) []float32 {
	v := make([]float32, b.Len())
	be.Read(v, b)
	return v
}

// near compares with a tolerance relative to the root mean square of want.
func near(t testing.TB, what string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	var square float64
	for _, v := range want {
		square += v * v
	}
	scale := math.Sqrt(square/float64(len(want))) + 1e-30
	worst, at := 0.0, 0
	for i, v := range want {
		if d := math.Abs(float64(got[i])-v) / scale; !(d <= worst) {
			worst, at = d, i
		}
	}
	if !(worst <= tolerance) {
		t.Errorf("%s: element %d is %g, want %g: off by %.2g of the rms, tolerance %.2g", what, at, got[at], want[at], worst, tolerance)
	}
}

// errorsOf returns the root mean square and the largest of the differences,
// relative to the root mean square of want.
func errorsOf(got, want []float64) (rms, most float64) {
	var norm float64
	for i, v := range want {
		d := got[i] - v
		rms, norm = rms+d*d, norm+v*v
		most = max(most, math.Abs(d))
	}
	return math.Sqrt(rms / norm), most / math.Sqrt(norm/float64(len(want)))
}

// float64s widens.
func float64s(v []float32) []float64 {
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = float64(x)
	}
	return w
}

// along returns v + h·vDot.
func along(v, vDot []float64, h float64) []float64 {
	w := make([]float64, len(v))
	for i := range v {
		w[i] = v[i] + h*vDot[i]
	}
	return w
}

// central is the central difference of f at 0.
func central(f func(h float64) []float64) []float64 {
	const h = 1e-5
	a, b := f(h), f(-h)
	for i := range a {
		a[i] = (a[i] - b[i]) / (2 * h)
	}
	return a
}

// upload64 uploads numbers that float32 represents.
func upload64(be device.Backend, v []float64) device.Buffer {
	w := make([]float32, len(v))
	for i, x := range v {
		w[i] = float32(x)
	}
	return upload(be, w)
}
