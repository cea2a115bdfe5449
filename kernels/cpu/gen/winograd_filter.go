package main

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
