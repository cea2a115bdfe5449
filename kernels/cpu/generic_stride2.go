package cpu

// The transforms of 3×3 convolutions with stride 2. Along one axis an output
// is y[i] = w₀·d[2i] + w₁·d[2i+1] + w₂·d[2i+2]. Of four outputs the parts with
// w₀ and w₂ are a convolution of the even positions with 2 taps, by F(4, 2)
// with the points 0, ∞, 1, −1, 2 (Winograd, "Arithmetic Complexity of
// Computations", 1980); those with w₁ are products of the odd positions as
// they are. That makes 9 products instead of 12, of values v = B·d with
// factors u = G·w:
//
//	       d: 0  1  2  3  4  5  6  7  8         w₀   w₁   w₂
//	v₀ (0)    2    -1    -2     1               1/2
//	v₁           1                                    1
//	v₂ (∞)          2    -1    -2     1                   1
//	v₃                          1                     1
//	v₄ (1)          2     1    -1               1/2      1/2
//	v₅ (-1)        -2     3    -1               1/6     -1/6
//	v₆ (2)         -1           1               1/6      1/3
//	v₇                 1                              1
//	v₈                       1                        1
//
// Outputs are y = A·m of seven sums of them, since the points 0 and ∞ belong
// to one output each, to which another product is simply added:
//
//	m₀ = v₀u₀+v₁u₁, m₁ = v₂u₂+v₃u₃, m₂ = v₄u₄, m₃ = v₅u₅, m₄ = v₆u₆, m₅ = v₇u₇, m₆ = v₈u₈
//
//	y₀ = m₀ + m₂ + m₃ +  m₄
//	y₁ =      m₂ − m₃ + 2m₄ + m₅
//	y₂ =      m₂ + m₃ + 4m₄      + m₆
//	y₃ = m₁ + m₂ − m₃ + 8m₄
//
// In two dimensions that makes 81 products instead of 144 for 4×4 outputs, in
// 49 sums of 1, 2 or 4.

const (
	// Stride2Values is the number of values of a tile, Stride2Products that of
	// the sums of products: a sum over Slots values and all channels is one
	// product of matrices.
	Stride2Values   = 9 * 9
	Stride2Products = 7 * 7
)

// Stride2Sums lists the sums of products of a tile: Count sums from the one
// with number Product on, each over Slots values from number Value on.
var Stride2Sums = [...]struct{ Product, Value, Count, Slots int }{
	{0, 0, 4, 4}, {4, 16, 20, 2}, {24, 56, 25, 1},
}

// stride2Value is the number of value v_i along y, v_j along x. The values of
// a sum follow each other.
func stride2Value(i, j int) int {
	switch {
	case i < 4 && j < 4:
		return 4*(i/2*2+j/2) + i%2*2 + j%2
	case i < 4:
		return 16 + 2*(i/2*5+j-4) + i%2
	case j < 4:
		return 36 + 2*((i-4)*2+j/2) + j%2
	}
	return 56 + (i-4)*5 + j - 4
}

// stride2Product is the number of sum m_a along y, m_b along x.
func stride2Product(a, b int) int {
	switch {
	case a < 2 && b < 2:
		return 2*a + b
	case a < 2:
		return 4 + 5*a + b - 2
	case b < 2:
		return 14 + 2*(a-2) + b
	}
	return 24 + 5*(a-2) + b - 2
}

// stride2Input is B·d.
func stride2Input(d [9]float32) [9]float32 {
	v, falls := d[6]-d[2], d[4]-d[6]
	return [9]float32{2*(d[0]-d[4]) + v, d[1], d[8] - d[4] - 2*v, d[7], 2*d[2] + falls, 2*(d[4]-d[2]) + falls, v, d[3], d[5]}
}

// stride2Output is A·m.
func stride2Output(m [7]float32) [4]float32 {
	sum, difference := m[2]+m[3], m[2]-m[3]
	return [4]float32{m[0] + sum + m[4], difference + m[5] + 2*m[4], sum + m[6] + 4*m[4], difference + m[1] + 8*m[4]}
}

// stride2Filter is G·w.
func stride2Filter(w [3]float32) [9]float32 {
	a, b := w[0]*(1./2), w[2]*(1./2)
	return [9]float32{a, w[1], w[2], w[1], a + b, (a - b) * (1. / 3), (a + w[2]) * (1. / 3), w[1], w[1]}
}

func genericStride2Input(s *Stride2) {
	s.checkInput()
	for t := range s.Count {
		for c := range s.C {
			var h [9][9]float32
			for x := range h {
				var d [9]float32
				for y := range d {
					d[y] = s.patch(y-1, 8*t+x-1, c)
				}
				for i, v := range stride2Input(d) {
					h[i][x] = v
				}
			}
			for i := range h {
				for j, v := range stride2Input(h[i]) {
					s.Freq[(t*Stride2Values+stride2Value(i, j))*s.C+c] = v
				}
			}
		}
	}
}

// patch is a value that the input transform reads, by its pixel of the image.
func (s *Stride2) patch(y, x, c int) float32 {
	switch at := x*s.C + c; {
	case x < 0 || y < 0 && s.Above == nil:
		return 0
	case y < 0:
		return s.Above[at]
	default:
		return s.Image[y*s.Row+at]
	}
}

// outputs visits the outputs of all tiles.
func (s *Stride2) outputs(store func(at, channel int, v float32)) {
	for t := range s.Count {
		for c := range s.C {
			var h [4][7]float32
			for a := range 7 {
				var m [7]float32
				for b := range m {
					m[b] = s.Freq[(t*Stride2Products+stride2Product(a, b))*s.C+c]
				}
				for x, v := range stride2Output(m) {
					h[x][a] = v
				}
			}
			for x := range h {
				for y, v := range stride2Output(h[x]) {
					store(y*s.Row+(4*t+x)*s.C+c, c, v)
				}
			}
		}
	}
}

func genericStride2Output(s *Stride2) {
	s.check("Stride2Output", 4, 4, Stride2Products)
	s.outputs(func(at, _ int, v float32) { s.Image[at] = v })
}

func genericStride2Activate(s *Stride2) {
	s.check("Stride2Activate", 4, 4, Stride2Products)
	s.checkActivation("Stride2Activate")
	s.outputs(func(at, c int, v float32) {
		v = s.Coef[c] + s.Coef[s.C+c]*v
		if s.Residual != nil {
			v += s.Residual[at]
		}
		s.Image[at] = positive(v)
	})
}

func genericStride2Filter(f *Filter) {
	f.check("Stride2Filter", Stride2Values)
	for n := range f.Len {
		var h [9][3]float32
		for x := range 3 {
			for i, v := range stride2Filter([3]float32{f.Taps[x*f.Len+n], f.Taps[(3+x)*f.Len+n], f.Taps[(6+x)*f.Len+n]}) {
				h[i][x] = v
			}
		}
		for i := range h {
			for j, v := range stride2Filter(h[i]) {
				f.Freq[stride2Value(i, j)*f.Len+n] = v
			}
		}
	}
}
