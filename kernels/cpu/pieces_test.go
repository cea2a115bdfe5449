package cpu

import (
	"math/rand/v2"
	"testing"
)

// Passes that are too long for one call into assembly have the bits of short
// ones.
func TestLongPassesSplitExactly(t *testing.T) {
	forEachSet(t, func(t *testing.T, set *Set, rng *rand.Rand) {
		for _, shape := range []struct{ rows, width, c int }{{1, 5000, 16}, {70, 33, 32}, {3, 700, 64}} {
			a := arena{t: t, rng: rng}
			row := shape.width * shape.c
			c := Combine{Src: [4][]float32{a.random(shape.rows * row), a.random(shape.rows * row)}, Sources: 2,
				Coef: a.random(3 * shape.c), Post: Mask, MaskSrc: a.random(shape.rows * row), MaskCoef: a.random(2 * shape.c),
				C: shape.c, Rows: shape.rows, Width: shape.width, SrcRow: [4]int{row, row, row, row}, MaskRow: row, DstRow: row + 16}
			c.Dst = a.zeros(shape.rows*c.DstRow - 16)
			set.Combine(&c)
			a.check()
			for p := 0; p < shape.rows*shape.width; p += 7 {
				dst, src := p/shape.width*c.DstRow+p%shape.width*shape.c, p*shape.c
				one := c
				one.Rows, one.Width = 1, 1
				one.Src = [4][]float32{c.Src[0][src:], c.Src[1][src:]}
				one.MaskSrc, one.Dst = c.MaskSrc[src:], make([]float32, shape.c)
				set.Combine(&one)
				if i, ok := sameBits(one.Dst, c.Dst[dst:]); !ok {
					t.Fatalf("Combine %v: pixel %d channel %d is %v alone, %v together", shape, p, i, one.Dst[i], c.Dst[dst+i])
				}
			}
		}
		for _, shape := range []struct{ count, c int }{{300, 16}, {70, 128}} {
			a := arena{t: t, rng: rng}
			row, stride := 4*shape.count*shape.c, shape.count*shape.c+16
			w := Winograd{Image: a.random(4 * row), Above: a.random(row), Freq: a.zeros(36*stride - 16), C: shape.c, Row: row, Stride: stride, Count: shape.count}
			set.WinogradInput(&w)
			a.check()
			for tile := 1; tile < shape.count-1; tile += 3 {
				// Alone it is the middle one of three.
				three, from := w, 4*(tile-1)*shape.c
				three.Count, three.Image, three.Above = 3, w.Image[from:], w.Above[from:]
				three.Freq = make([]float32, 35*stride+3*shape.c)
				set.WinogradInput(&three)
				for f := range 36 {
					if i, ok := sameBits(three.Freq[f*stride+shape.c:][:shape.c], w.Freq[f*stride+tile*shape.c:]); !ok {
						t.Fatalf("WinogradInput %v: tile %d frequency %d channel %d differs alone", shape, tile, f, i)
					}
				}
			}
		}
		for _, shape := range []struct{ count, c int }{{300, 16}, {70, 128}} {
			a := arena{t: t, rng: rng}
			row, stride := 8*shape.count*shape.c, shape.count*shape.c+16
			inputs := Stride2Grad{Image: a.random(8 * row), Freq: a.zeros(Stride2GradValues * stride), C: shape.c, Row: row, Stride: stride, Count: shape.count}
			outputs := inputs
			outputs.Freq, outputs.Row, outputs.Below = a.zeros(Stride2GradValues*stride), row/2, inputs.Image[2*row:]
			set.Stride2InputTile(&inputs)
			set.Stride2OutputGrad(&outputs)
			a.check()
			for tile := 0; tile < shape.count-1; tile += 3 {
				one, two := inputs, outputs
				one.Image, one.First, one.Count, one.Freq = inputs.Image[8*tile*shape.c:], tile, 1, make([]float32, len(inputs.Freq))
				// The tile on its right is read.
				two.Image, two.Below, two.First, two.Count, two.Freq = outputs.Image[4*tile*shape.c:], outputs.Below[4*tile*shape.c:], tile, 2, make([]float32, len(outputs.Freq))
				set.Stride2InputTile(&one)
				set.Stride2OutputGrad(&two)
				for k := range 9 * 9 {
					at := one.valueAt(0, k/9, k%9, 0)
					if at == nowhere {
						continue
					}
					if i, ok := sameBits(one.Freq[at:][:shape.c], inputs.Freq[at:]); !ok {
						t.Fatalf("Stride2InputTile %v: tile %d value %d channel %d differs alone", shape, tile, k, i)
					}
					if i, ok := sameBits(two.Freq[at:][:shape.c], outputs.Freq[at:]); !ok {
						t.Fatalf("Stride2OutputGrad %v: tile %d value %d channel %d differs alone", shape, tile, k, i)
					}
				}
			}
			image := clone(inputs.Image)
			set.Stride2InputGrad(&inputs)
			for tile := 0; tile < shape.count; tile += 3 {
				one := inputs
				one.Image, one.First, one.Count = image[8*tile*shape.c:], tile, 1
				set.Stride2InputGrad(&one)
				for y := range 8 {
					if i, ok := sameBits(one.Image[y*row:][:8*shape.c], inputs.Image[y*row+8*tile*shape.c:]); !ok {
						t.Fatalf("Stride2InputGrad %v: tile %d row %d value %d differs alone", shape, tile, y, i)
					}
				}
			}
		}
	})
}

// Kernels work without allocating.
func TestNoAllocation(t *testing.T) {
	buffer := make([]float32, 1<<15)
	gemm := Gemm{A: buffer, B: buffer, C: make([]float32, 1<<13), M: 27, N: 48, K: 33, LdA: 33, LdB: 48, LdC: 48,
		Segments: 1, Batch: 2, BatchC: 1 << 12, Prefetch1: buffer}
	gemmT := GemmT{A: buffer, B: buffer, C: make([]float32, 1<<13), M: 27, N: 48, K: 33, LdA: 33, LdB: 48, LdC: 48,
		Segments: 1, Batch: 2, BatchC: 1 << 12, Prefetch2: buffer}
	winograd := Winograd{Image: buffer, Freq: make([]float32, 36*80), C: 16, Row: 18 * 16, Stride: 80, Count: 4}
	filter := Filter{Taps: buffer, Freq: make([]float32, 36*256), Len: 256}
	stride2 := Stride2{Image: buffer, Freq: make([]float32, 2*Stride2Values*16), C: 16, Row: 17 * 16, Count: 2}
	factors := Filter{Taps: buffer, Freq: make([]float32, Stride2Values*256), Len: 256}
	gradient := Stride2Grad{Image: make([]float32, 1<<12), Freq: make([]float32, Stride2GradValues*32), C: 16, Row: 17 * 16, Stride: 32, Count: 2, Below: buffer}
	accumulators := Filter{Taps: make([]float32, 9*256), Freq: buffer, Len: 256}
	combine := Combine{Dst: make([]float32, 1<<14), Src: [4][]float32{buffer}, Sources: 1, Coef: buffer, C: 32, Rows: 4, Width: 9, DstRow: 288, SrcRow: [4]int{288}}
	sums := Sums{A: buffer, B: buffer, Out: make([]float64, 96), C: 48, Pixels: 500}
	dot := Dot{X: buffer, Y: buffer, Out: make([]float64, DotSums)}
	sgd := SGD{P: make([]float32, 1<<15), V: make([]float32, 1<<15), G: buffer}
	for _, set := range Sets() {
		allocs := testing.AllocsPerRun(5, func() {
			set.Gemm(&gemm)
			set.GemmT(&gemmT)
			set.WinogradInput(&winograd)
			set.Stride2Input(&stride2)
			set.Stride2Output(&stride2)
			set.Stride2Filter(&factors)
			set.Stride2OutputGrad(&gradient)
			set.Stride2InputTile(&gradient)
			set.Stride2InputGrad(&gradient)
			set.Stride2FilterGrad(&accumulators)
			set.WinogradOutput(&winograd)
			set.WinogradGrad(&winograd)
			set.WinogradFilter(&filter)
			set.WinogradFilterGrad(&filter)
			set.Combine(&combine)
			set.Sums(&sums)
			set.Dot(&dot)
			set.SGD(&sgd)
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations", set.Name, allocs)
		}
	}
}
