package cpu

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func TestSelfTest(t *testing.T) {
	for _, s := range Sets() {
		if err := s.SelfTest(); err != nil {
			t.Error(err)
		}
	}
}

// The self-test has every kernel, and finds each of them wrong by a little in
// one place.
func TestSelfTestFindsEveryKernel(t *testing.T) {
	kind := reflect.TypeFor[Set]()
	for i := range kind.NumField() {
		if kind.Field(i).Type.Kind() != reflect.Func {
			continue
		}
		name := kind.Field(i).Name
		broken := generic
		whole := reflect.ValueOf(&generic).Elem().Field(i)
		reflect.ValueOf(&broken).Elem().Field(i).Set(reflect.MakeFunc(whole.Type(), func(args []reflect.Value) []reflect.Value {
			out := whole.Call(args)
			spoil(args[0].Elem())
			return out
		}))
		if err := broken.SelfTest(); err == nil || !strings.Contains(err.Error(), name+" fails its test") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// spoil changes the last element of what a kernel wrote.
func spoil(args reflect.Value) {
	for _, field := range []string{"C", "Dst", "Out", "Freq", "Image", "Taps", "P"} {
		v := args.FieldByName(field)
		if !v.IsValid() || v.Kind() != reflect.Slice {
			continue
		}
		last := v.Index(v.Len() - 1)
		last.SetFloat(last.Float()*(1+1e-3) + 1e-2)
	}
}

// Numbers below the normal ones, infinities and NaN go through products,
// combinations and sums as plain Go has them.
func TestSpecialValues(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, value := range []float32{1e-40, -1e-44, math.MaxFloat32, inf, -inf, nan} {
		forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
			run := func(s *Set) (all []float32) {
				g := Gemm{A: pattern(13*20, 1), B: pattern(20*48, 2), C: make([]float32, 13*48), M: 13, N: 48, K: 20, LdA: 20, LdB: 48, LdC: 48, Segments: 1, Batch: 1}
				if g.A[3*20+5] = 2 * value; math.Abs(float64(value)) > 1 {
					g.A[3*20+5] = value
				}
				s.Gemm(&g)
				c := Combine{Dst: make([]float32, 48), Sources: 1, Coef: make([]float32, 2*48), Post: ReLU, C: 48, Rows: 1, Width: 1, DstRow: 48, SrcRow: [4]int{48, 48, 48, 48}, MaskRow: 48}
				c.Src[0] = pattern(48, 3)
				c.Src[0][17], c.Src[0][18] = value, -value
				for i := range 48 {
					c.Coef[48+i] = 1.5
				}
				s.Combine(&c)
				v := Sums{A: pattern(9*48, 4), B: pattern(9*48, 5), Out: make([]float64, 96), C: 48, Pixels: 9}
				v.A[100] = value
				s.Sums(&v)
				all = append(append(all, g.C...), c.Dst...)
				for _, x := range v.Out {
					all = append(all, float32(x))
				}
				return all
			}
			got, want := run(set), run(&generic)
			for i := range want {
				same := got[i] == want[i] || got[i] != got[i] && want[i] != want[i]
				if near := math.Abs(float64(got[i])-float64(want[i])) <= 1e-6*math.Abs(float64(want[i])); !same && !near {
					t.Fatalf("%g: element %d is %g, want %g", value, i, got[i], want[i])
				}
			}
		})
	}
}

func BenchmarkSelfTest(b *testing.B) {
	for b.Loop() {
		if err := Best().SelfTest(); err != nil {
			b.Fatal(err)
		}
	}
}
