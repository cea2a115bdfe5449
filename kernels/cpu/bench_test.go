package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// A load is one kernel call with its work: multiply-adds or bytes moved.
type load struct {
	name  string
	fma   int // multiply-adds
	bytes int
	run   func(*Set)
}

// filled returns n random values: pages that were never written would all
// share one page of zeros.
func filled(n int) []float32 {
	rng := rand.New(rand.NewPCG(3, 4))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(rng.NormFloat64())
	}
	return v
}

// winogradGemm is the product of a block of tiles with C channels.
func winogradGemm(c int, accumulate bool) load {
	stride := Tile*c + 16
	g := Gemm{A: filled(36 * stride), B: filled(36 * c * c), C: filled(36 * stride), M: Tile, N: c, K: c,
		LdA: c, LdB: c, LdC: c, Segments: 1, Batch: 36, BatchA: stride, BatchB: c * c, BatchC: stride, Accumulate: accumulate}
	name := fmt.Sprintf("Gemm/winograd/C=%d", c)
	if accumulate {
		name += "/accumulate"
	}
	return load{name: name, fma: 36 * Tile * c * c, run: func(s *Set) { s.Gemm(&g) }}
}

// prefetchGemm streams input and output through the caches beside a product.
func prefetchGemm(c int) load {
	stride := Tile*c + 16
	block := Tile * 16 * c
	stream := filled(64 * block)
	g := Gemm{A: filled(36 * stride), B: filled(36 * c * c), C: filled(36 * stride), M: Tile, N: c, K: c,
		LdA: c, LdB: c, LdC: c, Segments: 1, Batch: 36, BatchA: stride, BatchB: c * c, BatchC: stride}
	at := 0
	return load{name: fmt.Sprintf("Gemm/prefetch/C=%d", c), fma: 36 * Tile * c * c, run: func(s *Set) {
		g.Prefetch1, g.Prefetch2 = stream[at:at+block], stream[at+block:at+2*block]
		at = (at + 2*block) % len(stream)
		s.Gemm(&g)
	}}
}

// directGemm is a row of output pixels of a convolution with 3×3 filters.
func directGemm(in, step, out, m int) load {
	k, row := 3*in, (m*step+2)*in
	g := Gemm{A: filled(3 * row), B: filled(3 * k * out), C: filled(m * out), M: m, N: out, K: k,
		LdA: step * in, LdB: out, LdC: out, Segments: 3, SegA: row, Batch: 1}
	return load{name: fmt.Sprintf("Gemm/direct/%d-%d/M=%d", in, out, m), fma: m * out * 3 * k, run: func(s *Set) { s.Gemm(&g) }}
}

// imageGemm is a first layer, 3 to 16 channels, on a whole image: one product
// of the batch is a row of pixels.
func imageGemm() load {
	const in, out, w = 3, 16, 32
	const row = (w + 2) * in
	g := Gemm{A: filled((w + 2) * row), B: filled(9 * in * out), C: filled(w * w * out), M: w, N: out, K: 3 * in,
		LdA: in, LdB: out, LdC: out, Segments: 3, SegA: row, Batch: w, BatchA: row, BatchC: w * out}
	return load{name: "Gemm/direct/3-16/image", fma: w * w * out * 9 * in, run: func(s *Set) { s.Gemm(&g) }}
}

func lineGemm(m int) load {
	const c, out, k = 128, 64, 9 * 128
	g := Gemm{A: filled((m + 8) * c), B: filled(k * out), C: filled(m * out), M: m, N: out, K: k,
		LdA: c, LdB: out, LdC: out, Segments: 1, Batch: 1}
	return load{name: fmt.Sprintf("Gemm/conv1d/M=%d", m), fma: m * out * k, run: func(s *Set) { s.Gemm(&g) }}
}

func winogradGemmT(c int) load {
	stride := Tile*c + 16
	g := GemmT{A: filled(36 * stride), B: filled(36 * stride), C: filled(36 * c * c), M: c, N: c, K: Tile,
		LdA: c, LdB: c, LdC: c, Segments: 1, Batch: 36, BatchA: stride, BatchB: stride, BatchC: c * c}
	return load{name: fmt.Sprintf("GemmT/winograd/C=%d", c), fma: 36 * Tile * c * c, run: func(s *Set) { s.GemmT(&g) }}
}

// rowsGemmT is the gradient of m rows of weights over an image of w×w pixels.
func rowsGemmT(m, lda, w, out int) load {
	row := w*lda + m
	g := GemmT{A: filled(w * row), B: filled(w * w * out), C: filled(m * out), M: m, N: out, K: w,
		LdA: lda, LdB: out, LdC: out, Segments: w, SegA: row, SegB: w * out, Batch: 1}
	return load{name: fmt.Sprintf("GemmT/rows/M=%d/N=%d", m, out), fma: m * out * w * w, run: func(s *Set) { s.GemmT(&g) }}
}

// transforms are those of a block of tiles: bytes read and written.
func transforms(c int) []load {
	count := min(8, 128/c)
	row, stride := 4*count*c, Tile*c+16
	w := Winograd{Image: filled(4 * row), Above: filled(row), Below: filled(row), Freq: filled(36 * stride), C: c, Row: row, Stride: stride, Count: count}
	name := func(s string) string { return fmt.Sprintf("Winograd%s/C=%d", s, c) }
	moved := func(pixels int) int { return 4 * c * count * (pixels + 36) }
	return []load{
		{name: name("Input"), bytes: moved(36), run: func(s *Set) { s.WinogradInput(&w) }},
		{name: name("Output"), bytes: moved(16), run: func(s *Set) { s.WinogradOutput(&w) }},
		{name: name("Grad"), bytes: moved(16), run: func(s *Set) { s.WinogradGrad(&w) }},
	}
}

// stride2Gemm are the products of 16 tiles of a convolution with stride 2.
func stride2Gemm(in, out int) load {
	a, b, c := filled(Tile*Stride2Values*in), filled(Stride2Values*in*out), filled(Tile*Stride2Products*out)
	return load{name: fmt.Sprintf("Gemm/stride2/%d-%d", in, out), fma: Tile * Stride2Values * in * out, run: func(s *Set) {
		for _, sum := range Stride2Sums {
			s.Gemm(&Gemm{A: a[sum.Value*in:], B: b[sum.Value*in*out:], C: c[sum.Product*out:], M: Tile, N: out, K: sum.Slots * in,
				LdA: Stride2Values * in, LdB: out, LdC: Stride2Products * out, Segments: 1,
				Batch: sum.Count, BatchA: sum.Slots * in, BatchB: sum.Slots * in * out, BatchC: out})
		}
	}}
}

// stride2Transforms are those of a row of tiles with 16 or 32 input channels:
// bytes read and written.
func stride2Transforms(in int) []load {
	const values = Stride2Values
	count, out := 64/in, 2*in
	row := 8 * count * in
	x := Stride2{Image: filled(8 * row), Above: filled(row), Freq: filled(count * values * in), C: in, Row: row, Count: count}
	y := Stride2{Image: filled(16 * count * out), Freq: filled(count * Stride2Products * out), C: out, Row: 4 * count * out, Count: count}
	name := func(s string, c int) string { return fmt.Sprintf("Stride2%s/C=%d", s, c) }
	return []load{
		{name: name("Input", in), bytes: 4 * in * count * (81 + values), run: func(s *Set) { s.Stride2Input(&x) }},
		{name: name("Output", out), bytes: 4 * out * count * (16 + Stride2Products), run: func(s *Set) { s.Stride2Output(&y) }},
	}
}

// stride2GradGemms are the products of 16 tiles for the gradients of a
// convolution with stride 2, without those of values as they are.
func stride2GradGemms(in, out int) []load {
	strideIn, strideOut := Tile*in+16, Tile*out+16
	x, g := filled(Stride2GradValues*strideIn), filled(Stride2GradValues*strideOut)
	u := filled(Stride2Factors * in * out)
	fma := Tile * Stride2GradValues * in * out
	return []load{
		{name: fmt.Sprintf("Gemm/stride2grad/%d-%d", out, in), fma: fma, run: func(s *Set) {
			for _, p := range Stride2Grads {
				s.Gemm(&Gemm{A: g[p.Value*strideOut:], B: u[p.Factor*in*out:], C: x[p.Value*strideIn:], M: p.Positions * Tile, N: in, K: out,
					LdA: out, LdB: in, LdC: in, Segments: 1,
					Batch: p.Count, BatchA: p.Positions * strideOut, BatchB: in * out, BatchC: p.Positions * strideIn})
			}
		}},
		{name: fmt.Sprintf("GemmT/stride2grad/%d-%d", in, out), fma: fma, run: func(s *Set) {
			for _, p := range Stride2Grads {
				s.GemmT(&GemmT{A: x[p.Value*strideIn:], B: g[p.Value*strideOut:], C: u[p.Factor*in*out:], M: in, N: out, K: p.Positions * Tile,
					LdA: in, LdB: out, LdC: out, Segments: 1,
					Batch: p.Count, BatchA: p.Positions * strideIn, BatchB: p.Positions * strideOut, BatchC: in * out})
			}
		}},
	}
}

// stride2GradTransforms are those of a row of tiles with 16 or 32 input
// channels: bytes read and written.
func stride2GradTransforms(in int) []load {
	const values = Stride2GradValues
	count, out := 64/in, 2*in
	x := Stride2Grad{Image: filled(64 * count * in), Freq: filled(values * (Tile*in + 16)), C: in, Row: 8 * count * in, Stride: Tile*in + 16, Count: count}
	g := Stride2Grad{Image: filled(16 * count * out), Freq: filled(values * (Tile*out + 16)), C: out, Row: 4 * count * out, Stride: Tile*out + 16, Count: count,
		Below: filled(4 * count * out)}
	name := func(s string, c int) string { return fmt.Sprintf("Stride2%s/C=%d", s, c) }
	moved := func(c, pixels int) int { return 4 * c * count * (pixels + values) }
	return []load{
		{name: name("OutputGrad", out), bytes: moved(out, 25), run: func(s *Set) { s.Stride2OutputGrad(&g) }},
		{name: name("InputGrad", in), bytes: moved(in, 48), run: func(s *Set) { s.Stride2InputGrad(&x) }},
		{name: name("InputTile", in), bytes: moved(in, 48), run: func(s *Set) { s.Stride2InputTile(&x) }},
	}
}

// fourierTransforms are those of 44 windows: bytes read and written.
func fourierTransforms(c int) []load {
	const count = 44
	f := Fourier{Image: filled((count*FourierStep + FourierTaps - 1) * c), C: c, Row: c, Count: count, Stride: count*c + 16}
	f.Freq = filled(FourierProducts * f.Stride)
	name := func(s string) string { return fmt.Sprintf("Fourier%s/C=%d", s, c) }
	moved := func(positions int) int { return 4 * c * count * (positions + FourierProducts) }
	return []load{
		{name: name("Input"), bytes: moved(FourierWindow), run: func(s *Set) { s.FourierInput(&f) }},
		{name: name("Output"), bytes: moved(FourierStep), run: func(s *Set) { s.FourierOutput(&f) }},
	}
}

// fourierGemm is the product of a layer of a stack of convolutions, 44 windows.
func fourierGemm(in, out int) load {
	const count = 44
	strideIn, strideOut := count*in+16, count*out+16
	g := Gemm{A: filled(FourierProducts * strideIn), B: filled(FourierProducts * in * out), C: filled(FourierProducts * strideOut),
		M: count, N: out, K: in, LdA: in, LdB: out, LdC: out, Segments: 1,
		Batch: FourierProducts, BatchA: strideIn, BatchB: in * out, BatchC: strideOut}
	return load{name: fmt.Sprintf("Gemm/fourier/%d-%d", in, out), fma: FourierProducts * count * in * out, run: func(s *Set) { s.Gemm(&g) }}
}

// vectors are passes over flat vectors: bytes read and written.
func vectors(n int) []load {
	dot := Dot{X: filled(n), Y: filled(n), Out: make([]float64, DotSums)}
	sgd := SGD{P: filled(n), V: filled(n), G: filled(n), LR: 1e-6, Momentum: 0.9}
	return []load{
		{name: fmt.Sprintf("Dot/n=%d", n), bytes: 8 * n, run: func(s *Set) { s.Dot(&dot) }},
		{name: fmt.Sprintf("SGD/n=%d", n), bytes: 20 * n, run: func(s *Set) { s.SGD(&sgd) }},
	}
}

func filters(c int) []load {
	f := Filter{Taps: filled(9 * c * c), Freq: filled(36 * c * c), Len: c * c}
	bytes := 4 * 45 * c * c
	return []load{
		{name: fmt.Sprintf("WinogradFilter/C=%d", c), bytes: bytes, run: func(s *Set) { s.WinogradFilter(&f) }},
		{name: fmt.Sprintf("WinogradFilterGrad/C=%d", c), bytes: bytes, run: func(s *Set) { s.WinogradFilterGrad(&f) }},
	}
}

// combineLoad works on 16384 floats an array, an image of the ResNets at C=16.
func combineLoad(c, sources int, post Post, name string) load {
	const n = 16384
	v := Combine{Dst: filled(n), Sources: sources, Coef: filled((sources + 1) * c), Post: post, C: c,
		Rows: 16, Width: n / c / 16, DstRow: n / 16, SrcRow: [4]int{n / 16, n / 16, n / 16, n / 16}, MaskRow: n / 16}
	for i := range sources {
		v.Src[i] = filled(n)
	}
	arrays := sources + 1
	if post == Mask {
		v.MaskSrc, v.MaskCoef = filled(n), filled(2*c)
		arrays++
	}
	return load{name: fmt.Sprintf("Combine/%s/sources=%d/C=%d", name, sources, c), bytes: 4 * n * arrays, run: func(s *Set) { s.Combine(&v) }}
}

func sumsLoad(c, pairs int) load {
	const n = 16384
	v := Sums{A: filled(n), B: filled(n), Out: make([]float64, 2*c), C: c, Pixels: n / c}
	if pairs == 2 {
		v.A2, v.B2 = filled(n), filled(n)
	}
	return load{name: fmt.Sprintf("Sums/pairs=%d/C=%d", pairs, c), bytes: 4 * n * 2 * pairs, run: func(s *Set) { s.Sums(&v) }}
}

// BenchmarkKernels runs every set on the shapes that the networks use, from
// the second-level cache, and reports GFLOP/s or GB/s.
func BenchmarkKernels(b *testing.B) {
	var loads []load
	for _, c := range []int{16, 32, 64} {
		loads = append(loads, winogradGemm(c, false), winogradGemm(c, true), prefetchGemm(c))
	}
	for _, m := range []int{8, 16, 32} {
		loads = append(loads, directGemm(16, 2, 32, m), directGemm(32, 2, 64, m), directGemm(3, 1, 16, m))
	}
	loads = append(loads, imageGemm(), lineGemm(500))
	for _, c := range []int{16, 32, 64} {
		loads = append(loads, winogradGemmT(c))
	}
	loads = append(loads, rowsGemmT(9, 3, 32, 16), rowsGemmT(27, 27, 32, 16), rowsGemmT(48, 32, 16, 32), rowsGemmT(96, 64, 8, 64))
	for _, c := range []int{16, 32, 64} {
		loads = append(loads, transforms(c)...)
	}
	for _, c := range []int{16, 32} {
		loads = append(loads, stride2Gemm(c, 2*c))
		loads = append(loads, stride2Transforms(c)...)
		loads = append(loads, stride2GradGemms(c, 2*c)...)
		loads = append(loads, stride2GradTransforms(c)...)
	}
	for _, c := range []int{32, 64, 128} {
		loads = append(loads, fourierTransforms(c)...)
	}
	loads = append(loads, fourierGemm(128, 64), fourierGemm(64, 128), fourierGemm(64, 32), fourierGemm(32, 64))
	for _, c := range []int{16, 64} {
		loads = append(loads, filters(c)...)
	}
	loads = append(loads, vectors(272474)...)
	for _, c := range []int{16, 32, 64} {
		loads = append(loads, combineLoad(c, 1, ReLU, "relu"), combineLoad(c, 2, Plain, "plain"), combineLoad(c, 2, Mask, "mask"), combineLoad(c, 4, Plain, "plain"))
		loads = append(loads, sumsLoad(c, 1), sumsLoad(c, 2))
	}
	for _, l := range loads {
		for _, set := range Sets() {
			b.Run(l.name+"/"+set.Name, func(b *testing.B) {
				for b.Loop() {
					l.run(set)
				}
				seconds := b.Elapsed().Seconds() / float64(b.N)
				if l.fma > 0 {
					b.ReportMetric(2*float64(l.fma)/seconds/1e9, "GFLOP/s")
				} else {
					b.ReportMetric(float64(l.bytes)/seconds/1e9, "GB/s")
				}
			})
		}
	}
}
