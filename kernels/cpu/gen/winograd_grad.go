package main

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
