package cpu

// The transforms of the gradients of 3×3 convolutions with stride 2. Along one
// axis, with g the gradient of the outputs, that of the inputs is
//
//	dx[2i]   = w₁·g[i]
//	dx[2i+1] = w₂·g[i] + w₀·g[i+1].
//
// Of a tile of 8 inputs the odd ones are a convolution of 5 outputs' gradients
// with 2 taps: F(4, 2) of generic_stride2.go, with 5 values B·g, factors of the
// filter turned by 180°, and 4 results A·m. The even ones are products of g as
// it is, of 4 positions with one factor. In two dimensions that makes 81
// products for the 144 of a tile of 8×8 inputs: 25 of values transformed along
// both axes; 40 of values transformed along one of them, four positions of the
// other sharing one of 10 factors; and 16 of g as it is with the filter's
// center, which need no transform.
//
// The gradient of the filter pairs the same values with the tile's inputs,
// transformed by Aᵀ: the sums over all tiles, and over all positions that
// share a factor, become that of the 3 taps along an axis by
//
//	     ⎡ 0   1  1/2 -1/6  1/3  0⎤
//	dw = ⎢ 0   0   0    0    0   1⎥ · (points 0, ∞, 1, −1, 2; positions)
//	     ⎣1/2  0  1/2  1/6  1/6  0⎦

const (
	// Stride2GradValues is the number of values of a tile that are transformed.
	Stride2GradValues = 25 + 10*4
	// Stride2Factors is the number of different factors of a filter.
	Stride2Factors = 25 + 10 + 1
	// Stride2Center is the factor of values as they are, the filter's center.
	Stride2Center = Stride2Factors - 1
)

// Stride2Grads lists the products with transformed values: Count of them from
// the factor on, each over so many positions of every tile.
var Stride2Grads = [...]struct{ Value, Factor, Count, Positions int }{
	{0, 0, 25, 1}, {25, 25, 10, 4},
}

// Stride2GradFactors lists the factors of gradients by their numbers among
// those that Stride2Filter makes of the filter turned by 180°.
var Stride2GradFactors = func() (numbers [Stride2Factors]int) {
	along := [6]int{0, 2, 4, 5, 6, 1}
	for i := range along {
		for j := range along {
			numbers[stride2Factor(i, j)] = stride2Value(along[i], along[j])
		}
	}
	return numbers
}()

// stride2Factor is the number of the factor at point i along y and j along x,
// where 5 stands for values as they are.
func stride2Factor(i, j int) int {
	switch {
	case i < 5 && j < 5:
		return 5*i + j
	case i < 5:
		return 25 + i
	case j < 5:
		return 30 + j
	}
	return Stride2Center
}

// point, down and across are where values lie: transformed along both axes,
// along y at column x, along x at row y.
func (s *Stride2Grad) point(tile, i, j int) int  { return (5*i+j)*s.Stride + (s.First+tile)*s.C }
func (s *Stride2Grad) down(tile, i, x int) int   { return s.line(tile, i, x) }
func (s *Stride2Grad) across(tile, y, j int) int { return s.line(tile, 5+j, y) }

func (s *Stride2Grad) line(tile, line, position int) int {
	return (25+4*line)*s.Stride + (4*(s.First+tile)+position)*s.C
}

// stride2Points is B·g.
func stride2Points(g0, g1, g2, g3, g4 float32) (v0, v1, v2, v3, v4 float32) {
	v, falls := g3-g1, g2-g3
	return 2*(g0-g2) + v, g4 - g2 - 2*v, 2*g1 + falls, 2*(g2-g1) + falls, v
}

// stride2Odd is A·m.
func stride2Odd(m0, m1, m2, m3, m4 float32) (x0, x1, x2, x3 float32) {
	sum, difference := m2+m3, m2-m3
	return m0 + sum + m4, difference + 2*m4, sum + 4*m4, difference + m1 + 8*m4
}

// stride2OddTransposed is Aᵀ·x.
func stride2OddTransposed(x0, x1, x2, x3 float32) (v0, v1, v2, v3, v4 float32) {
	even, odd := x0+x2, x1+x3
	return x0, x3, even + odd, even - odd, 2*(4*x3+x1) + (4*x2 + x0)
}

// stride2Taps is of sums of products to the gradient of taps.
func stride2Taps(p0, p1, p2, p3, p4, p5 float32) (w0, w1, w2 float32) {
	return p1 - p3*(1./6) + p4*(1./3) + p2*(1./2), p5, (p0+p2)*(1./2) + (p3+p4)*(1./6)
}

func genericStride2OutputGrad(s *Stride2Grad) {
	s.checkOutput()
	for t := range s.Count {
		for c := range s.C {
			var g, h [5][5]float32
			s.patch(t, c, &g)
			f := s.Freq[c:]
			for x := range 5 {
				h[0][x], h[1][x], h[2][x], h[3][x], h[4][x] = stride2Points(g[0][x], g[1][x], g[2][x], g[3][x], g[4][x])
			}
			for i := range 5 {
				r, p := &h[i], s.point(t, i, 0)
				for x, v := range r[:4] {
					f[s.down(t, i, x)] = v
				}
				r[0], r[1], r[2], r[3], r[4] = stride2Points(r[0], r[1], r[2], r[3], r[4])
				for j, v := range r {
					f[p+j*s.Stride] = v
				}
			}
			for y := range 4 {
				r, p := &g[y], s.across(t, y, 0)
				r[0], r[1], r[2], r[3], r[4] = stride2Points(r[0], r[1], r[2], r[3], r[4])
				for j, v := range r {
					f[p+4*j*s.Stride] = v
				}
			}
		}
	}
}

// patch loads what the transform of an output gradient reads of a tile.
func (s *Stride2Grad) patch(tile, c int, g *[5][5]float32) {
	width := 5
	if tile == s.Count-1 {
		width = 4
	}
	at := 4*tile*s.C + c
	for x := range width {
		for y := range 4 {
			g[y][x] = s.Image[y*s.Row+at+x*s.C]
		}
		if s.Below != nil {
			g[4][x] = s.Below[at+x*s.C]
		}
	}
}

func genericStride2InputGrad(s *Stride2Grad) {
	s.check("Stride2InputGrad", 8)
	for t := range s.Count {
		for c := range s.C {
			f, to := s.Freq[c:], s.Image[8*t*s.C+c:]
			var h [5][4]float32
			for i := range h {
				m, r := f[s.point(t, i, 0):], &h[i]
				r[0], r[1], r[2], r[3] = stride2Odd(m[0], m[s.Stride], m[2*s.Stride], m[3*s.Stride], m[4*s.Stride])
			}
			down, right, line := 2*s.Row, 2*s.C, 4*s.Stride
			for k := range 4 {
				// Of odd columns, of even ones, of even rows.
				p := (2*k+1)*s.C + s.Row
				to[p], to[p+down], to[p+2*down], to[p+3*down] = stride2Odd(h[0][k], h[1][k], h[2][k], h[3][k], h[4][k])
				m, p := f[s.down(t, 0, k):], 2*k*s.C+s.Row
				to[p], to[p+down], to[p+2*down], to[p+3*down] = stride2Odd(m[0], m[line], m[2*line], m[3*line], m[4*line])
				m, p = f[s.across(t, k, 0):], 2*k*s.Row+s.C
				to[p], to[p+right], to[p+2*right], to[p+3*right] = stride2Odd(m[0], m[line], m[2*line], m[3*line], m[4*line])
			}
		}
	}
}

func genericStride2InputTile(s *Stride2Grad) {
	s.check("Stride2InputTile", 8)
	for t := range s.Count {
		for c := range s.C {
			f, from := s.Freq[c:], s.Image[8*t*s.C+c:]
			var h [5][4]float32
			down, right, line := 2*s.Row, 2*s.C, 4*s.Stride
			for k := range 4 {
				x := from[(2*k+1)*s.C+s.Row:]
				h[0][k], h[1][k], h[2][k], h[3][k], h[4][k] = stride2OddTransposed(x[0], x[down], x[2*down], x[3*down])
				x, v := from[2*k*s.C+s.Row:], f[s.down(t, 0, k):]
				v[0], v[line], v[2*line], v[3*line], v[4*line] = stride2OddTransposed(x[0], x[down], x[2*down], x[3*down])
				x, v = from[2*k*s.Row+s.C:], f[s.across(t, k, 0):]
				v[0], v[line], v[2*line], v[3*line], v[4*line] = stride2OddTransposed(x[0], x[right], x[2*right], x[3*right])
			}
			for i := range h {
				r, v := &h[i], f[s.point(t, i, 0):]
				v[0], v[s.Stride], v[2*s.Stride], v[3*s.Stride], v[4*s.Stride] = stride2OddTransposed(r[0], r[1], r[2], r[3])
			}
		}
	}
}

func genericStride2FilterGrad(f *Filter) {
	f.check("Stride2FilterGrad", Stride2Factors)
	for n := range f.Len {
		var h [6][3]float32
		for i := range h {
			p := func(j int) float32 { return f.Freq[stride2Factor(i, j)*f.Len+n] }
			h[i][0], h[i][1], h[i][2] = stride2Taps(p(0), p(1), p(2), p(3), p(4), p(5))
		}
		for x := range 3 {
			o := x*f.Len + n
			f.Taps[o], f.Taps[o+3*f.Len], f.Taps[o+6*f.Len] = stride2Taps(h[0][x], h[1][x], h[2][x], h[3][x], h[4][x], h[5][x])
		}
	}
}
