package main

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
