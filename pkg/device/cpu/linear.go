package cpu

import "srn/pkg/device"

// linear is a fully connected layer.
type linear struct{ in, out int }

// Linear implements device.Layers.
func (b *Backend) Linear(in, out, batch int) device.Linear { return &linear{in, out} }

// linearForward computes y = Σ_t x_t·w_tᵀ + bias.
type linearForward struct {
	*linear
	y, bias []float32
	terms   [][2][]float32 // x and w
}

func (l *linear) Forward(y, x, w, b device.Buffer) device.Op {
	return &linearForward{l, host(y), host(b), [][2][]float32{{host(x), host(w)}}}
}

func (l *linear) ForwardTangent(yDot, x, xDot, w, wDot, bDot device.Buffer) device.Op {
	return &linearForward{l, host(yDot), host(bDot), [][2][]float32{{host(xDot), host(w)}, {host(x), host(wDot)}}}
}

func (o *linearForward) images(_ *worker, s span) {
	for i := s.lo; i < s.hi; i++ {
		for j := range o.out {
			sum := o.bias[j]
			for _, t := range o.terms {
				x, w := t[0][i*o.in:][:o.in], t[1][j*o.in:][:o.in]
				for k, v := range x {
					sum += v * w[k]
				}
			}
			o.y[i*o.out+j] = sum
		}
	}
}

// linearBackward computes dx = Σ_t dy_t·w_t, dw = Σ_t dy_tᵀ·x_t and db = Σ dy.
type linearBackward struct {
	*linear
	dx, dw, db  []float32
	dyOfBias    []float32
	dataTerms   [][2][]float32 // dy and w
	weightTerms [][2][]float32 // dy and x
}

func (l *linear) Backward(dx, dw, db, dy, x, w device.Buffer) device.Op {
	return &linearBackward{l, host(dx), host(dw), host(db), host(dy),
		[][2][]float32{{host(dy), host(w)}}, [][2][]float32{{host(dy), host(x)}}}
}

func (l *linear) BackwardTangent(dxDot, dwDot, dbDot, dy, dyDot, x, xDot, w, wDot device.Buffer) device.Op {
	return &linearBackward{l, host(dxDot), host(dwDot), host(dbDot), host(dyDot),
		[][2][]float32{{host(dyDot), host(w)}, {host(dy), host(wDot)}},
		[][2][]float32{{host(dyDot), host(x)}, {host(dy), host(xDot)}}}
}

func (o *linearBackward) images(_ *worker, s span) {
	for i := s.lo; i < s.hi; i++ {
		dx := o.dx[i*o.in:][:o.in]
		clear(dx)
		for _, t := range o.dataTerms {
			for j := range o.out {
				g, w := t[0][i*o.out+j], t[1][j*o.in:][:o.in]
				for k, v := range w {
					dx[k] += g * v
				}
			}
		}
	}
}

func (o *linearBackward) finish(images int) {
	clear(o.dw)
	clear(o.db)
	for i := range images {
		for j, g := range o.dyOfBias[i*o.out:][:o.out] {
			o.db[j] += g
		}
		for _, t := range o.weightTerms {
			x := t[1][i*o.in:][:o.in]
			for j, g := range t[0][i*o.out:][:o.out] {
				dw := o.dw[j*o.in:][:o.in]
				for k, v := range x {
					dw[k] += g * v
				}
			}
		}
	}
}
