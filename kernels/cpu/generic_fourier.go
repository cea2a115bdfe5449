package cpu

import "math"

// The transforms halve: with the transforms E and O of the even and the odd
// of n positions and ω = e^{2πi/n},
//
//	X_k = E_k + ω^k·O_k,  X_{n/2−k} = conj(E_k − ω^k·O_k),  k = 0 … n/4
//
// (Cooley and Tukey, "An algorithm for the machine calculation of complex
// Fourier series", 1965), and back
//
//	2E_k = X_k + conj X_{n/2−k},  2O_k = ω^{−k}·(X_k − conj X_{n/2−k}).

// twiddles are cos and sin of 2πk/32 for k up to a quarter of a turn.
var twiddles = func() (t [FourierWindow/4 + 1][2]float32) {
	for k := range t {
		s, c := math.Sincos(2 * math.Pi * float64(k) / FourierWindow)
		t[k] = [2]float32{float32(c), float32(s)}
	}
	t[len(t)-1][0] = 0
	return t
}()

// A spectrum holds the frequencies 0 to n/2 of n ≤ 32 positions.
type spectrum struct {
	re, im [FourierWindow/2 + 1]float32
}

// analyse transforms n positions of a window, step apart.
func (f *spectrum) analyse(n int, x []float32, step int) {
	if n == 2 {
		f.re[0], f.re[1] = x[0]+x[step], x[0]-x[step]
		return
	}
	var even, odd spectrum
	even.analyse(n/2, x, 2*step)
	odd.analyse(n/2, x[step:], 2*step)
	for k := range n/4 + 1 {
		w := twiddles[k*FourierWindow/n]
		re, im := w[0]*odd.re[k]-w[1]*odd.im[k], w[0]*odd.im[k]+w[1]*odd.re[k]
		f.re[k], f.im[k] = even.re[k]+re, even.im[k]+im
		f.re[n/2-k], f.im[n/2-k] = even.re[k]-re, im-even.im[k]
	}
	// The middle was just written twice, the second time without its odd part.
	f.im[n/4] = odd.re[n/4]
}

// synthesise computes n times the inverse transform, positions step apart.
func (f *spectrum) synthesise(n int, x []float32, step int) {
	if n == 2 {
		x[0], x[step] = f.re[0]+f.re[1], f.re[0]-f.re[1]
		return
	}
	var even, odd spectrum
	for k := range n/4 + 1 {
		w, o := twiddles[k*FourierWindow/n], n/2-k
		even.re[k], even.im[k] = f.re[k]+f.re[o], f.im[k]-f.im[o]
		re, im := f.re[k]-f.re[o], f.im[k]+f.im[o]
		odd.re[k], odd.im[k] = w[0]*re+w[1]*im, w[0]*im-w[1]*re
	}
	even.synthesise(n/2, x, 2*step)
	odd.synthesise(n/2, x[step:], 2*step)
}

// fourierOrder lists the frequencies in the order in which they are stored,
// between 0 and 16.
var fourierOrder = func() (order []int) {
	for k := 1; k < FourierWindow/4; k++ {
		order = append(order, k, FourierWindow/2-k)
	}
	return append(order, FourierWindow/4)
}()

func genericFourierInput(f *Fourier) {
	f.check("FourierInput", FourierWindow)
	for t := range f.Count {
		for c := range f.C {
			var x [FourierWindow]float32
			for p := range x {
				x[p] = f.Image[(t*FourierStep+p)*f.Row+c]
			}
			var s spectrum
			s.analyse(FourierWindow, x[:], 1)
			o := t*f.C + c
			f.Freq[o], f.Freq[o+f.Stride] = s.re[0], s.re[FourierWindow/2]
			for _, k := range fourierOrder {
				f.Freq[o+2*f.Stride] = s.re[k]
				f.Freq[o+3*f.Stride] = s.im[k]
				f.Freq[o+4*f.Stride] = s.re[k] + s.im[k]
				o += 3 * f.Stride
			}
		}
	}
}

func genericFourierOutput(f *Fourier) {
	f.check("FourierOutput", FourierStep)
	for t := range f.Count {
		for c := range f.C {
			var s spectrum
			o := t*f.C + c
			s.re[0], s.re[FourierWindow/2] = f.Freq[o], f.Freq[o+f.Stride]
			for _, k := range fourierOrder {
				p, q, both := f.Freq[o+2*f.Stride], f.Freq[o+3*f.Stride], f.Freq[o+4*f.Stride]
				s.re[k], s.im[k] = p-q, both-(p+q)
				o += 3 * f.Stride
			}
			var x [FourierWindow]float32
			s.synthesise(FourierWindow, x[:], 1)
			for p, v := range x[:FourierStep] {
				f.Image[(t*FourierStep+p)*f.Row+c] = v
			}
		}
	}
}
