package cpu

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

// frequencies lists which frequency the stored values belong to.
var frequencies = []int{0, 16, 1, 1, 1, 15, 15, 15, 2, 2, 2, 14, 14, 14, 3, 3, 3, 13, 13, 13, 4, 4, 4, 12, 12, 12,
	5, 5, 5, 11, 11, 11, 6, 6, 6, 10, 10, 10, 7, 7, 7, 9, 9, 9, 8, 8, 8}

// root is e^{2πin/32}.
func root(n int) complex128 { return cmplx.Rect(1, 2*math.Pi*float64(n%32)/32) }

func TestFourierInput(t *testing.T) {
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		for _, c := range []int{16, 48, 128} {
			for _, count := range []int{1, 3, 40} {
				a := arena{t: t, rng: rng}
				f := Fourier{C: c, Count: count, Row: c + a.between(0, 40), Stride: count*c + a.between(0, 40)}
				f.Image = a.random((24*(count-1)+31)*f.Row + c)
				f.Freq = a.random(46*f.Stride + count*c)
				image, freq := clone(f.Image), clone(f.Freq)
				set.FourierInput(&f)
				a.check()
				if i, ok := sameBits(image, f.Image); !ok {
					t.Fatalf("C=%d Count=%d: the source changed at %d", c, count, i)
				}
				for w := range count {
					for ch := range c {
						for i, k := range frequencies {
							var want sum
							for p := range 32 {
								e, x := root(k*p), float64(image[(24*w+p)*f.Row+ch])
								want.add([]float64{real(e), imag(e), real(e) + imag(e)}[max(i-2, 0)%3] * x)
							}
							at := i*f.Stride + w*c + ch
							if got := f.Freq[at]; !want.near(got) {
								t.Fatalf("C=%d Count=%d window %d channel %d: value %d is %v, want %v", c, count, w, ch, i, got, want.value)
							}
							freq[at] = f.Freq[at]
						}
					}
				}
				if i, ok := sameBits(freq, f.Freq); !ok {
					t.Fatalf("C=%d Count=%d: wrote between the windows at %d", c, count, i)
				}
			}
		}
	})
}

func TestFourierOutput(t *testing.T) {
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		for _, c := range []int{16, 48, 128} {
			for _, count := range []int{1, 3, 40} {
				a := arena{t: t, rng: rng}
				f := Fourier{C: c, Count: count, Row: c + a.between(0, 40), Stride: count*c + a.between(0, 40)}
				f.Image = a.random((24*count-1)*f.Row + c)
				f.Freq = a.random(46*f.Stride + count*c)
				image, freq := clone(f.Image), clone(f.Freq)
				set.FourierOutput(&f)
				a.check()
				if i, ok := sameBits(freq, f.Freq); !ok {
					t.Fatalf("C=%d Count=%d: the source changed at %d", c, count, i)
				}
				for w := range count {
					for ch := range c {
						for p := range 24 {
							var want sum
							for i, k := range frequencies {
								v := float64(freq[i*f.Stride+w*c+ch])
								e := root(k * p)
								switch {
								case i < 2:
									want.add(real(e) * v)
								case i%3 == 2: // Re + Re·e, − from Im
									want.add(2 * (real(e) - imag(e)) * v)
								case i%3 == 0:
									want.add(-2 * (real(e) + imag(e)) * v)
								default:
									want.add(2 * imag(e) * v)
								}
							}
							at := (24*w+p)*f.Row + ch
							if got := f.Image[at]; !want.near(got) {
								t.Fatalf("C=%d Count=%d window %d channel %d position %d: %v, want %v", c, count, w, ch, p, got, want.value)
							}
							image[at] = f.Image[at]
						}
					}
				}
				if i, ok := sameBits(image, f.Image); !ok {
					t.Fatalf("C=%d Count=%d: wrote between the positions at %d", c, count, i)
				}
			}
		}
	})
}

// A convolution by transforms and products agrees with the direct sums.
func TestFourierConvolution(t *testing.T) {
	const in, out, windows = 48, 32, 3
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		a := arena{t: t, rng: rng}
		x := a.random((24*windows + 8) * in)
		w := a.random(9 * in * out)
		reversed := a.zeros(32 * in * out)
		for k := range 9 {
			copy(reversed[(32-k)%32*in*out:], w[k*in*out:(k+1)*in*out])
		}
		y, v, m := a.zeros(24*windows*out), a.zeros(47*windows*in), a.zeros(47*windows*out)
		u := a.zeros(47 * in * out)
		set.FourierInput(&Fourier{Image: reversed, Freq: u, C: in * out, Row: in * out, Stride: in * out, Count: 1})
		set.FourierInput(&Fourier{Image: x, Freq: v, C: in, Row: in, Stride: windows * in, Count: windows})
		set.Gemm(&Gemm{A: v, B: u, C: m, M: windows, N: out, K: in, LdA: in, LdB: out, LdC: out, Segments: 1,
			Batch: 47, BatchA: windows * in, BatchB: in * out, BatchC: windows * out})
		set.FourierOutput(&Fourier{Image: y, Freq: m, C: out, Row: out, Stride: windows * out, Count: windows})
		a.check()
		for i, got := range y {
			var want float64
			for k := range 9 * in {
				want += float64(x[i/out*in+k]) * float64(w[k*out+i%out])
			}
			if math.Abs(float64(got)/32-want) > 3e-6*math.Sqrt(9*in) {
				t.Fatalf("output %d: %v, want %v", i, got/32, want)
			}
		}
	})
}
