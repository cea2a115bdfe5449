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
	if !transposed {
		a.op("LEAQ", indexed(gemmLdA, gemmLdA, 2, 0), gemmLdA3)
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
	a.op("MOVQ", field("blocks"), gemmK)
	a.op("TESTQ", gemmK, gemmK)
	a.op("JZ", local("rest"))
	a.label(local("block"))
	for k := range unroll {
		pre, step := gemmPre1, "step1"
		if k%2 == 1 {
			pre, step = gemmPre2, "step2"
		}
		a.op("PREFETCHT0", at(pre, 0))
		a.op("ADDQ", field(step), pre)
		if k == 0 && !transposed {
			for i := range shuffled(a, t) {
				a.op("VBROADCASTF32X4", elementOfA(i, 0), quad(t, i))
			}
		}
		gemmStep(a, t, k, transposed, shuffled(a, t))
	}
	if !transposed {
		gemmAdvanceA(a, t, unroll)
	}
	a.op("DECQ", gemmK)
	a.op("JNZ", local("block"))
	a.label(local("rest"))
	a.op("MOVQ", field("rest"), gemmK)
	a.op("TESTQ", gemmK, gemmK)
	a.op("JZ", local("summed"))
	a.label(local("single"))
	gemmStep(a, t, 0, transposed, 0)
	if !transposed {
		gemmAdvanceA(a, t, 1)
	}
	a.op("DECQ", gemmK)
	a.op("JNZ", local("single"))
	a.label(local("summed"))
	a.op("ADDQ", field("skipA"), gemmA)
	a.op("ADDQ", field("skipB"), gemmB)
	a.op("DECQ", gemmSeg)
	a.op("JNZ", local("segment"))

	a.op("MOVQ", field("tileC"), gemmA)
	if !transposed {
		a.op("CMPQ", field("accumulate"), "$0")
		a.op("JEQ", local("store"))
	}
	eachOfC(a, t, func(mem string, acc int) { a.op("VADDPS", mem, acc, acc) })
	a.op("MOVQ", field("tileC"), gemmA)
	a.label(local("store"))
	if !transposed {
		a.op("CMPQ", field("activate"), "$0")
		a.op("JEQ", local("done"))
		gemmActivate(a, t)
		a.label(local("done"))
	}
	eachOfC(a, t, func(mem string, acc int) { a.op("VMOVUPS", acc, mem) })
	a.op("MOVQ", gemmA, field("tileC"))
	if transposed {
		a.op("ADDQ", imm(4*t.rows), field("tileA"))
	} else {
		a.op("IMUL3Q", imm(t.rows), gemmLdA, gemmK)
		a.op("ADDQ", gemmK, field("tileA"))
	}
	a.op("JMP", "tileEnd")
}

// gemmActivate writes ReLU(shift + scale·value) of a tile.
func gemmActivate(a *assembler, t tile) {
	shift := t.rows * t.vectors
	scale, zero := shift+1, shift+2
	a.op("MOVQ", field("columnCoef"), gemmB)
	a.op("MOVQ", field("coefScale"), gemmK)
	a.op("VXORPS", zero, zero, zero)
	for j := range t.vectors {
		a.op("VMOVUPS", at(gemmB, j*a.bytes), shift)
		a.op("VMOVUPS", indexed(gemmB, gemmK, 1, j*a.bytes), scale)
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

// eachOfC visits the tile of C from the address in gemmA on, row by row, and
// leaves there the address of the row that follows.
func eachOfC(a *assembler, t tile, visit func(mem string, acc int)) {
	for i := range t.rows {
		for j := range t.vectors {
			visit(at(gemmA, j*a.bytes), i*t.vectors+j)
		}
		a.op("ADDQ", gemmLdC, gemmA)
	}
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

// quad is the register with the next four elements of row i, or of column i
// to i+3 if A is transposed.
func quad(t tile, i int) int { return t.rows + 2 + i }

// gemmStep writes one step of k: a row of B times a column of A.
func gemmStep(a *assembler, t tile, k int, transposed bool, shuffled int) {
	used := t.rows * t.vectors
	// Vectors of B alternate between two sets of registers where there is room.
	sets := 2
	broadcasts := a.registers - used - sets*t.vectors
	if a.broadcast && t.vectors == 1 {
		broadcasts = 0
	} else if broadcasts < 2 {
		sets = 1
		broadcasts = a.registers - used - t.vectors
	}
	firstB := used + k%sets*t.vectors
	firstBroadcast := used + sets*t.vectors
	for j := range t.vectors {
		a.op("VMOVUPS", at(gemmB, j*a.bytes), firstB+j)
	}
	a.op("ADDQ", gemmLdB, gemmB)
	for i := range t.rows {
		element := at(gemmA, 4*i)
		if !transposed {
			element = elementOfA(i, 4*k)
		}
		if i < shuffled {
			q, lane := quad(t, i), k
			if transposed {
				q, lane = quad(t, i/4), i%4
				if lane == 0 {
					a.op("VBROADCASTF32X4", element, q)
				}
			}
			x := a.registers - 1 - i%4
			a.op("VPERMILPS", imm(lane*0x55), q, x)
			a.op("VFMADD231PS", x, firstB, i)
			continue
		}
		if broadcasts == 0 {
			a.op("VFMADD231PS.BCST", element, firstB, i)
			continue
		}
		x := firstBroadcast + i%min(broadcasts, 4)
		a.op("VBROADCASTSS", element, x)
		for j := range t.vectors {
			a.op("VFMADD231PS", x, firstB+j, i*t.vectors+j)
		}
	}
	if transposed {
		a.op("ADDQ", gemmLdA, gemmA)
	}
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
