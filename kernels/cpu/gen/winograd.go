package main

// Registers of the transforms. The image side (pixels or taps) and the
// frequency side each have a base that moves from vector to vector of
// channels; the cursors walk over a patch.
const (
	winArgs    = "R15"
	winImage   = "SI"
	winFreq    = "DI"
	winRow     = "BX" // bytes from row to row of the image
	winRow3    = "R9"
	winPixel   = "R11" // bytes from pixel to pixel
	winPixel3  = "DX"
	winFreq1   = "R12" // bytes from frequency to frequency
	winFreq3   = "R13"
	winFreqN   = "R14" // 5 frequencies where they are written, 18 where read
	winCursor  = "AX"
	winCursor2 = "R10"
	winTiles   = "R8"
	winLanes   = "CX" // vectors of channels left
)

// A transform writes F(4×4, 3×3) transforms. A transform has two stages: the
// first goes down the columns of a patch and leaves some rows of its result
// in registers, the second goes along these rows. A pass does both for as
// many rows as there are registers for. The formulas are those of
// generic_winograd.go.
type transform struct {
	*assembler
	temp    [4]int          // temporary registers
	hoisted map[float32]int // constants in registers for a whole function
	pinned  map[float32]int // constants in registers for a first stage
}

func writeWinograd(a *assembler) {
	w := &transform{assembler: a, temp: [4]int{12, 13, 14, 15}}
	if a.registers == 32 {
		w.temp = [4]int{24, 25, 26, 27}
	}
	w.input()
	w.output("winogradOutput", "transforms 36 products to a 4×4 output tile: Aᵀ·m·A.", plainOutput)
	w.output("winogradActivate", "is winogradOutput with ReLU(shift + scale·value).", activated)
	w.output("winogradActivateSum", "is winogradOutput with ReLU(shift + scale·value + residual).", activatedSum)
	w.gradient()
	w.filter()
	w.filterGrad()
}

// begin hoists the constants of a function where there are registers for it.
func (w *transform) begin(constants ...float32) {
	w.hoisted, w.pinned = map[float32]int{}, map[float32]int{}
	if w.registers == 32 {
		for i, c := range constants {
			if w.registers-1-i <= w.temp[3] {
				panic("too many constants to hoist")
			}
			w.hoisted[c] = w.registers - 1 - i
			w.op("VMOVUPS", w.constant(c), w.hoisted[c])
		}
	}
}

// pin loads constants for a first stage, whose instructions need their memory
// operand for the image, in place of the last temporaries.
func (w *transform) pin(constants ...float32) {
	w.pinned = map[float32]int{}
	for i, c := range constants {
		if _, ok := w.hoisted[c]; !ok {
			w.pinned[c] = w.temp[3-i]
			w.op("VMOVUPS", w.constant(c), w.temp[3-i])
		}
	}
}

// register returns the register of a constant that is in one.
func (w *transform) register(c float32) (int, bool) {
	if r, ok := w.hoisted[c]; ok {
		return r, true
	}
	r, ok := w.pinned[c]
	return r, ok
}

// The arithmetic of a transform. An operand is the number of a register; x
// and the last of two sources may be in memory, dst may not.

func (w *transform) load(x any, dst int)              { w.op("VMOVUPS", x, dst) }          // dst = x
func (w *transform) add(x int, y any, dst int)        { w.op("VADDPS", y, x, dst) }        // dst = x + y
func (w *transform) sub(x int, y any, dst int)        { w.op("VSUBPS", y, x, dst) }        // dst = x − y
func (w *transform) addMul(k float32, x any, dst int) { w.fma("VFMADD231PS", k, x, dst) }  // dst += k·x
func (w *transform) subMul(k float32, x any, dst int) { w.fma("VFNMADD231PS", k, x, dst) } // dst −= k·x

// mul is dst = k·x.
func (w *transform) mul(k float32, x, dst int) {
	if r, ok := w.register(k); ok {
		w.op("VMULPS", r, x, dst)
		return
	}
	w.op("VMULPS", w.constant(k), x, dst)
}

func (w *transform) fma(name string, k float32, x any, dst int) {
	r, ok := w.register(k)
	if ok {
		w.op(name, x, r, dst)
		return
	}
	w.op(name, w.constant(k), x.(int), dst)
}

// tiles writes the loops over tiles and channels of an image transform.
func (w *transform) tiles(name, doc string, freqN int, constants []float32, body func()) {
	w.function(name+w.name, "w", "Winograd", winArgs, doc)
	w.op("MOVQ", "Winograd_Image("+winArgs+")", winImage)
	w.op("MOVQ", "Winograd_Freq("+winArgs+")", winFreq)
	w.op("MOVQ", "Winograd_Row("+winArgs+")", winRow)
	w.op("MOVQ", "Winograd_C("+winArgs+")", winPixel)
	w.op("MOVQ", "Winograd_Stride("+winArgs+")", winFreq1)
	w.op("MOVQ", "Winograd_Count("+winArgs+")", winTiles)
	w.op("SHLQ", "$2", winRow)
	w.op("SHLQ", "$2", winPixel)
	w.op("SHLQ", "$2", winFreq1)
	w.multiples(freqN)
	w.begin(constants...)
	w.eachTile(func() {
		w.op("MOVQ", "Winograd_C("+winArgs+")", winLanes)
		w.op("SHRQ", imm(w.shift()), winLanes)
	}, body)
}

// eachTile writes the loops themselves; lanes counts a pixel's vectors.
func (w *transform) eachTile(lanes, body func()) {
	w.label("tile")
	lanes()
	w.label("lanes")
	body()
	w.op("ADDQ", imm(w.bytes), winImage)
	w.op("ADDQ", imm(w.bytes), winFreq)
	w.op("DECQ", winLanes)
	w.op("JNZ", "lanes")
	w.comment("One pixel lies behind; the next tile is four away.")
	w.op("ADDQ", winPixel3, winImage)
	w.op("DECQ", winTiles)
	w.op("JNZ", "tile")
	w.ret()
}

// taps writes the loop over the elements of a filter transform. Its image is
// the 3×3 taps.
func (w *transform) taps(name, doc string, freqN int, constants []float32, body func()) {
	w.function(name+w.name, "call", "filterCall", winArgs, doc)
	w.op("MOVQ", "filterCall_taps("+winArgs+")", winImage)
	w.op("MOVQ", "filterCall_freq("+winArgs+")", winFreq)
	w.op("MOVQ", "filterCall_tapStride("+winArgs+")", winPixel)
	w.op("MOVQ", "filterCall_freqStride("+winArgs+")", winFreq1)
	w.op("MOVQ", "filterCall_len("+winArgs+")", winLanes)
	w.op("SHRQ", imm(w.shift()), winLanes)
	w.op("LEAQ", indexed(winPixel, winPixel, 2, 0), winRow)
	w.multiples(freqN)
	w.begin(constants...)
	w.label("lanes")
	body()
	w.op("ADDQ", imm(w.bytes), winImage)
	w.op("ADDQ", imm(w.bytes), winFreq)
	w.op("DECQ", winLanes)
	w.op("JNZ", "lanes")
	w.ret()
}

// multiples computes the multiples of the strides.
func (w *transform) multiples(freqN int) {
	w.op("LEAQ", indexed(winRow, winRow, 2, 0), winRow3)
	w.op("LEAQ", indexed(winPixel, winPixel, 2, 0), winPixel3)
	w.op("LEAQ", indexed(winFreq1, winFreq1, 2, 0), winFreq3)
	switch freqN {
	case 5:
		w.op("LEAQ", indexed(winFreq1, winFreq1, 4, 0), winFreqN)
	case 18:
		w.op("LEAQ", indexed(winFreq3, winFreq3, 1, 0), winFreqN)
		w.op("LEAQ", indexed(winFreqN, winFreqN, 2, 0), winFreqN)
	}
}

// pixelColumns visits columns of the image with the cursor at row 0.
func (w *transform) pixelColumns(columns int, body func(column int, row [4]string)) {
	w.op("MOVQ", winImage, winCursor)
	for j := range columns {
		if j > 0 {
			w.op("ADDQ", winPixel, winCursor)
		}
		body(j, w.cursorRows())
	}
}

// cursorRows returns the operands of four rows of the image from the cursor on.
func (w *transform) cursorRows() [4]string {
	return [4]string{
		at(winCursor, 0), indexed(winCursor, winRow, 1, 0), indexed(winCursor, winRow, 2, 0), indexed(winCursor, winRow3, 1, 0),
	}
}

// freqColumns visits the columns of the frequencies; winFreqN is 18.
func (w *transform) freqColumns(body func(column int, row [6]string)) {
	row := [6]string{
		at(winCursor, 0), indexed(winCursor, winFreq3, 2, 0), indexed(winCursor, winFreq3, 4, 0),
		indexed(winCursor, winFreqN, 1, 0), indexed(winCursor, winFreq3, 8, 0), indexed(winCursor2, winFreqN, 1, 0),
	}
	w.op("MOVQ", winFreq, winCursor)
	w.op("LEAQ", indexed(winFreq, winFreq3, 4, 0), winCursor2)
	for j := range 6 {
		if j > 0 {
			w.op("ADDQ", winFreq1, winCursor)
			w.op("ADDQ", winFreq1, winCursor2)
		}
		body(j, row)
	}
}

// freqRow returns the operands of a row of frequencies; winFreqN is 5.
func (w *transform) freqRow(i int) [6]string {
	switch i {
	case 0:
		w.op("MOVQ", winFreq, winCursor)
	case 1, 2, 4: // 6, 12, 24 frequencies
		w.op("LEAQ", indexed(winFreq, winFreq3, 2*i, 0), winCursor)
	case 3: // 18
		w.op("LEAQ", indexed(winFreq, winFreq3, 4, 0), winCursor)
		w.op("LEAQ", indexed(winCursor, winFreq3, 2, 0), winCursor)
	case 5: // 30
		w.op("LEAQ", indexed(winFreq, winFreqN, 4, 0), winCursor)
		w.op("LEAQ", indexed(winCursor, winFreqN, 2, 0), winCursor)
	}
	return [6]string{
		at(winCursor, 0), indexed(winCursor, winFreq1, 1, 0), indexed(winCursor, winFreq1, 2, 0),
		indexed(winCursor, winFreq3, 1, 0), indexed(winCursor, winFreq1, 4, 0), indexed(winCursor, winFreqN, 1, 0),
	}
}

// pixelRow returns the operands of a row of the image.
func (w *transform) pixelRow(i int) [4]string {
	switch i {
	case 0:
		w.op("MOVQ", winImage, winCursor)
	case 1, 2:
		w.op("LEAQ", indexed(winImage, winRow, i, 0), winCursor)
	case 3:
		w.op("LEAQ", indexed(winImage, winRow3, 1, 0), winCursor)
	}
	return [4]string{
		at(winCursor, 0), indexed(winCursor, winPixel, 1, 0),
		indexed(winCursor, winPixel, 2, 0), indexed(winCursor, winPixel3, 1, 0),
	}
}

// input writes Bᵀ·d·B. Rows 1 and 2 of Bᵀ·d share their terms, and so do 3
// and 4; 0 and 5 are on their own.
func (w *transform) input() {
	t := w.temp
	second := func(r, i int) {
		out := w.freqRow(i)
		w.load(r+4, t[0])
		w.subMul(4, r+2, t[0])
		w.load(r+3, t[1])
		w.subMul(4, r+1, t[1])
		w.add(t[0], t[1], t[2])
		w.sub(t[0], t[1], t[3])
		w.op("VMOVUPS", t[2], out[1])
		w.op("VMOVUPS", t[3], out[2])
		w.sub(r+4, r+2, t[0])
		w.sub(r+3, r+1, t[1])
		w.load(t[0], t[2])
		w.addMul(2, t[1], t[2])
		w.subMul(2, t[1], t[0])
		w.op("VMOVUPS", t[2], out[3])
		w.op("VMOVUPS", t[0], out[4])
		w.subMul(5, r+2, r+4)
		w.addMul(4, r, r+4)
		w.op("VMOVUPS", r+4, out[0])
		w.subMul(5, r+3, r+5)
		w.addMul(4, r+1, r+5)
		w.op("VMOVUPS", r+5, out[5])
	}
	w.function("winogradInput"+w.name, "call", "inputCall", winArgs, "transforms a row of 6×6 input patches: Bᵀ·d·B.")
	for _, f := range []struct{ name, register string }{
		{"image", winImage}, {"freq", winFreq}, {"c", winPixel}, {"row", winRow}, {"stride", winFreq1}, {"count", winTiles},
	} {
		w.op("MOVQ", inputField(f.name), f.register)
	}
	w.multiples(5)
	w.begin(4, 5, 2)
	w.eachTile(func() {
		w.op("MOVQ", winPixel, winLanes)
		w.op("SHRQ", imm(w.shift()+2), winLanes)
	}, func() {
		if w.registers == 32 {
			w.inputRows1To4()
			for i := range 4 {
				second(6*i, i+1)
			}
		} else {
			w.comment("rows 1 and 2")
			w.pin(4)
			w.patchColumns("main", 2, func(j int, d [4]string) {
				w.load(d[3], t[0])
				w.subMul(4, d[1], t[0])
				w.load(d[2], t[1])
				w.subMul(4, d[0], t[1])
				w.add(t[0], t[1], j)
				w.sub(t[0], t[1], j+6)
			})
			w.pin()
			second(0, 1)
			second(6, 2)
			w.comment("rows 3 and 4")
			w.pin(2)
			w.patchColumns("twice", 2, func(j int, d [4]string) {
				w.load(d[3], j)
				w.sub(j, d[1], j)
				w.load(d[2], t[1])
				w.sub(t[1], d[0], t[1])
				w.load(j, j+6)
				w.addMul(2, t[1], j)
				w.subMul(2, t[1], j+6)
			})
			w.pin()
			second(0, 3)
			second(6, 4)
		}
		w.comment("rows 0 and 5")
		w.pin(5, 4)
		w.patchColumns("outer", 2, func(j int, d [4]string) {
			w.load(d[3], j)
			w.subMul(5, d[1], j)
			w.load(d[0], t[0])
			w.mul(4, t[0], j+6)
			w.subMul(5, d[2], j+6)
		})
		w.outerRow("above", func(j int, d string) { w.addMul(4, d, j) })
		w.outerRow("below", func(j int, d string) { w.add(j+6, d, j+6) })
		w.pin()
		second(0, 0)
		second(6, 5)
	})
}

// inputRows1To4 leaves rows 1 to 4 of Bᵀ·d in registers.
func (w *transform) inputRows1To4() {
	t, spare := w.temp, w.temp[3]+1
	w.comment("rows 1 to 4")
	w.patchColumns("main", 4, func(j int, d [4]string) {
		for y := range d {
			w.load(d[y], t[y])
		}
		w.sub(t[3], t[1], j+12)
		w.sub(t[2], t[0], j+18)
		w.subMul(4, t[1], t[3])
		w.subMul(4, t[0], t[2])
		w.add(t[3], t[2], j)
		w.sub(t[3], t[2], j+6)
		w.op("VMOVAPS", j+12, spare)
		w.addMul(2, j+18, j+12)
		w.op("VFNMADD213PS", spare, w.hoisted[2], j+18) // spare − 2·(j+18)
	})
}

func inputField(name string) string { return "inputCall_" + name + "(" + winArgs + ")" }

// patchColumns visits the columns of a patch, rows 0 to 3 of the image, for so
// many rows of results, each of which has six registers. Columns outside the
// image leave zeros.
func (w *transform) patchColumns(name string, results int, body func(column int, row [4]string)) {
	w.op("MOVQ", winImage, winCursor)
	w.op("SUBQ", winPixel, winCursor)
	for j := range 6 {
		if j > 0 {
			w.op("ADDQ", winPixel, winCursor)
		}
		if j == 0 || j == 5 {
			for i := range results {
				w.op("VXORPS", 6*i+j, 6*i+j, 6*i+j)
			}
		}
		w.inImage(name, j, func() { body(j, w.cursorRows()) })
	}
}

// inImage skips what belongs to a column outside the image.
func (w *transform) inImage(name string, column int, body func()) {
	side := map[int]string{0: "left", 5: "right"}[column]
	if side == "" {
		body()
		return
	}
	w.op("CMPQ", winTiles, inputField(side))
	w.op("JEQ", name+side)
	body()
	w.label(name + side)
}

// outerRow visits the columns of the row above or below the image's, if there is one.
func (w *transform) outerRow(name string, body func(column int, d string)) {
	w.op("MOVQ", inputField(name), winCursor)
	w.op("TESTQ", winCursor, winCursor)
	w.op("JZ", "no"+name)
	w.op("ADDQ", winImage, winCursor)
	w.op("SUBQ", inputField("image"), winCursor)
	w.op("SUBQ", winPixel, winCursor)
	for j := range 6 {
		if j > 0 {
			w.op("ADDQ", winPixel, winCursor)
		}
		w.inImage(name, j, func() { body(j, at(winCursor, 0)) })
	}
	w.label("no" + name)
}

// finish is what an output transform does with its values before it stores them.
type finish int

const (
	plainOutput  finish = iota // nothing
	activated                  // ReLU(shift + scale·value)
	activatedSum               // ReLU(shift + scale·value + residual)
)

// activate writes the finish of a row of pixels in the registers values; the
// registers spare are free, and so is the second cursor. The cursor is at the
// row.
func (w *transform) activate(f finish, values [4]int, spare int) {
	if f == plainOutput {
		return
	}
	shift, scale, zero := spare, spare+1, spare+2
	w.op("MOVQ", "Winograd_C("+winArgs+")", winCursor2)
	w.op("SHRQ", imm(w.shift()), winCursor2)
	w.op("SUBQ", winLanes, winCursor2) // vectors of channels that lie behind
	w.op("SHLQ", imm(w.shift()+2), winCursor2)
	w.op("ADDQ", "Winograd_Coef("+winArgs+")", winCursor2)
	w.load(at(winCursor2, 0), shift)
	w.load(indexed(winCursor2, winPixel, 1, 0), scale)
	w.op("VXORPS", zero, zero, zero)
	if f == activatedSum {
		w.comment("The residual lies as the image does.")
		w.op("MOVQ", "Winograd_Residual("+winArgs+")", winCursor2)
		w.op("SUBQ", "Winograd_Image("+winArgs+")", winCursor2)
		w.op("ADDQ", winCursor, winCursor2)
	}
	residual := [4]string{
		at(winCursor2, 0), indexed(winCursor2, winPixel, 1, 0),
		indexed(winCursor2, winPixel, 2, 0), indexed(winCursor2, winPixel3, 1, 0),
	}
	for x, v := range values {
		w.op("VFMADD213PS", shift, scale, v)
		if f == activatedSum {
			w.add(v, residual[x], v)
		}
		// The maximum is its first operand here if that is a NaN.
		w.op("VMAXPS", v, zero, v)
	}
}

// output writes Aᵀ·m·A. Rows 0 and 2 of Aᵀ·m are made of sums, rows 1 and 3
// of differences; with 32 registers both pairs go in one pass.
func (w *transform) output(name, doc string, f finish) {
	t := w.temp
	second := func(r, i int) {
		out := w.pixelRow(i)
		w.add(r+1, r+2, t[0])
		w.sub(r+1, r+2, t[1])
		w.add(r+3, r+4, t[2])
		w.sub(r+3, r+4, t[3])
		w.add(r, t[0], r)
		w.add(r, t[2], r)
		w.add(r+5, t[1], r+5)
		w.addMul(8, t[3], r+5)
		w.addMul(2, t[3], t[1])
		w.addMul(4, t[2], t[0])
		values := [4]int{r, t[1], t[0], r + 5}
		w.activate(f, values, r+1)
		for x, reg := range values {
			w.op("VMOVUPS", reg, out[x])
		}
	}
	sums := func(m [6]string, m2, m4 any, y0, y2 int) {
		w.add(t[0], m2, y2)
		w.add(t[2], m4, t[3])
		w.add(y2, t[3], y0)
		w.add(y0, m[0], y0)
		w.addMul(4, t[3], y2)
	}
	differences := func(m [6]string, m2, m4 any, y1, y3 int) {
		w.sub(t[0], m2, y1)
		w.sub(t[2], m4, t[2])
		w.add(y1, m[5], y3)
		w.addMul(2, t[2], y1)
		w.addMul(8, t[2], y3)
	}
	w.tiles(name, doc, 18, []float32{4, 8, 2}, func() {
		w.pin()
		if w.registers == 32 {
			w.freqColumns(func(j int, m [6]string) {
				w.load(m[1], t[0])
				w.load(m[2], t[1])
				w.load(m[3], t[2])
				w.load(m[4], 28)
				sums(m, t[1], 28, j, 12+j)
				differences(m, t[1], 28, 6+j, 18+j)
			})
			for i := range 4 {
				second(6*i, i)
			}
			return
		}
		for i, first := range []func(m [6]string, m2, m4 any, y0, y1 int){sums, differences} {
			w.comment("rows %d and %d", i, i+2)
			w.freqColumns(func(j int, m [6]string) {
				w.load(m[1], t[0])
				w.load(m[3], t[2])
				first(m, m[2], m[4], j, j+6)
			})
			second(0, i)
			second(6, i+2)
		}
	})
}

// gradient writes A·g·Aᵀ, the rows in the pairs of the input transform.
func (w *transform) gradient() {
	t := w.temp
	second := func(r, i int) {
		out := w.freqRow(i)
		w.op("VMOVUPS", r, out[0])
		w.op("VMOVUPS", r+3, out[5])
		w.add(r, r+2, t[0])
		w.add(r+1, r+3, t[1])
		w.add(t[0], t[1], t[2])
		w.sub(t[0], t[1], t[3])
		w.op("VMOVUPS", t[2], out[1])
		w.op("VMOVUPS", t[3], out[2])
		w.addMul(4, r+2, r)
		w.add(r+1, r+1, t[1])
		w.addMul(8, r+3, t[1])
		w.add(r, t[1], t[2])
		w.sub(r, t[1], t[3])
		w.op("VMOVUPS", t[2], out[3])
		w.op("VMOVUPS", t[3], out[4])
	}
	w.tiles("winogradGrad", "transforms 4×4 tiles of an output gradient: A·g·Aᵀ.", 5, []float32{4, 8}, func() {
		w.comment("rows 0 and 5")
		w.pixelColumns(4, func(j int, g [4]string) {
			w.load(g[0], j)
			w.load(g[3], j+4)
		})
		second(0, 0)
		second(4, 5)
		w.comment("rows 1 and 2")
		w.pixelColumns(4, func(j int, g [4]string) {
			w.load(g[0], t[0])
			w.add(t[0], g[2], t[0])
			w.load(g[1], t[1])
			w.add(t[1], g[3], t[1])
			w.add(t[0], t[1], j)
			w.sub(t[0], t[1], j+4)
		})
		second(0, 1)
		second(4, 2)
		w.comment("rows 3 and 4")
		w.pin(4, 8)
		w.pixelColumns(4, func(j int, g [4]string) {
			w.load(g[0], t[0])
			w.addMul(4, g[2], t[0])
			w.load(g[1], t[1])
			w.add(t[1], t[1], t[1])
			w.addMul(8, g[3], t[1])
			w.add(t[0], t[1], j)
			w.sub(t[0], t[1], j+4)
		})
		w.pin()
		second(0, 3)
		second(4, 4)
	})
}

const (
	quarter      = float32(1. / 4)
	sixth        = float32(1. / 6)
	twelfth      = float32(1. / 12)
	twentyFourth = float32(1. / 24)
)

// filter writes G·w·Gᵀ.
func (w *transform) filter() {
	t := w.temp
	// row1And2 and row3And4 apply two rows of G to the vector x.
	row1And2 := func(x0 int, x1, x2 any, y1, y2 int) {
		w.add(x0, x2, t[2])
		w.load(x1, t[3])
		w.mul(-sixth, t[2], t[2])
		w.mul(sixth, t[3], t[3])
		w.sub(t[2], t[3], y1)
		w.add(t[2], t[3], y2)
	}
	row3And4 := func(x0 int, x1, x2 any, y3, y4 int) {
		w.mul(twentyFourth, x0, t[2])
		w.load(x2, t[3])
		w.addMul(sixth, t[3], t[2])
		w.load(x1, t[3])
		w.mul(twelfth, t[3], t[3])
		w.add(t[2], t[3], y3)
		w.sub(t[2], t[3], y4)
	}
	second := func(r, i int) {
		out := w.freqRow(i)
		w.op("VMOVUPS", r+2, out[5])
		row1And2(r, r+1, r+2, 10, 11)
		w.op("VMOVUPS", 10, out[1])
		w.op("VMOVUPS", 11, out[2])
		row3And4(r, r+1, r+2, 10, 11)
		w.op("VMOVUPS", 10, out[3])
		w.op("VMOVUPS", 11, out[4])
		w.mul(quarter, r, r)
		w.op("VMOVUPS", r, out[0])
	}
	w.taps("winogradFilter", "transforms 3×3 filters: G·w·Gᵀ.", 5, []float32{quarter, sixth, twelfth, twentyFourth}, func() {
		w.comment("rows 0 and 5")
		w.pixelColumns(3, func(j int, x [4]string) {
			w.load(x[0], j)
			w.mul(quarter, j, j)
			w.load(x[2], j+3)
		})
		second(0, 0)
		second(3, 5)
		w.comment("rows 1 and 2")
		w.pixelColumns(3, func(j int, x [4]string) {
			w.load(x[0], t[0])
			row1And2(t[0], x[1], x[2], j, j+3)
		})
		second(0, 1)
		second(3, 2)
		w.comment("rows 3 and 4")
		w.pixelColumns(3, func(j int, x [4]string) {
			w.load(x[0], t[0])
			row3And4(t[0], x[1], x[2], j, j+3)
		})
		second(0, 3)
		second(3, 4)
	})
}

// filterGrad writes Gᵀ·p·G.
func (w *transform) filterGrad() {
	t := w.temp
	first := [3]func(j int, p [6]string){
		func(j int, p [6]string) {
			w.load(p[0], j)
			w.mul(quarter, j, j)
			w.load(p[1], t[0])
			w.add(t[0], p[2], t[0])
			w.subMul(sixth, t[0], j)
			w.load(p[3], t[0])
			w.add(t[0], p[4], t[0])
			w.addMul(twentyFourth, t[0], j)
		},
		func(j int, p [6]string) {
			w.load(p[2], j)
			w.sub(j, p[1], j)
			w.mul(sixth, j, j)
			w.load(p[3], t[0])
			w.sub(t[0], p[4], t[0])
			w.addMul(twelfth, t[0], j)
		},
		func(j int, p [6]string) {
			w.load(p[5], j)
			w.load(p[3], t[0])
			w.add(t[0], p[4], t[0])
			w.addMul(sixth, t[0], j)
			w.load(p[1], t[0])
			w.add(t[0], p[2], t[0])
			w.subMul(sixth, t[0], j)
		},
	}
	w.taps("winogradFilterGrad", "transforms products back to 3×3 filters: Gᵀ·p·G.", 18, []float32{quarter, sixth, twelfth, twentyFourth}, func() {
		for i := range 3 {
			w.comment("row %d", i)
			w.freqColumns(first[i])
			out := w.pixelRow(i)
			w.add(1, 2, t[0])
			w.add(3, 4, t[1])
			w.sub(2, 1, t[2])
			w.sub(3, 4, t[3])
			w.mul(quarter, 0, 0)
			w.subMul(sixth, t[0], 0)
			w.addMul(twentyFourth, t[1], 0)
			w.op("VMOVUPS", 0, out[0])
			w.mul(sixth, t[2], t[2])
			w.addMul(twelfth, t[3], t[2])
			w.op("VMOVUPS", t[2], out[1])
			w.addMul(sixth, t[1], 5)
			w.subMul(sixth, t[0], 5)
			w.op("VMOVUPS", 5, out[2])
		}
	})
}
