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
