package cpu

// sumPixels is the number of pixels whose sums are kept in float32.
const sumPixels = 256

func genericSums(s *Sums) {
	s.check()
	for c := 0; c < s.C; c += Lanes {
		for p := 0; p < s.Pixels; p += sumPixels {
			var sum, dot [Lanes]float32
			for q := p; q < min(p+sumPixels, s.Pixels); q++ {
				a := (*[Lanes]float32)(s.A[q*s.C+c:])
				b := (*[Lanes]float32)(s.B[q*s.C+c:])
				for j, v := range a {
					sum[j] += v
					dot[j] += v * b[j]
				}
				if s.A2 == nil {
					continue
				}
				a = (*[Lanes]float32)(s.A2[q*s.C+c:])
				b = (*[Lanes]float32)(s.B2[q*s.C+c:])
				for j, v := range a {
					dot[j] += v * b[j]
				}
			}
			for j := range sum {
				s.Out[c+j] += float64(sum[j])
				s.Out[s.C+c+j] += float64(dot[j])
			}
		}
	}
}
