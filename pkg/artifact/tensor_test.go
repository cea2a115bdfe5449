package artifact

import (
	"math"
	"slices"
	"testing"
)

func TestConversions(t *testing.T) {
	f32 := Float32("a", []int{3}, []float32{1, -0.1, float32(math.Inf(1))})
	if v, err := f32.Float32s(); err != nil || !slices.Equal(v, []float32{1, -0.1, float32(math.Inf(1))}) {
		t.Error(v, err)
	}
	if v, err := f32.Float64s(); err != nil || v[1] != float64(float32(-0.1)) {
		t.Error(v, err)
	}
	f64 := Float64("a", []int{2}, []float64{math.Pi, 1e300})
	if v, err := f64.Float32s(); err != nil || v[0] != float32(math.Pi) || !math.IsInf(float64(v[1]), 1) {
		t.Error(v, err)
	}
	if v, err := f64.Float64s(); err != nil || !slices.Equal(v, []float64{math.Pi, 1e300}) {
		t.Error(v, err)
	}
	i32 := Int32s("a", []int{2}, []int32{math.MinInt32, 7})
	if v, err := i32.Int32s(); err != nil || !slices.Equal(v, []int32{math.MinInt32, 7}) {
		t.Error(v, err)
	}
	if v, err := i32.Int64s(); err != nil || !slices.Equal(v, []int64{math.MinInt32, 7}) {
		t.Error(v, err)
	}
	i64 := Int64s("a", []int{1}, []int64{math.MinInt64})
	if v, err := i64.Int64s(); err != nil || v[0] != math.MinInt64 {
		t.Error(v, err)
	}
	for _, err := range []error{
		second(i64.Float32s()), second(i64.Int32s()), second(f32.Int64s()), second(f32.Uint8s()),
		second(Tensor{"a", F32, []int{2}, make([]byte, 4)}.Float32s()),
		second(Tensor{"a", F32, []int{-1}, nil}.Float32s()),
	} {
		checkFormatError(t, err, "", `tensor "a": `)
	}
}

func second[T any](_ T, err error) error { return err }

// Every finite binary16 is sign × significand × 2^exponent.
func TestFloat16(t *testing.T) {
	for h := range 1 << 16 {
		got := float64(float16(uint16(h)))
		exp, frac := h>>10&0x1f, float64(h&0x3ff)
		var want float64
		switch exp {
		case 0:
			want = math.Ldexp(frac, -24)
		case 0x1f:
			want = math.Inf(1)
			if frac != 0 {
				if !math.IsNaN(got) {
					t.Fatalf("%#x: %g, want NaN", h, got)
				}
				continue
			}
		default:
			want = math.Ldexp(1024+frac, exp-25)
		}
		if h>>15 == 1 {
			want = -want
		}
		if got != want || math.Signbit(got) != math.Signbit(want) {
			t.Fatalf("%#x: %g, want %g", h, got, want)
		}
	}
}
