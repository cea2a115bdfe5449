package main

import "fmt"

// Registers of the transforms of stride-2 convolutions. What a base points to
// moves from vector to vector of channels.
const (
	s2Image  = "SI"
	s2Freq   = "DI"
	s2Coef   = "R8"
	s2Beside = "R9" // residual, or the row above the image's
	s2Row    = "BX" // bytes from row to row of the image, or from tap to tap
	s2Row3   = "R12"
	s2Pixel  = "DX" // bytes from pixel to pixel and from value to value
	s2Pixel3 = "R13"
	s2Pixel5 = "R14"
	s2Lanes  = "CX" // vectors of channels left
	s2Tiles  = "(SP)"
)

var s2Cursors = []string{"AX", "R10", "R11"}

// A stride2 writes the transforms of generic_stride2.go. Both axes have the
// same one-dimensional transforms, one applied after the other: for those
// lines of the first one at a time that share terms.
type stride2 struct{ *line }

const (
	s2Outputs  = 4  // of a tile along an axis
	s2Values   = 9  // that a tile's inputs become, along an axis
	s2Products = 7  // sums of products that a tile's outputs are made of, along an axis
	s2Taps     = 3  // of a filter, along an axis
	s2Inputs   = 9  // pixels of a tile along an axis
	s2Shared   = 4  // values along an axis that share a product with another one
	s2Frame    = 16 // bytes of the stack frame for the counters
)

// s2Value and s2Product number what lies in row i and column j of a tile's
// values and products: stride2Value and stride2Product in package cpu.
func s2Value(i, j int) int {
	const shared, single = s2Shared, s2Values - s2Shared
	switch {
	case i < shared && j < shared:
		return 4*(i/2*2+j/2) + i%2*2 + j%2
	case i < shared:
		return shared*shared + 2*(i/2*single+j-shared) + i%2
	case j < shared:
		return shared*(shared+single) + 2*((i-shared)*2+j/2) + j%2
	}
	return shared*(shared+2*single) + (i-shared)*single + j - shared
}

func s2Product(a, b int) int {
	const single = s2Products - 2
	switch {
	case a < 2 && b < 2:
		return 2*a + b
	case a < 2:
		return 4 + single*a + b - 2
	case b < 2:
		return 4 + 2*single + 2*(a-2) + b
	}
	return 4 + 4*single + single*(a-2) + b - 2
}

func pixelAt(y, x int) place   { return place{s2Image, [2]int{y, x}} }
func valueAt(i, j int) place   { return place{s2Freq, [2]int{0, s2Value(i, j)}} }
func productAt(a, b int) place { return place{s2Freq, [2]int{0, s2Product(a, b)}} }
func tapAt(y, x int) place     { return place{s2Image, [2]int{s2Taps*y + x, 0}} }

// The one-dimensional transforms.

// points is F(4, 2)'s of 5 positions to values at the points 0, ∞, 1, −1, 2.
func (s stride2) points(d0, d1, d2, d3, d4 vector) []vector {
	v2 := s.sub(d3, d1)
	falls := s.sub(d2, d3)
	return []vector{
		s.mulAdd(2, s.sub(d0, d2), v2),
		s.mulAdd(-2, v2, s.sub(d4, d2)),
		s.mulAdd(2, d1, falls),
		s.mulAdd(2, s.sub(d2, d1), falls),
		v2,
	}
}

// input is of positions to values: the even ones by points, the others as
// they are.
func (s stride2) input(d []vector) []vector {
	v := s.points(d[0], d[2], d[4], d[6], d[8])
	return []vector{v[0], d[1], v[1], d[7], v[2], v[3], v[4], d[3], d[5]}
}

// output is of products to outputs.
func (s stride2) output(m []vector) []vector {
	sum, difference := s.add(m[2], m[3]), s.sub(m[2], m[3])
	return []vector{
		s.add(s.add(m[0], sum), m[4]),
		s.mulAdd(2, m[4], s.add(difference, m[5])),
		s.mulAdd(4, m[4], s.add(sum, m[6])),
		s.mulAdd(8, m[4], s.add(difference, m[1])),
	}
}

// filter is of taps to the values' factors.
func (s stride2) filter(w []vector) []vector {
	half, halfLast := s.mul(1./2, w[0]), s.mul(1./2, w[2])
	return []vector{
		half, w[1], w[2], w[1],
		s.add(half, halfLast),
		s.mul(1./3, s.sub(half, halfLast)),
		s.mul(1./3, s.add(half, w[2])), w[1], w[1],
	}
}

func writeStride2(a *assembler) {
	for _, f := range []struct {
		name, doc string
		above     bool // there is a row above the image's
		left      bool // there is a pixel left of the first one
	}{
		{"stride2Input", "transforms 9×9 patches of inputs to 81 values.", true, true},
		{"stride2InputLeft", "is stride2Input of a tile with zeros on its left.", true, false},
		{"stride2InputTop", "is stride2Input with zeros above.", false, true},
		{"stride2InputCorner", "is stride2Input of a tile with zeros above and on its left.", false, false},
	} {
		writeTiles(a, f.name, f.doc, "Above", 2*s2Outputs, 1, s2Values*s2Values, []float32{2, -2}, func(s stride2) { s.writeInput(f.above, f.left) })
	}
	for _, f := range []struct {
		name, doc string
		finish    finish
	}{
		{"stride2Output", "transforms 49 products to 4×4 outputs.", plainOutput},
		{"stride2Activate", "is stride2Output with ReLU(shift + scale·value).", activated},
		{"stride2ActivateSum", "is stride2Output with ReLU(shift + scale·value + residual).", activatedSum},
	} {
		writeTiles(a, f.name, f.doc, "Residual", s2Outputs, 0, s2Products*s2Products, []float32{2, 4, 8}, func(s stride2) { s.writeOutput(f.finish) })
	}
	writeTaps(a, "stride2Filter", "transforms 3×3 filters to 81 factors.", []float32{1. / 2, 1. / 3}, stride2.writeFilter)
}

func (s stride2) writeInput(above, left bool) {
	for _, lines := range [][]int{{1}, {3}, {7}, {8}, {0, 2}, {4, 5, 6}} {
		zero := s.plain(stepZero, 0)
		var columns [s2Inputs][]vector
		for x := range columns {
			pixels := make([]vector, s2Inputs)
			for y := range pixels {
				switch {
				case x == 0 && !left || y == 0 && !above:
					pixels[y] = zero
				case y == 0:
					pixels[y] = s.get(place{s2Beside, [2]int{0, x}})
				default:
					pixels[y] = s.get(pixelAt(y-1, x))
				}
			}
			columns[x] = s.input(pixels)
		}
		for _, i := range lines {
			for j, v := range s.input(s.crossing(columns[:], i)) {
				s.put(v, valueAt(i, j))
			}
		}
	}
}

func (s stride2) writeOutput(f finish) {
	var shift, scale, zero vector
	for _, columns := range [][]int{{0, 2}, {1, 3}} {
		var rows [s2Products][]vector
		for a := range rows {
			rows[a] = s.output(s.gets(s2Products, func(b int) place { return productAt(a, b) }))
		}
		if f != plainOutput {
			shift, scale = s.get(place{base: s2Coef}), s.get(place{s2Coef, [2]int{0, 1}})
			zero = s.plain(stepZero, 0)
		}
		for _, x := range columns {
			for y, v := range s.output(s.crossing(rows[:], x)) {
				if f != plainOutput {
					v = s.plain(stepFused, 0, v, scale, shift)
				}
				if f == activatedSum {
					v = s.add(v, s.get(place{s2Beside, [2]int{y, x}}))
				}
				if f != plainOutput {
					v = s.plain(stepMax, 0, zero, v)
				}
				s.put(v, pixelAt(y, x))
			}
		}
	}
}

func (s stride2) writeFilter() {
	for i := range s2Values {
		var columns [s2Taps][]vector
		for x := range columns {
			columns[x] = s.filter(s.gets(s2Taps, func(y int) place { return tapAt(y, x) }))
		}
		for j, v := range s.filter(s.crossing(columns[:], i)) {
			s.put(v, valueAt(i, j))
		}
	}
}

// writeTiles writes the loops over the tiles of a row and their channels:
// tiles are so many pixels and values apart, and begin so many pixels before
// the image. The field beside is of pixels that lie as the image's do.
func writeTiles(a *assembler, name, doc, beside string, pixels, before, values int, constants []float32, body func(stride2)) {
	field := func(f string) string { return fmt.Sprintf("Stride2_%s(%s)", f, s2Cursors[0]) }
	s := stride2{&line{assembler: a, frame: s2Frame}}
	a.framed(name+a.name, "s", "Stride2", doc, func() int {
		a.op("MOVQ", "s+0(FP)", s2Cursors[0])
		a.op("MOVQ", field("Image"), s2Image)
		a.op("MOVQ", field("Freq"), s2Freq)
		a.op("MOVQ", field("Coef"), s2Coef)
		a.op("MOVQ", field(beside), s2Beside)
		a.op("MOVQ", field("Row"), s2Row)
		a.op("MOVQ", field("C"), s2Pixel)
		a.op("MOVQ", field("Count"), s2Lanes)
		a.op("MOVQ", s2Lanes, s2Tiles)
		a.op("SHLQ", "$2", s2Row)
		a.op("SHLQ", "$2", s2Pixel)
		for range before {
			a.op("SUBQ", s2Pixel, s2Image)
			a.op("SUBQ", s2Pixel, s2Beside)
		}
		image := [2]stride{{1: s2Row, 3: s2Row3}, s.multiples()}
		s.prepare(map[string][2]stride{s2Image: image, s2Beside: image, s2Freq: image, s2Coef: image}, constants)
		a.label("tile")
		a.op("MOVQ", s2Pixel, s2Lanes)
		a.op("SHRQ", imm(a.shift()+2), s2Lanes)
		frame := s.lanes(body, s2Image, s2Freq, s2Coef, s2Beside)
		a.comment("Back to the first channel, and images and values on to the next tile.")
		a.op("SUBQ", s2Pixel, s2Coef)
		s.advance(pixels-1, s2Image, s2Beside)
		s.advance(values-1, s2Freq)
		a.op("DECQ", s2Tiles)
		a.op("JNZ", "tile")
		a.ret()
		return frame
	})
}

// writeTaps writes the loop over the elements of a filter. Its image is the
// taps.
func writeTaps(a *assembler, name, doc string, constants []float32, body func(stride2)) {
	s := stride2{&line{assembler: a}}
	a.framed(name+a.name, "call", "filterCall", doc, func() int {
		s.arguments("filterCall", []string{"taps", "freq", "tapStride", "freqStride", "len"},
			[]string{s2Image, s2Freq, s2Row, s2Pixel, s2Lanes})
		s.prepare(map[string][2]stride{s2Image: {{1: s2Row, 3: s2Row3}}, s2Freq: {1: s.multiples()}}, constants)
		a.op("SHRQ", imm(a.shift()), s2Lanes)
		frame := s.lanes(body, s2Image, s2Freq)
		a.ret()
		return frame
	})
}

// arguments loads fields of the argument into registers.
func (s stride2) arguments(argument string, fields, registers []string) {
	s.op("MOVQ", "call+0(FP)", s2Cursors[0])
	for i, f := range fields {
		s.op("MOVQ", fmt.Sprintf("%s_%s(%s)", argument, f, s2Cursors[0]), registers[i])
	}
}

// multiples computes those of the stride from pixel to pixel.
func (s stride2) multiples() stride {
	s.op("LEAQ", indexed(s2Pixel, s2Pixel, 2, 0), s2Pixel3)
	s.op("LEAQ", indexed(s2Pixel, s2Pixel, 4, 0), s2Pixel5)
	return stride{1: s2Pixel, 3: s2Pixel3, 5: s2Pixel5}
}

// prepare computes three times the stride from row to row and hoists constants
// where there are registers for it.
func (s stride2) prepare(strides map[string][2]stride, constants []float32) {
	s.op("LEAQ", indexed(s2Row, s2Row, 2, 0), s2Row3)
	s.places = newPlaces(s.assembler, strides, s2Cursors...)
	if s.registers < 32 {
		return
	}
	s.hoisted = map[float32]int{}
	for i, c := range constants {
		s.hoisted[c] = s.registers - 1 - i
		s.op("VMOVUPS", s.constant(c), s.hoisted[c])
	}
}

// lanes writes the loop over vectors, which moves the bases on, and returns
// the size of the stack frame.
func (s stride2) lanes(body func(stride2), bases ...string) int {
	s.label("lanes")
	body(s)
	frame := s.write()
	for _, b := range bases {
		s.op("ADDQ", imm(s.bytes), b)
	}
	s.op("DECQ", s2Lanes)
	s.op("JNZ", "lanes")
	return frame
}

// advance moves bases on by multiples of the bytes of a pixel.
func (s stride2) advance(pixels int, bases ...string) {
	s.op("IMUL3Q", imm(pixels), s2Pixel, s2Cursors[0])
	for _, b := range bases {
		s.op("ADDQ", s2Cursors[0], b)
	}
}

// gets loads n vectors.
func (s stride2) gets(n int, at func(int) place) []vector {
	v := make([]vector, n)
	for i := range v {
		v[i] = s.get(at(i))
	}
	return v
}

// crossing returns vector i of each line.
func (s stride2) crossing(lines [][]vector, i int) []vector {
	v := make([]vector, len(lines))
	for k, line := range lines {
		v[k] = line[i]
	}
	return v
}

func (s stride2) mul(k float32, x vector) vector { return s.plain(stepMul, k, x) }
