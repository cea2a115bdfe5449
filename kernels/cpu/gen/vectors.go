package main

import "fmt"

// Registers of the passes over flat vectors.
const (
	vecArgs  = "DI"
	vecCount = "CX" // groups of dotSums elements, or vectors, left
	vecOut   = "AX"
)

// vecPointers are those of the arrays of a pass.
var vecPointers = [3]string{"SI", "R8", "R9"}

// dotSums is that of package cpu: elements this far apart share a sum.
const dotSums = 32

func writeVectors(a *assembler) {
	dot(a)
	sgd(a)
}

// dot writes sums of products in float64, a register for each dotSums-th share of them.
func dot(a *assembler) {
	doubles := a.bytes / 8
	narrow := func(i int) string { return fmt.Sprintf("%d(%s)", 4*doubles*i, vecPointers[0]) }
	other := func(i int) string { return fmt.Sprintf("%d(%s)", 4*doubles*i, vecPointers[1]) }
	a.function("dot"+a.name, "call", "dotCall", vecArgs, "adds products of multiples of 32 elements to 32 sums.")
	a.op("MOVQ", "dotCall_x("+vecArgs+")", vecPointers[0])
	a.op("MOVQ", "dotCall_y("+vecArgs+")", vecPointers[1])
	a.op("MOVQ", "dotCall_out("+vecArgs+")", vecOut)
	a.op("MOVQ", "dotCall_groups("+vecArgs+")", vecCount)
	sums := dotSums / doubles
	for i := range sums {
		a.op("VMOVUPD", at(vecOut, i*a.bytes), i)
	}
	a.label("group")
	for i := range sums {
		x, y := sums+i%2*2, sums+i%2*2+1
		a.op("VCVTPS2PD", narrow(i), x)
		a.op("VCVTPS2PD", other(i), y)
		a.op("VFMADD231PD", y, x, i)
	}
	for _, p := range vecPointers[:2] {
		a.op("ADDQ", imm(4*dotSums), p)
	}
	a.op("DECQ", vecCount)
	a.op("JNZ", "group")
	for i := range sums {
		a.op("VMOVUPD", i, at(vecOut, i*a.bytes))
	}
	a.ret()
}

// sgd writes a step of gradient descent, each operation rounded by itself.
func sgd(a *assembler) {
	const lr, momentum, decay, p, v, g = 0, 1, 2, 3, 4, 5
	a.function("sgd"+a.name, "call", "sgdCall", vecArgs, "takes a step with whole vectors of parameters.")
	for i, name := range []string{"p", "v", "g"} {
		a.op("MOVQ", fmt.Sprintf("sgdCall_%s(%s)", name, vecArgs), vecPointers[i])
	}
	for i, name := range []string{"lr", "momentum", "decay"} {
		a.op("VBROADCASTSS", fmt.Sprintf("sgdCall_%s(%s)", name, vecArgs), i)
	}
	a.op("MOVQ", "sgdCall_count("+vecArgs+")", vecCount)
	a.op("SHRQ", imm(a.shift()), vecCount)
	a.label("vector")
	a.op("VMOVUPS", at(vecPointers[0], 0), p)
	a.op("VMULPS", p, decay, g)
	a.op("VADDPS", at(vecPointers[2], 0), g, g)
	a.op("VMULPS", at(vecPointers[1], 0), momentum, v)
	a.op("VADDPS", g, v, v)
	a.op("VMOVUPS", v, at(vecPointers[1], 0))
	a.op("VMULPS", lr, v, v)
	a.op("VSUBPS", v, p, p)
	a.op("VMOVUPS", p, at(vecPointers[0], 0))
	for _, p := range vecPointers {
		a.op("ADDQ", imm(a.bytes), p)
	}
	a.op("DECQ", vecCount)
	a.op("JNZ", "vector")
	a.ret()
}
