package devicetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"srn/pkg/device"
)

// Memory tests buffers and their slices.
func Memory(t *testing.T, be device.Backend) {
	b := be.New(10)
	if got := download(be, b); !slices.Equal(got, make([]float32, 10)) {
		t.Errorf("a new buffer holds %v, want zeros", got)
	}
	be.Write(b.Slice(3, 7), []float32{1, 2, 3, 4})
	be.Fill(b.Slice(4, 7).Slice(1, 2), 9)
	be.Copy(b.Slice(0, 2), b.Slice(5, 7))
	want := []float32{9, 4, 0, 1, 2, 9, 4, 0, 0, 0}
	if got := download(be, b); !slices.Equal(got, want) || b.Len() != 10 || b.Slice(3, 7).Len() != 4 {
		t.Errorf("buffer of slices holds %v, want %v", got, want)
	}
	long := random(rand.New(rand.NewPCG(13, 14)), 100_003)
	if got := download(be, upload(be, long)); !slices.Equal(got, long) {
		t.Error("what is read is not what was written")
	}
}

// Vectors tests the arithmetic on vectors, of slices that begin anywhere.
func Vectors(t *testing.T, be device.Backend) {
	const lr, momentum, decay, a = 0.1, 0.9, 0.01, -1.5
	r := rand.New(rand.NewPCG(15, 16))
	for _, n := range []int{1, 3, 64, 1000, 75_290} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			x, y, z := random(r, n), random(r, n), random(r, n)
			place := func(v []float32) device.Buffer {
				at := r.IntN(5)
				whole := append(make([]float32, at), v...)
				return upload(be, append(whole, 7)).Slice(at, at+n)
			}
			bx, by, bz := place(x), place(y), place(z)
			want := make([]float64, n)

			var dot, size, squares float64
			for i := range x {
				dot += float64(x[i]) * float64(y[i])
				size += math.Abs(float64(x[i]) * float64(y[i]))
				squares += float64(x[i]) * float64(x[i])
			}
			if got := be.Dot(bx, by); math.Abs(got-dot) > 1e-13*size {
				t.Errorf("dot product %.17g, want %.17g", got, dot)
			}
			if got := be.Dot(bx, by); got != be.Dot(bx, by) {
				t.Error("the dot product is not the same twice")
			}
			be.Scale(bx, 1e30)
			if got, want := be.Dot(bx, bx), 1e60*squares; math.Abs(got-want) > 1e-6*want {
				t.Errorf("squares of large numbers add up to %g, want %g", got, want)
			}
			be.Write(bx, x)
			be.Axpy(by, a, bx)
			for i := range want {
				want[i] = float64(y[i]) + a*float64(x[i])
			}
			near(t, "axpy", download(be, by), want, 1e-6)
			be.Write(by, y)
			be.Scale(by, a)
			for i := range want {
				want[i] = a * float64(y[i])
			}
			near(t, "scale", download(be, by), want, 1e-6)

			be.Write(by, y)
			be.SGD(bx, by, bz, lr, momentum, decay)
			velocity := make([]float64, n)
			for i := range want {
				velocity[i] = momentum*float64(y[i]) + float64(z[i]) + decay*float64(x[i])
				want[i] = float64(x[i]) - lr*velocity[i]
			}
			near(t, "velocity", download(be, by), velocity, 1e-6)
			near(t, "parameters", download(be, bx), want, 1e-6)
			if !slices.Equal(download(be, bz), z) {
				t.Error("SGD changes the gradient")
			}
		})
	}
}

// Multiply tests products of the first images of a batch.
func Multiply(t *testing.T, be device.Backend) {
	const width, batch, n = 10, 9, 7
	r := rand.New(rand.NewPCG(17, 18))
	x, by := random(r, batch*width), random(r, batch*width)
	bx := upload(be, x)
	be.Run(n, device.Stage{be.Multiply(bx, upload(be, by), width)})
	want := float64s(x)
	for i := range n * width {
		want[i] *= float64(by[i])
	}
	near(t, "products", download(be, bx), want, 1e-6)
}
