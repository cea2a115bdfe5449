package main

import "fmt"

// A tile is the block of C that a product keeps in registers: rows × vectors
// accumulators.
type tile struct{ rows, vectors int }

// tallest returns the tallest tile of each width for an instruction set, as
// tileShapes in package cpu does. All lower ones are written too, so that any
// number of rows splits into tiles of nearly equal height.
//
// AVX-512: 24 accumulators, two pairs of vectors of B and four broadcast
// elements of A; for 16 columns the broadcast is part of the multiply-add, or
// a shuffle of four elements loaded at once (see shuffled).
// AVX2: 12 accumulators, two vectors of B, two broadcast elements of A.
func tallest(s isa) []tile {
	if s.broadcast {
		return []tile{{16, 1}, {12, 2}}
	}
	return []tile{{6, 2}}
}

// Registers of a product. The strides between rows of A are kept as odd
// multiples, which with scales of 1, 2, 4 address eight rows from one base.
const (
	gemmArgs = "DI"
	gemmA    = "SI"  // current element of row 0 of the tile
	gemmA8   = "R12" // the same of row 8
	gemmLdA  = "R8"
	gemmLdA3 = "R9"
	gemmLdA5 = "R10"
	gemmLdA7 = "R11"
	gemmB    = "DX" // current row of B
	gemmLdB  = "R13"
	gemmK    = "CX"
	gemmSeg  = "R15"
	gemmC    = "CX" // current row of the tile of C, after the steps of k
	gemmPre1 = "AX" // next address to prefetch
	gemmPre2 = "BX"
	gemmLdC  = "R14"
)

// unroll is the number of steps of k between two tests of the loop:
// prefetchBlock in package cpu.
const unroll = 4

// field returns the operand of a field of the gemmCall.
func field(name string) string { return fmt.Sprintf("gemmCall_%s(%s)", name, gemmArgs) }

func writeGemm(a *assembler) {
	for _, transposed := range []bool{false, true} {
		for _, t := range tallest(a.isa) {
			gemm(a, t, transposed)
		}
	}
}

// gemm writes the product for one width of tiles: for every product of the
// batch, block of columns and tile of rows, the sum over k in ascending order
// by one chain of multiply-adds an element, to which C is added at the end.
// That order is the same for all heights and widths of tiles, so that every
// split of a product gives the same bits.
func gemm(a *assembler, top tile, transposed bool) {
	name, verb := "gemm", "computes a product"
	if transposed {
		name, verb = "gemmT", "adds a product with a transposed left factor"
	}
	columns := top.vectors * a.floats()
	a.function(fmt.Sprintf("%s%d%s", name, columns, a.name), "call", "gemmCall", gemmArgs,
		fmt.Sprintf("%s in tiles of %d columns and at most %d rows.", verb, columns, top.rows))
	a.op("MOVQ", field("lda"), gemmLdA)
	a.op("LEAQ", indexed(gemmLdA, gemmLdA, 2, 0), gemmLdA3)
	if !transposed {
		a.op("LEAQ", indexed(gemmLdA, gemmLdA, 4, 0), gemmLdA5)
		a.op("LEAQ", indexed(gemmLdA3, gemmLdA, 4, 0), gemmLdA7)
	}
	a.op("MOVQ", field("ldb"), gemmLdB)
	a.op("MOVQ", field("ldc"), gemmLdC)
	a.op("MOVQ", field("prefetch1"), gemmPre1)
	a.op("MOVQ", field("prefetch2"), gemmPre2)
	gemmStart(a, "batch", "batch", "a", "batchA", "b", "batchB", "c", "batchC")
	a.label("batch")
	gemmStart(a, "column", "columns", "batchA", "columnA", "batchB", "columnB", "batchC", "columnC", "coef", "columnCoef")
	a.label("column")
	gemmStart(a, "tile", "tiles", "columnA", "tileA", "columnC", "tileC")
	a.label("tile")
	a.comment("The first tiles are a row taller than the others.")
	a.op("MOVQ", field("height"), gemmK)
	a.op("MOVQ", field("tileLeft"), gemmSeg)
	a.op("CMPQ", gemmSeg, field("others"))
	a.op("JLE", "other")
	a.op("INCQ", gemmK)
	a.label("other")
	pickTile(a, 1, top.rows)
	for rows := 1; rows <= top.rows; rows++ {
		gemmTile(a, tile{rows, top.vectors}, transposed)
	}
	a.label("tileEnd")
	gemmNext(a, "tile")
	gemmNext(a, "column", "strideColumn", "columnB", "strideColumn", "columnC", "strideColumn", "columnCoef")
	gemmNext(a, "batch", "strideBatchA", "batchA", "strideBatchB", "batchB", "strideBatchC", "batchC")
	a.ret()
}

// pickTile jumps to the code for the height in gemmK by bisection.
func pickTile(a *assembler, low, high int) {
	if low == high {
		a.op("JMP", fmt.Sprintf("rows%d", low))
		return
	}
	middle := (low + high) / 2
	upper := fmt.Sprintf("above%d", middle)
	a.op("CMPQ", gemmK, imm(middle))
	a.op("JGT", upper)
	pickTile(a, low, middle)
	a.label(upper)
	pickTile(a, middle+1, high)
}

// gemmTile writes the code for one shape of tile.
func gemmTile(a *assembler, t tile, transposed bool) {
	local := func(label string) string { return fmt.Sprintf("%s%d", label, t.rows) }
	block := steps{tile: t, transposed: transposed, sets: setsOfB(a, t, 2), shuffled: shuffled(a, t)}
	single := block
	single.shuffled = 0
	a.label(local("rows"))
	for acc := range t.rows * t.vectors {
		a.op("VXORPS", acc, acc, acc)
	}
	a.op("MOVQ", field("tileA"), gemmA)
	a.op("MOVQ", field("columnB"), gemmB)
	a.op("MOVQ", field("segments"), gemmSeg)
	a.label(local("segment"))
	if t.rows > 8 && !transposed {
		a.op("LEAQ", indexed(gemmA, gemmLdA, 8, 0), gemmA8)
	}
	a.op("MOVQ", field("rest"), gemmK)
	a.op("TESTQ", gemmK, gemmK)
	a.op("JZ", local("blocks"))
	a.label(local("single"))
	single.step(a, 0)
	if !transposed {
		gemmAdvanceA(a, t, 1)
	}
	a.op("DECQ", gemmK)
	a.op("JNZ", local("single"))
	a.label(local("blocks"))
	a.op("MOVQ", field("blocks"), gemmK)
	a.op("CMPQ", gemmSeg, field("finish"))
	a.op("JNE", local("all"))
	a.op("DECQ", gemmK)
	a.label(local("all"))
	a.op("TESTQ", gemmK, gemmK)
	a.op("JZ", local("last"))
	a.label(local("block"))
	for k := range unroll {
		gemmPrefetch(a)
		block.step(a, k)
	}
	if !transposed {
		gemmAdvanceA(a, t, unroll)
	}
	a.op("DECQ", gemmK)
	a.op("JNZ", local("block"))
	a.label(local("last"))
	a.op("CMPQ", gemmSeg, field("finish"))
	a.op("JEQ", local("finish"))
	a.op("ADDQ", field("skipA"), gemmA)
	a.op("ADDQ", field("skipB"), gemmB)
	a.op("DECQ", gemmSeg)
	a.op("JNZ", local("segment"))

	a.op("MOVQ", field("tileC"), gemmC)
	if !transposed {
		a.op("CMPQ", field("accumulate"), "$0")
		a.op("JEQ", local("store"))
	}
	for i := range t.rows {
		addRow(a, t, i)
		a.op("ADDQ", gemmLdC, gemmC)
	}
	a.op("MOVQ", field("tileC"), gemmC)
	a.label(local("store"))
	if !transposed {
		a.op("CMPQ", field("activate"), "$0")
		a.op("JEQ", local("done"))
		gemmActivate(a, t)
		a.label(local("done"))
	}
	for i := range t.rows {
		storeRow(a, t, i)
	}
	a.op("JMP", local("next"))

	a.label(local("finish"))
	gemmFinish(a, block)
	a.label(local("next"))
	a.op("MOVQ", gemmC, field("tileC"))
	if transposed {
		a.op("ADDQ", imm(4*t.rows), field("tileA"))
	} else {
		a.op("IMUL3Q", imm(t.rows), gemmLdA, gemmA)
		a.op("ADDQ", gemmA, field("tileA"))
	}
	a.op("JMP", "tileEnd")
}

// gemmFinish writes the last block of steps of k of a tile together with its
// stores. The last steps, as many as vectors of B fit into registers, go row
// by row, and a row is stored among the multiply-adds of the next: where a
// vector is stored by halves, stores in succession hold up all that follows.
func gemmFinish(a *assembler, block steps) {
	byRow := block
	byRow.sets = setsOfB(a, block.tile, unroll)
	first := unroll - byRow.sets
	for k := range unroll {
		gemmPrefetch(a)
		if k < first {
			block.step(a, k)
		} else {
			byRow.loadB(a, k)
		}
	}
	a.op("MOVQ", field("tileC"), gemmC)
	for i := range byRow.rows {
		for k := first; k < unroll; k++ {
			byRow.row(a, i, k, k-first)
		}
		if i > 0 {
			storeRow(a, byRow.tile, i-1)
		}
		added := fmt.Sprintf("added%d_%d", byRow.rows, i)
		if !block.transposed {
			a.op("CMPQ", field("accumulate"), "$0")
			a.op("JEQ", added)
		}
		addRow(a, byRow.tile, i)
		a.label(added)
	}
	storeRow(a, byRow.tile, byRow.rows-1)
}

// gemmPrefetch writes the prefetches that go with a step of k: of either stream one.
func gemmPrefetch(a *assembler) {
	a.op("PREFETCHT0", at(gemmPre1, 0))
	a.op("ADDQ", field("step1"), gemmPre1)
	a.op("PREFETCHT0", at(gemmPre2, 0))
	a.op("ADDQ", field("step2"), gemmPre2)
}

// gemmActivate writes ReLU(shift + scale·value) of a tile.
func gemmActivate(a *assembler, t tile) {
	shift := t.rows * t.vectors
	scale, zero := shift+1, shift+2
	a.op("MOVQ", field("columnCoef"), gemmB)
	a.op("MOVQ", field("coefScale"), gemmA)
	a.op("VXORPS", zero, zero, zero)
	for j := range t.vectors {
		a.op("VMOVUPS", at(gemmB, j*a.bytes), shift)
		a.op("VMOVUPS", indexed(gemmB, gemmA, 1, j*a.bytes), scale)
		for i := range t.rows {
			v := i*t.vectors + j
			a.op("VFMADD213PS", shift, scale, v)
			// The maximum is its first operand here if that is a NaN.
			a.op("VMAXPS", v, zero, v)
		}
	}
}

// gemmStart sets the counter of a loop and the cursors of that loop: from,
// to pairs.
func gemmStart(a *assembler, loop, count string, fromTo ...string) {
	a.op("MOVQ", field(count), gemmK)
	a.op("MOVQ", gemmK, field(loop+"Left"))
	for i := 0; i < len(fromTo); i += 2 {
		a.op("MOVQ", field(fromTo[i]), gemmK)
		a.op("MOVQ", gemmK, field(fromTo[i+1]))
	}
}

// gemmNext advances the cursors of a loop (stride, cursor pairs) and repeats
// it.
func gemmNext(a *assembler, loop string, strideCursor ...string) {
	for i := 0; i < len(strideCursor); i += 2 {
		a.op("MOVQ", field(strideCursor[i]), gemmK)
		a.op("ADDQ", gemmK, field(strideCursor[i+1]))
	}
	a.op("DECQ", field(loop+"Left"))
	a.op("JNZ", loop)
}

// addRow adds to row i of a tile that of C, whose address is in gemmC.
func addRow(a *assembler, t tile, i int) {
	for j := range t.vectors {
		acc := i*t.vectors + j
		a.op("VADDPS", at(gemmC, j*a.bytes), acc, acc)
	}
}

// storeRow writes row i of a tile to the address in gemmC and moves that on.
func storeRow(a *assembler, t tile, i int) {
	for j := range t.vectors {
		a.op("VMOVUPS", i*t.vectors+j, at(gemmC, j*a.bytes))
	}
	a.op("ADDQ", gemmLdC, gemmC)
}

// shuffled is how many rows of a tile take elements of A from a register. Where
// each element serves one multiply-add, loads bound the product: four elements
// at once are one load, and four shuffles for another unit.
func shuffled(a *assembler, t tile) int {
	if !a.broadcast || t.vectors > 1 {
		return 0
	}
	return t.rows / 2 / 4 * 4
}

// setsOfB is the number of sets of registers for the vectors of B of a step
// that there is room for, beside two elements of A or twelve registers for
// shuffles.
func setsOfB(a *assembler, t tile, most int) int {
	others := 2
	if a.broadcast && t.vectors == 1 {
		others = 12
	}
	return min((a.registers-others)/t.vectors-t.rows, most)
}

// steps are steps of k of a tile, each of them a row of B times a column of A.
type steps struct {
	tile
	transposed bool
	sets       int // of registers for vectors of B, which steps take in turn
	shuffled   int // rows
}

// step writes step k of a block.
func (s steps) step(a *assembler, k int) {
	s.loadB(a, k)
	for i := range s.rows {
		s.row(a, i, k, 0)
	}
	if s.transposed {
		a.op("ADDQ", gemmLdA, gemmA)
	}
}

// vectorsOfB returns the first register with vectors of B in step k.
func (s steps) vectorsOfB(k int) int { return (s.rows + k%s.sets) * s.vectors }

// loadB loads the vectors of B of step k.
func (s steps) loadB(a *assembler, k int) {
	for j := range s.vectors {
		a.op("VMOVUPS", at(gemmB, j*a.bytes), s.vectorsOfB(k)+j)
	}
	a.op("ADDQ", gemmLdB, gemmB)
}

// row writes the multiply-adds of row i in step k of a block. If A is
// transposed, gemmA is the address of an earlier step, ahead steps before.
func (s steps) row(a *assembler, i, k, ahead int) {
	element := elementOfA(i, 4*k)
	if s.transposed {
		element = stepOfA(ahead, 4*i)
	}
	free := (s.rows + s.sets) * s.vectors // the first register
	if i < s.shuffled {
		// Four elements are of steps of k, or of rows if A is transposed.
		four, lane := free+i, k
		if s.transposed {
			four, lane = free+(ahead*s.shuffled+i)/4, i%4
		}
		if lane == 0 {
			a.op("VBROADCASTF32X4", element, four)
		}
		x := a.registers - 1 - (i+k)%4
		a.op("VPERMILPS", imm(lane*0x55), four, x)
		a.op("VFMADD231PS", x, s.vectorsOfB(k), i)
		return
	}
	if a.broadcast && s.vectors == 1 {
		a.op("VFMADD231PS.BCST", element, s.vectorsOfB(k), i)
		return
	}
	x := free + (i+k)%min(a.registers-free, 4)
	a.op("VBROADCASTSS", element, x)
	for j := range s.vectors {
		a.op("VFMADD231PS", x, s.vectorsOfB(k)+j, i*s.vectors+j)
	}
}

// stepOfA returns an operand of a transposed A some steps of k on, 3 at most.
func stepOfA(ahead, disp int) string {
	if ahead == 3 {
		return indexed(gemmA, gemmLdA3, 1, disp)
	}
	return indexed(gemmA, gemmLdA, ahead, disp)
}

// elementOfA returns the operand of row i of the tile of A.
func elementOfA(i, disp int) string {
	base := gemmA
	if i >= 8 {
		base = gemmA8
	}
	switch i % 8 {
	case 0:
		return at(base, disp)
	case 1, 2, 4:
		return indexed(base, gemmLdA, i%8, disp)
	case 3, 6:
		return indexed(base, gemmLdA3, i%8/3, disp)
	case 5:
		return indexed(base, gemmLdA5, 1, disp)
	default:
		return indexed(base, gemmLdA7, 1, disp)
	}
}

// gemmAdvanceA moves on by steps of k.
func gemmAdvanceA(a *assembler, t tile, steps int) {
	a.op("ADDQ", imm(4*steps), gemmA)
	if t.rows > 8 {
		a.op("ADDQ", imm(4*steps), gemmA8)
	}
}
