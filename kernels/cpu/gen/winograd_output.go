package main

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
