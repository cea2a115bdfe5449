package main

// Registers of the transforms of gradients of stride-2 convolutions, beside
// those of gen/stride2.go.
const (
	s2Lines   = "R8"  // where s2Freq is the points
	s2Stride  = "R14" // bytes from value to value
	s2Stride3 = "R15"
)

const (
	s2GradPoints = 5 // values along an axis of what is transformed
	s2GradPlain  = 4 // positions along an axis of what is not
)

// A value of a gradient's tile is transformed along both axes, or along one of
// them at a position of the other.
func gradPointAt(i, j int) place { return place{s2Freq, [2]int{0, s2GradPoints*i + j}} }
func gradDownAt(i, x int) place  { return place{s2Lines, [2]int{x, s2GradPlain * i}} }
func gradAcrossAt(y, j int) place {
	return place{s2Lines, [2]int{y, s2GradPlain * (s2GradPoints + j)}}
}

// An accumulator of a filter's gradient has the number of its values, with the
// positions as one: point s2GradPoints.
func factorAt(i, j int) place {
	const points = s2GradPoints * s2GradPoints
	n := s2GradPoints*i + j
	switch {
	case i == s2GradPoints && j == s2GradPoints:
		n = points + 2*s2GradPoints
	case i == s2GradPoints:
		n = points + s2GradPoints + j
	case j == s2GradPoints:
		n = points + i
	}
	return place{s2Freq, [2]int{0, n}}
}

// odd is F(4, 2)'s of values at points to 4 positions.
func (s stride2) odd(m []vector) []vector {
	sum, difference := s.add(m[2], m[3]), s.sub(m[2], m[3])
	return []vector{
		s.add(s.add(m[0], sum), m[4]),
		s.mulAdd(2, m[4], difference),
		s.mulAdd(4, m[4], sum),
		s.mulAdd(8, m[4], s.add(difference, m[1])),
	}
}

// oddTransposed is the transpose of odd.
func (s stride2) oddTransposed(x []vector) []vector {
	even, odd := s.add(x[0], x[2]), s.add(x[1], x[3])
	return []vector{
		x[0], x[3], s.add(even, odd), s.sub(even, odd),
		s.mulAdd(2, s.mulAdd(4, x[3], x[1]), s.mulAdd(4, x[2], x[0])),
	}
}

// taps is of sums of products at points, and of plain ones, to a filter's gradient.
func (s stride2) taps(p []vector) []vector {
	return []vector{
		s.mulAdd(1./2, p[2], s.mulAdd(1./3, p[4], s.mulAdd(-1./6, p[3], p[1]))),
		p[5],
		s.mulAdd(1./2, s.add(p[0], p[2]), s.mul(1./6, s.add(p[3], p[4]))),
	}
}

func writeStride2Grad(a *assembler) {
	for _, f := range []struct {
		name, doc    string
		below, right bool // there is a row below the image's, a pixel right of the last one
	}{
		{"stride2OutputGrad", "transforms 5×5 patches of an output gradient to 65 values.", true, true},
		{"stride2OutputGradRight", "is stride2OutputGrad of a tile with zeros on its right.", true, false},
		{"stride2OutputGradBottom", "is stride2OutputGrad with zeros below.", false, true},
		{"stride2OutputGradCorner", "is stride2OutputGrad of a tile with zeros below and on its right.", false, false},
	} {
		writeGradTiles(a, f.name, f.doc, s2Outputs, []float32{2, -2}, func(s stride2) { s.writeOutputGrad(f.below, f.right) })
	}
	writeGradTiles(a, "stride2InputGrad", "transforms 65 products to 8×8 gradients, but those in even rows and columns.", 2*s2Outputs,
		[]float32{2, 4, 8}, stride2.writeInputGrad)
	writeGradTiles(a, "stride2InputTile", "transforms 8×8 inputs to 65 values: the transpose of stride2InputGrad.", 2*s2Outputs,
		[]float32{2, 4}, stride2.writeInputTile)
	writeTaps(a, "stride2FilterGrad", "transforms 36 sums of products to 3×3 filters.", []float32{1. / 2, 1. / 3, 1. / 6, -1. / 6}, stride2.writeFilterGrad)
}

// passes are the points of one axis by how many are worked on at once.
func (s stride2) passes() [][]int {
	if s.registers == 32 {
		return [][]int{{0, 1, 2, 3, 4}}
	}
	return [][]int{{0, 1, 4}, {2, 3}}
}

func (s stride2) writeOutputGrad(below, right bool) {
	zero := s.plain(stepZero, 0)
	pixel := func(y, x int) vector {
		switch {
		case x == s2Outputs && !right || y == s2Outputs && !below:
			return zero
		case y == s2Outputs:
			return s.get(place{s2Beside, [2]int{0, x}})
		}
		return s.get(pixelAt(y, x))
	}
	for _, points := range s.passes() {
		var columns [s2Outputs + 1][]vector
		for x := range columns {
			columns[x] = s.points(pixel(0, x), pixel(1, x), pixel(2, x), pixel(3, x), pixel(4, x))
			for _, i := range points {
				if x < s2GradPlain {
					s.put(columns[x][i], gradDownAt(i, x))
				}
			}
		}
		for _, i := range points {
			for j, v := range s.points(columns[0][i], columns[1][i], columns[2][i], columns[3][i], columns[4][i]) {
				s.put(v, gradPointAt(i, j))
			}
		}
	}
	for y := range s2GradPlain {
		for j, v := range s.points(pixel(y, 0), pixel(y, 1), pixel(y, 2), pixel(y, 3), pixel(y, 4)) {
			s.put(v, gradAcrossAt(y, j))
		}
	}
}

func (s stride2) writeInputGrad() {
	for x := range s2GradPlain {
		for y, v := range s.odd(s.gets(s2GradPoints, func(i int) place { return gradDownAt(i, x) })) {
			s.put(v, pixelAt(2*y+1, 2*x))
		}
	}
	for y := range s2GradPlain {
		for x, v := range s.odd(s.gets(s2GradPoints, func(j int) place { return gradAcrossAt(y, j) })) {
			s.put(v, pixelAt(2*y, 2*x+1))
		}
	}
	var rows [s2GradPoints][]vector
	for i := range rows {
		rows[i] = s.odd(s.gets(s2GradPoints, func(j int) place { return gradPointAt(i, j) }))
	}
	for x := range s2Outputs {
		for y, v := range s.odd(s.crossing(rows[:], x)) {
			s.put(v, pixelAt(2*y+1, 2*x+1))
		}
	}
}

func (s stride2) writeInputTile() {
	for x := range s2GradPlain {
		for i, v := range s.oddTransposed(s.gets(s2Outputs, func(y int) place { return pixelAt(2*y+1, 2*x) })) {
			s.put(v, gradDownAt(i, x))
		}
	}
	for y := range s2GradPlain {
		for j, v := range s.oddTransposed(s.gets(s2Outputs, func(x int) place { return pixelAt(2*y, 2*x+1) })) {
			s.put(v, gradAcrossAt(y, j))
		}
	}
	var columns [s2Outputs][]vector
	for x := range columns {
		columns[x] = s.oddTransposed(s.gets(s2Outputs, func(y int) place { return pixelAt(2*y+1, 2*x+1) }))
	}
	for i := range s2GradPoints {
		for j, v := range s.oddTransposed(s.crossing(columns[:], i)) {
			s.put(v, gradPointAt(i, j))
		}
	}
}

func (s stride2) writeFilterGrad() {
	var rows [s2GradPoints + 1][]vector
	for i := range rows {
		rows[i] = s.taps(s.gets(s2GradPoints+1, func(j int) place { return factorAt(i, j) }))
	}
	for x := range s2Taps {
		for y, v := range s.taps(s.crossing(rows[:], x)) {
			s.put(v, tapAt(y, x))
		}
	}
}

// writeGradTiles writes the loops over the tiles of a row and their channels;
// tiles are so many pixels apart.
func writeGradTiles(a *assembler, name, doc string, pixels int, constants []float32, body func(stride2)) {
	s := stride2{&line{assembler: a, frame: s2Frame}}
	a.framed(name+a.name, "call", "stride2GradCall", doc, func() int {
		s.arguments("stride2GradCall", []string{"image", "below", "points", "lines", "row", "c", "stride", "count"},
			[]string{s2Image, s2Beside, s2Freq, s2Lines, s2Row, s2Pixel, s2Stride, s2Lanes})
		a.op("MOVQ", s2Lanes, s2Tiles)
		a.op("LEAQ", indexed(s2Pixel, s2Pixel, 2, 0), s2Pixel3)
		a.op("LEAQ", indexed(s2Stride, s2Stride, 2, 0), s2Stride3)
		across := stride{1: s2Pixel, 3: s2Pixel3}
		image := [2]stride{{1: s2Row, 3: s2Row3}, across}
		values := [2]stride{across, {1: s2Stride, 3: s2Stride3}}
		s.prepare(map[string][2]stride{s2Image: image, s2Beside: image, s2Freq: values, s2Lines: values}, constants)
		a.label("tile")
		a.op("MOVQ", s2Pixel, s2Lanes)
		a.op("SHRQ", imm(a.shift()+2), s2Lanes)
		frame := s.lanes(body, s2Image, s2Beside, s2Freq, s2Lines)
		a.comment("On to the next tile.")
		s.advance(pixels-1, s2Image, s2Beside)
		s.advance(s2GradPlain-1, s2Lines)
		a.op("DECQ", s2Tiles)
		a.op("JNZ", "tile")
		a.ret()
		return frame
	})
}
