package cpu

func genericDot(d *Dot) {
	d.check()
	d.from(0)
}

// from adds the products from an element on, a multiple of DotSums.
func (d *Dot) from(start int) {
	for i, x := range d.X[start:] {
		d.Out[i%DotSums] += float64(x) * float64(d.Y[start+i]) // exact products
	}
}

func genericSGD(s *SGD) {
	s.check()
	s.from(0)
}

// from takes the step with the parameters from one on.
func (s *SGD) from(start int) {
	v, g := s.V[start:], s.G[start:]
	for i, p := range s.P[start:] {
		// Each product is rounded before it is added, on every processor.
		u := float32(s.Momentum*v[i]) + (g[i] + float32(s.Decay*p))
		v[i] = u
		s.P[start+i] = p - float32(s.LR*u)
	}
}
