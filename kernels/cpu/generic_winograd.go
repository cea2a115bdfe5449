package cpu

// The transforms of F(4×4, 3×3) with the interpolation points 0, ±1, ±2, ∞
// (Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks", 2016):
//
//	     ⎡4  0 -5  0  1  0⎤       ⎡ 1/4    0     0 ⎤
//	     ⎢0 -4 -4  1  1  0⎥       ⎢-1/6  -1/6  -1/6⎥        ⎡1  1  1  1  1  0⎤
//	Bᵀ = ⎢0  4 -4 -1  1  0⎥   G = ⎢-1/6   1/6  -1/6⎥   Aᵀ = ⎢0  1 -1  2 -2  0⎥
//	     ⎢0 -2 -1  2  1  0⎥       ⎢ 1/24  1/12  1/6⎥        ⎢0  1  1  4  4  0⎥
//	     ⎢0  2 -1 -2  1  0⎥       ⎢ 1/24 -1/12  1/6⎥        ⎣0  1 -1  8 -8  1⎦
//	     ⎣0  4  0 -5  0  1⎦       ⎣  0     0     1 ⎦
//
// Each is applied along one axis and then along the other; the functions
// below are one such pass over a single vector.

// inputPass is Bᵀ·d.
func inputPass(d0, d1, d2, d3, d4, d5 float32) (v0, v1, v2, v3, v4, v5 float32) {
	a, b := d4-4*d2, d3-4*d1
	c, e := d4-d2, 2*(d3-d1)
	return d4 - 5*d2 + 4*d0, a + b, a - b, c + e, c - e, d5 - 5*d3 + 4*d1
}

// outputPass is Aᵀ·m.
func outputPass(m0, m1, m2, m3, m4, m5 float32) (y0, y1, y2, y3 float32) {
	a, b := m1+m2, m1-m2
	c, d := m3+m4, m3-m4
	return m0 + a + c, b + 2*d, a + 4*c, b + 8*d + m5
}

// gradPass is A·g.
func gradPass(g0, g1, g2, g3 float32) (v0, v1, v2, v3, v4, v5 float32) {
	a, b := g0+g2, g1+g3
	c, d := g0+4*g2, 2*g1+8*g3
	return g0, a + b, a - b, c + d, c - d, g3
}

// filterPass is G·w.
func filterPass(w0, w1, w2 float32) (u0, u1, u2, u3, u4, u5 float32) {
	a, b := -(w0+w2)*(1./6), w1*(1./6)
	c, d := w0*(1./24)+w2*(1./6), w1*(1./12)
	return w0 * (1. / 4), a - b, a + b, c + d, c - d, w2
}

// filterGradPass is Gᵀ·p.
func filterGradPass(p0, p1, p2, p3, p4, p5 float32) (w0, w1, w2 float32) {
	a, b := (p1+p2)*(1./6), (p2-p1)*(1./6)
	c, d := p3+p4, p3-p4
	return p0*(1./4) - a + c*(1./24), b + d*(1./12), c*(1./6) - a + p5
}

func genericWinogradInput(w *Winograd) {
	w.checkInput()
	for t := range w.Count {
		for c := range w.C {
			var h [6][6]float32
			for x := range h {
				p := func(y int) float32 { return w.patch(y-1, 4*t+x-1, c) }
				h[0][x], h[1][x], h[2][x], h[3][x], h[4][x], h[5][x] = inputPass(p(0), p(1), p(2), p(3), p(4), p(5))
			}
			for y := range h {
				r := &h[y]
				r[0], r[1], r[2], r[3], r[4], r[5] = inputPass(r[0], r[1], r[2], r[3], r[4], r[5])
				o := 6*y*w.Stride + t*w.C + c
				for _, v := range r {
					w.Freq[o] = v
					o += w.Stride
				}
			}
		}
	}
}

// patch is a value that the input transform reads, by its pixel of the image.
func (w *Winograd) patch(y, x, c int) float32 {
	if x < 0 || x >= 4*w.Count {
		return 0
	}
	switch at := x*w.C + c; {
	case y < 0 && w.Above != nil:
		return w.Above[at]
	case y > 3 && w.Below != nil:
		return w.Below[at]
	case y < 0 || y > 3:
		return 0
	default:
		return w.Image[y*w.Row+at]
	}
}

func genericWinogradOutput(w *Winograd) {
	w.check("WinogradOutput", 4)
	for t := range w.Count {
		for c := range w.C {
			var h [4][6]float32
			for x := range h[0] {
				p := func(y int) float32 { return w.Freq[(6*y+x)*w.Stride+t*w.C+c] }
				h[0][x], h[1][x], h[2][x], h[3][x] = outputPass(p(0), p(1), p(2), p(3), p(4), p(5))
			}
			for y := range h {
				r, o := &h[y], y*w.Row+4*t*w.C+c
				w.Image[o], w.Image[o+w.C], w.Image[o+2*w.C], w.Image[o+3*w.C] = outputPass(r[0], r[1], r[2], r[3], r[4], r[5])
			}
		}
	}
}

func genericWinogradActivate(w *Winograd) {
	const kernel = "WinogradActivate"
	w.check(kernel, 4)
	w.checkActivation(kernel)
	residual := w.Residual
	for t := range w.Count {
		for c := range w.C {
			var h [4][6]float32
			for x := range h[0] {
				p := func(y int) float32 { return w.Freq[(6*y+x)*w.Stride+t*w.C+c] }
				h[0][x], h[1][x], h[2][x], h[3][x] = outputPass(p(0), p(1), p(2), p(3), p(4), p(5))
			}
			for y := range h {
				r, o := &h[y], y*w.Row+4*t*w.C+c
				r[0], r[1], r[2], r[3] = outputPass(r[0], r[1], r[2], r[3], r[4], r[5])
				for x, v := range r[:4] {
					v = w.Coef[c] + w.Coef[w.C+c]*v
					if residual != nil {
						v += residual[o+x*w.C]
					}
					w.Image[o+x*w.C] = positive(v)
				}
			}
		}
	}
}

// positive is max(v, 0), or v if it is a NaN.
func positive(v float32) float32 {
	if v < 0 {
		return 0
	}
	return v
}

func genericWinogradGrad(w *Winograd) {
	w.check("WinogradGrad", 4)
	for t := range w.Count {
		for c := range w.C {
			var h [6][4]float32
			for x := range h[0] {
				p := func(y int) float32 { return w.Image[y*w.Row+(4*t+x)*w.C+c] }
				h[0][x], h[1][x], h[2][x], h[3][x], h[4][x], h[5][x] = gradPass(p(0), p(1), p(2), p(3))
			}
			for y := range h {
				var v [6]float32
				v[0], v[1], v[2], v[3], v[4], v[5] = gradPass(h[y][0], h[y][1], h[y][2], h[y][3])
				o := 6*y*w.Stride + t*w.C + c
				for _, v := range v {
					w.Freq[o] = v
					o += w.Stride
				}
			}
		}
	}
}

func genericWinogradFilter(f *Filter) {
	f.check("WinogradFilter", 36)
	for i := range f.Len {
		var h [6][3]float32
		for x := range h[0] {
			p := func(y int) float32 { return f.Taps[(3*y+x)*f.Len+i] }
			h[0][x], h[1][x], h[2][x], h[3][x], h[4][x], h[5][x] = filterPass(p(0), p(1), p(2))
		}
		for y := range h {
			var v [6]float32
			v[0], v[1], v[2], v[3], v[4], v[5] = filterPass(h[y][0], h[y][1], h[y][2])
			for x, v := range v {
				f.Freq[(6*y+x)*f.Len+i] = v
			}
		}
	}
}

func genericWinogradFilterGrad(f *Filter) {
	f.check("WinogradFilterGrad", 36)
	for i := range f.Len {
		var h [3][6]float32
		for x := range h[0] {
			p := func(y int) float32 { return f.Freq[(6*y+x)*f.Len+i] }
			h[0][x], h[1][x], h[2][x] = filterGradPass(p(0), p(1), p(2), p(3), p(4), p(5))
		}
		for y := range h {
			r, o := &h[y], 3*y*f.Len+i
			f.Taps[o], f.Taps[o+f.Len], f.Taps[o+2*f.Len] = filterGradPass(r[0], r[1], r[2], r[3], r[4], r[5])
		}
	}
}
