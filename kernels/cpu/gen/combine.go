package main

import "fmt"

// Registers of a combination.
const (
	comArgs     = "R14"
	comDst      = "DI"
	comMask     = "R11"
	comCoef     = "DX" // vector of Coef[0]; the others follow at multiples of comPixel
	comMaskCoef = "BX"
	comPixel    = "R12" // bytes from pixel to pixel
	comPixel3   = "R13"
	comPixels   = "AX"  // pixels, or groups of them, left in a row
	comLanes    = "CX"  // vectors of channels left in a pixel
	comRows     = "R15" // rows left
)

var comSrc = [4]string{"SI", "R8", "R9", "R10"}

// groupPixels is the number of pixels that go through the loop over channels
// together and so share the loads of coefficients.
const groupPixels = 4

// posts are the values of cpu.Post, in order.
var posts = []string{"Plain", "ReLU", "Mask"}

func writeCombine(a *assembler) {
	for sources := 1; sources <= 4; sources++ {
		for _, post := range posts {
			combine(a, sources, post)
		}
	}
	combineSwitch(a)
}

func comField(name string) string { return fmt.Sprintf("Combine_%s(%s)", name, comArgs) }

// combine writes the combination of a number of sources: per channel vector,
// the coefficients stay in registers for a group of pixels.
func combine(a *assembler, sources int, post string) {
	pointers := append([]string{comDst}, comSrc[:sources]...)
	rows := []string{comField("DstRow")} // floats from row to row of each pointer
	for i := range sources {
		rows = append(rows, fmt.Sprintf("(Combine_SrcRow+%d)(%s)", 8*i, comArgs))
	}
	if post == "Mask" {
		pointers, rows = append(pointers, comMask), append(rows, comField("MaskRow"))
	}
	a.function(fmt.Sprintf("combine%d%s%s", sources, post, a.name), "c", "Combine", comArgs,
		fmt.Sprintf("combines %d of 4 sources and stores by %s.", sources, post))
	a.op("MOVQ", comField("Dst"), comDst)
	for i, reg := range comSrc[:sources] {
		a.op("MOVQ", fmt.Sprintf("(Combine_Src+%d)(%s)", 24*i, comArgs), reg)
	}
	if post == "Mask" {
		a.op("MOVQ", comField("MaskSrc"), comMask)
	}
	a.op("MOVQ", comField("C"), comPixel)
	a.op("SHLQ", "$2", comPixel)
	a.op("LEAQ", indexed(comPixel, comPixel, 2, 0), comPixel3)
	a.op("MOVQ", comField("Rows"), comRows)
	a.label("row")
	a.op("MOVQ", comField("Width"), comPixels)
	a.op("SHRQ", "$2", comPixels)
	a.op("JZ", "rest")
	a.label("group")
	combinePixels(a, sources, post, "group", groupPixels, pointers)
	for _, reg := range pointers {
		a.op("ADDQ", comPixel3, reg)
	}
	a.op("DECQ", comPixels)
	a.op("JNZ", "group")
	a.label("rest")
	a.op("MOVQ", comField("Width"), comPixels)
	a.op("ANDQ", imm(groupPixels-1), comPixels)
	a.op("JZ", "rowEnd")
	a.label("pixel")
	combinePixels(a, sources, post, "pixel", 1, pointers)
	a.op("DECQ", comPixels)
	a.op("JNZ", "pixel")
	a.label("rowEnd")
	a.op("MOVQ", comField("Width"), comPixels)
	a.op("IMULQ", comField("C"), comPixels)
	for i, reg := range pointers {
		a.op("MOVQ", rows[i], comLanes)
		a.op("SUBQ", comPixels, comLanes)
		a.op("LEAQ", indexed(reg, comLanes, 4, 0), reg)
	}
	a.op("DECQ", comRows)
	a.op("JNZ", "row")
	a.ret()
}

// combinePixels writes the loop over the channels of some pixels. It leaves
// the pointers one pixel further.
func combinePixels(a *assembler, sources int, post, loop string, pixels int, pointers []string) {
	// 0 … 4 hold coefficients, 5 and 6 those of the mask or 5 a zero.
	const maskShift, maskScale, zero, value, gate = 5, 6, 5, 7, 11
	stride := func(i int) (string, int) { // i·comPixel
		if i == 3 {
			return comPixel3, 1
		}
		return comPixel, i
	}
	pixel := func(base string, i int) string {
		reg, scale := stride(i)
		return indexed(base, reg, scale, 0)
	}
	a.op("MOVQ", comField("Coef"), comCoef)
	if post == "Mask" {
		a.op("MOVQ", comField("MaskCoef"), comMaskCoef)
	}
	if post == "ReLU" {
		a.op("VXORPS", zero, zero, zero)
	}
	a.op("MOVQ", comField("C"), comLanes)
	a.op("SHRQ", imm(a.shift()), comLanes)
	a.label(loop + "Lanes")
	for i := range sources + 1 {
		a.op("VMOVUPS", pixel(comCoef, i), i)
	}
	a.op("ADDQ", imm(a.bytes), comCoef)
	if post == "Mask" {
		a.op("VMOVUPS", at(comMaskCoef, 0), maskShift)
		a.op("VMOVUPS", pixel(comMaskCoef, 1), maskScale)
		a.op("ADDQ", imm(a.bytes), comMaskCoef)
	}
	for p := range pixels {
		v, g := value+p, gate+p
		a.op("VMOVUPS", pixel(comSrc[0], p), v)
		a.op("VFMADD213PS", 0, 1, v)
		for i := 1; i < sources; i++ {
			a.op("VFMADD231PS", pixel(comSrc[i], p), i+1, v)
		}
		switch post {
		case "ReLU":
			// The maximum is its first operand here if that is a NaN.
			a.op("VMAXPS", v, zero, v)
		case "Mask":
			a.op("VMOVUPS", pixel(comMask, p), g)
			a.op("VFMADD213PS", maskShift, maskScale, g)
			keepPositive(a, g, v, p)
		}
		a.op("VMOVUPS", v, pixel(comDst, p))
	}
	for _, reg := range pointers {
		a.op("ADDQ", imm(a.bytes), reg)
	}
	a.op("DECQ", comLanes)
	a.op("JNZ", loop+"Lanes")
}

// keepPositive zeroes the lanes of v in which the gate is not above zero; a
// NaN is not.
func keepPositive(a *assembler, gate, v, p int) {
	const greater = "$30" // ordered, quiet
	if a.registers == 32 {
		mask := fmt.Sprintf("K%d", p+1)
		a.op("VXORPS", 31, 31, 31)
		a.op("VCMPPS", greater, 31, gate, mask)
		a.op("VMOVAPS.Z", v, mask, v)
		return
	}
	a.op("VXORPS", 15, 15, 15)
	a.op("VCMPPS", greater, 15, gate, gate)
	a.op("VANDPS", gate, v, v)
}

// combineSwitch declares the Go function that picks a combination.
func combineSwitch(a *assembler) {
	fmt.Fprintf(&a.decls, "\n// combine%s computes a combination of any number of sources.\nfunc combine%s(c *Combine) {\n\tswitch int(c.Post)*4 + c.Sources {\n", a.name, a.name)
	for i, post := range posts {
		for sources := 1; sources <= 4; sources++ {
			fmt.Fprintf(&a.decls, "\tcase int(%s)*4 + %d:\n\t\tcombine%d%s%s(c)\n", posts[i], sources, sources, post, a.name)
		}
	}
	fmt.Fprintf(&a.decls, "\t}\n}\n")
}
