//go:build amd64 && !noasm

package cpu

import "unsafe"

// maxWork is the number of multiply-adds after which a product in assembly
// returns to Go, about 50 µs: assembly cannot be preempted.
const maxWork = 3 << 20

// prefetchBlock is the number of steps of k, and of prefetches, that a block
// of the assembly's inner loop has; every other prefetch is for Prefetch1.
const prefetchBlock = 4

// A gemmCall is the argument of a product in assembly: tiles of one height
// in equal blocks of columns of a batch of products. Strides are in bytes.
type gemmCall struct {
	a, b, c              unsafe.Pointer
	prefetch1, prefetch2 unsafe.Pointer
	step1, step2         int // from prefetch to prefetch

	tiles, columns, batch      int
	segments, blocks, rest     int // a segment is blocks of steps of k and a rest
	lda, ldb, ldc              int
	skipA, skipB               int // from the end of a segment to the next
	strideTileA, strideTileC   int
	strideColumn               int
	strideBatchA, strideBatchB int
	strideBatchC               int
	accumulate                 int

	// Cursors and counters of the assembly.
	batchA, batchB, batchC          uintptr
	columnA, columnB, columnC       uintptr
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

// split returns the heights of the tiles that m rows are divided into: taller
// tiles of height+1 rows and then others of height rows.
func (t tileShape) split(m int) (height, taller, others int) {
	tiles := (m + t.rows - 1) / t.rows
	height, taller = m/tiles, m%tiles
	return height, taller, tiles - taller
}

// A product is a Gemm or a GemmT on its way to the assembly. Its strides are
// in floats; those of the call that stay the same are set already.
type product struct {
	isa                    isa
	transposed             bool
	a, b, c                []float32
	m, n, k, batch         int
	rowA, ldc              int // from row to row
	batchA, batchB, batchC int
	call                   gemmCall
	prefetch1, prefetch2   stream
}

func gemmNative(s isa, g *Gemm) {
	if g.M == 0 || g.N == 0 {
		return
	}
	p := product{
		isa: s, a: g.A, b: g.B, c: g.C, m: g.M, n: g.N, k: g.K, rowA: g.LdA, ldc: g.LdC,
		batch: g.Batch, batchA: g.BatchA, batchB: g.BatchB, batchC: g.BatchC,
	}
	p.call.segments = g.Segments
	p.call.lda, p.call.ldb = 4*g.LdA, 4*g.LdB
	p.call.skipA = 4 * (g.SegA - g.K)
	if g.Accumulate {
		p.call.accumulate = 1
	}
	p.run(g.Prefetch1, g.Prefetch2)
}

func gemmTNative(s isa, g *GemmT) {
	if g.M == 0 || g.N == 0 || g.K == 0 {
		return
	}
	p := product{
		isa: s, transposed: true, a: g.A, b: g.B, c: g.C, m: g.M, n: g.N, k: g.K, rowA: 1, ldc: g.LdC,
		batch: g.Batch, batchA: g.BatchA, batchB: g.BatchB, batchC: g.BatchC,
	}
	p.call.segments = g.Segments
	p.call.lda, p.call.ldb = 4*g.LdA, 4*g.LdB
	p.call.skipA, p.call.skipB = 4*(g.SegA-g.K*g.LdA), 4*(g.SegB-g.K*g.LdB)
	p.run(g.Prefetch1, g.Prefetch2)
}

// run divides the product into equal blocks of columns, tiles of equal
// height, and calls of bounded length.
func (p *product) run(prefetch1, prefetch2 []float32) {
	c := &p.call
	c.blocks, c.rest = p.k/prefetchBlock, p.k%prefetchBlock
	c.ldc = 4 * p.ldc
	c.strideBatchA, c.strideBatchB, c.strideBatchC = 4*p.batchA, 4*p.batchB, 4*p.batchC

	tiles, left := 0, p.n
	for _, t := range tileShapes[p.isa] {
		_, taller, others := t.split(p.m)
		tiles += (taller + others) * (left / t.columns)
		left %= t.columns
	}
	prefetches := tiles * p.batch * c.segments * c.blocks * (prefetchBlock / 2)
	p.prefetch1 = newStream(prefetch1, prefetches)
	p.prefetch2 = newStream(prefetch2, prefetches)

	column := 0
	for _, t := range tileShapes[p.isa] {
		c.columns = (p.n - column) / t.columns
		if c.columns == 0 {
			continue
		}
		height, taller, others := t.split(p.m)
		p.tiles(tileShape{t.columns, height + 1}, column, 0, taller)
		p.tiles(tileShape{t.columns, height}, column, taller*(height+1), others)
		column += c.columns * t.columns
	}
}

// tiles computes tiles of one shape from a column and a row on.
func (p *product) tiles(t tileShape, column, row, tiles int) {
	if tiles == 0 {
		return
	}
	c := &p.call
	c.strideTileA, c.strideTileC, c.strideColumn = 4*t.rows*p.rowA, t.rows*c.ldc, 4*t.columns
	work := max(t.rows*t.columns*c.columns*p.k*c.segments, 1) // of one row of tiles
	tileStep := min(max(maxWork/work, 1), tiles)
	batchStep := min(max(maxWork/(work*tiles), 1), p.batch)
	for b := 0; b < p.batch; b += batchStep {
		c.batch = min(batchStep, p.batch-b)
		for i := 0; i < tiles; i += tileStep {
			c.tiles = min(tileStep, tiles-i)
			first := row + i*t.rows
			c.c = unsafe.Pointer(&p.c[b*p.batchC+first*p.ldc+column])
			if p.k > 0 {
				c.a = unsafe.Pointer(&p.a[b*p.batchA+first*p.rowA])
				c.b = unsafe.Pointer(&p.b[b*p.batchB+column])
			}
			prefetches := c.batch * c.columns * c.tiles * c.segments * c.blocks * (prefetchBlock / 2)
			c.prefetch1, c.step1 = p.prefetch1.next(prefetches, c.c)
			c.prefetch2, c.step2 = p.prefetch2.next(prefetches, c.c)
			p.compute(t)
		}
	}
}

// compute runs the call in tiles of the given shape.
func (p *product) compute(t tileShape) {
	switch {
	case p.isa == isaAVX512 && t.columns == 32 && p.transposed:
		gemmTx32AVX512(t.rows, &p.call)
	case p.isa == isaAVX512 && t.columns == 32:
		gemmx32AVX512(t.rows, &p.call)
	case p.isa == isaAVX512 && p.transposed:
		gemmTx16AVX512(t.rows, &p.call)
	case p.isa == isaAVX512:
		gemmx16AVX512(t.rows, &p.call)
	case p.transposed:
		gemmTx16AVX2(t.rows, &p.call)
	default:
		gemmx16AVX2(t.rows, &p.call)
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
