//go:build amd64 && !noasm

package cpu

import "unsafe"

// maxWork is the number of multiply-adds after which a product in assembly
// returns to Go, about 50 µs: assembly cannot be preempted.
const maxWork = 3 << 20

// prefetchBlock is the number of steps of k, and of prefetches of a stream,
// that a block of the assembly's inner loop has.
const prefetchBlock = 4

// A gemmCall is the argument of a product in assembly: tiles of one height
// in equal blocks of columns of a batch of products. Strides are in bytes.
type gemmCall struct {
	a, b, c, coef        unsafe.Pointer
	prefetch1, prefetch2 unsafe.Pointer
	step1, step2         int // from prefetch to prefetch

	batch, columns, tiles      int // of a product: blocks of columns, of a block: tiles
	height, others             int // rows of the last others tiles; those before have one more
	segments, blocks, rest     int // a segment is a rest and blocks of steps of k
	lda, ldb, ldc              int
	skipA, skipB               int // from the end of a segment to the next
	strideColumn               int
	strideBatchA, strideBatchB int
	strideBatchC               int
	accumulate                 int
	finish                     int // 1: a tile is stored in the last block of k
	activate, coefScale        int // coefScale: from shifts to scales

	// Cursors and counters of the assembly.
	batchA, batchB, batchC          uintptr
	columnA, columnB, columnC       uintptr
	columnCoef                      uintptr
	tileA, tileC                    uintptr
	batchLeft, columnLeft, tileLeft int
}

// A tileShape is a width of tiles in columns and their greatest height.
type tileShape struct{ columns, rows int }

// tileShapes lists the tiles of each isa, the widest first; the last one is
// Lanes wide.
var tileShapes = [...][]tileShape{
	isaAVX512: {{32, 12}, {16, 16}},
	isaAVX2:   {{16, 6}},
}

// A product is a Gemm or a GemmT on its way to the assembly, with strides in
// floats.
type product struct {
	isa                    isa
	transposed             bool
	a, b, c, coef          []float32
	m, n, k, batch         int
	rowA, ldc              int // from row to row
	batchA, batchB, batchC int
}

func gemmNative(s isa, g *Gemm) {
	if g.M == 0 || g.N == 0 {
		return
	}
	p := product{
		isa: s, a: g.A, b: g.B, c: g.C, coef: g.Coef, m: g.M, n: g.N, k: g.K, rowA: g.LdA, ldc: g.LdC,
		batch: g.Batch, batchA: g.BatchA, batchB: g.BatchB, batchC: g.BatchC,
	}
	call := gemmCall{
		segments: g.Segments, lda: 4 * g.LdA, ldb: 4 * g.LdB, skipA: 4 * (g.SegA - g.K),
	}
	if g.Accumulate {
		call.accumulate = 1
	}
	if g.Coef != nil {
		call.activate, call.coefScale = 1, 4*g.N
	}
	p.run(&call, g.Prefetch1, g.Prefetch2)
}

func gemmTNative(s isa, g *GemmT) {
	if g.M == 0 || g.N == 0 || g.K == 0 {
		return
	}
	p := product{
		isa: s, transposed: true, a: g.A, b: g.B, c: g.C, m: g.M, n: g.N, k: g.K, rowA: 1, ldc: g.LdC,
		batch: g.Batch, batchA: g.BatchA, batchB: g.BatchB, batchC: g.BatchC,
	}
	call := gemmCall{
		segments: g.Segments, lda: 4 * g.LdA, ldb: 4 * g.LdB,
		skipA: 4 * (g.SegA - g.K*g.LdA), skipB: 4 * (g.SegB - g.K*g.LdB),
	}
	p.run(&call, g.Prefetch1, g.Prefetch2)
}

// run divides the product into blocks of columns and calls of bounded length.
func (p *product) run(call *gemmCall, prefetch1, prefetch2 []float32) {
	call.blocks, call.rest = p.k/prefetchBlock, p.k%prefetchBlock
	if call.blocks > 0 && call.activate == 0 {
		call.finish = 1
	}
	call.ldc = 4 * p.ldc
	call.strideBatchA, call.strideBatchB, call.strideBatchC = 4*p.batchA, 4*p.batchB, 4*p.batchC

	perTile := call.segments * call.blocks * prefetchBlock // prefetches of a stream
	var stream1, stream2 stream
	if len(prefetch1)+len(prefetch2) > 0 {
		tiles, left := 0, p.n
		for _, t := range tileShapes[p.isa] {
			tiles += left / t.columns * ((p.m + t.rows - 1) / t.rows)
			left %= t.columns
		}
		stream1 = newStream(prefetch1, tiles*p.batch*perTile)
		stream2 = newStream(prefetch2, tiles*p.batch*perTile)
	}

	column := 0
	for _, t := range tileShapes[p.isa] {
		call.columns = (p.n - column) / t.columns
		if call.columns == 0 {
			continue
		}
		call.strideColumn = 4 * t.columns
		if p.coef != nil {
			call.coef = unsafe.Pointer(&p.coef[column])
		}
		work := max(t.columns*call.columns*p.k*call.segments, 1) // of a row
		rowStep, batchStep := p.m, p.batch
		if work*p.m*p.batch > maxWork {
			rowStep = min(max(maxWork/(work*t.rows), 1)*t.rows, p.m)
			batchStep = min(max(maxWork/(work*rowStep), 1), p.batch)
		}
		for b := 0; b < p.batch; b += batchStep {
			call.batch = min(batchStep, p.batch-b)
			for i := 0; i < p.m; i += rowStep {
				rows := min(rowStep, p.m-i)
				call.tiles = (rows + t.rows - 1) / t.rows
				call.height = rows / call.tiles
				call.others = call.tiles - rows%call.tiles
				call.c = unsafe.Pointer(&p.c[b*p.batchC+i*p.ldc+column])
				if p.k > 0 {
					call.a = unsafe.Pointer(&p.a[b*p.batchA+i*p.rowA])
					call.b = unsafe.Pointer(&p.b[b*p.batchB+column])
				}
				prefetches := call.batch * call.columns * call.tiles * perTile
				call.prefetch1, call.step1 = stream1.next(prefetches, call.c)
				call.prefetch2, call.step2 = stream2.next(prefetches, call.c)
				p.compute(t, call)
			}
		}
		column += call.columns * t.columns
	}
}

// compute runs a call in tiles of the given shape.
func (p *product) compute(t tileShape, call *gemmCall) {
	switch {
	case p.isa == isaAVX512 && t.columns == 32 && p.transposed:
		gemmT32AVX512(call)
	case p.isa == isaAVX512 && t.columns == 32:
		gemm32AVX512(call)
	case p.isa == isaAVX512 && p.transposed:
		gemmT16AVX512(call)
	case p.isa == isaAVX512:
		gemm16AVX512(call)
	case p.transposed:
		gemmT16AVX2(call)
	default:
		gemm16AVX2(call)
	}
}

// A stream hands out the memory to prefetch, spread evenly over a product.
type stream struct {
	memory []float32
	step   int // bytes
	done   int // bytes
}

// newStream spreads the lines of memory over a number of prefetches, one line
// each at most.
func newStream(memory []float32, prefetches int) stream {
	const line = 64
	if len(memory) == 0 || prefetches == 0 {
		return stream{}
	}
	return stream{memory: memory, step: min((4*len(memory)+prefetches-1)/prefetches, line)}
}

// next returns where the given number of prefetches start and their step; at
// the end of the stream, they all go to an address that is in use anyhow.
func (s *stream) next(prefetches int, inUse unsafe.Pointer) (unsafe.Pointer, int) {
	if s.done/4 >= len(s.memory) {
		return inUse, 0
	}
	start := unsafe.Pointer(&s.memory[s.done/4])
	s.done += prefetches * s.step
	return start, s.step
}
