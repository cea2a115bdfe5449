package method

import "math"

// bilinear is a loss that is bilinear in the target and the log-probabilities:
//
//	ℓ = μ·CE − (1−μ)·σ(A),  A = [Wᵀ·log p + b]_y,
//
// with W, K×K, the identity and b zero at first, so that at first σ(A) is the
// logistic function of the log-likelihood. For soft targets A is averaged.
type bilinear struct {
	classes int
	mix     float64
	w, b    []float64 // w by rows
	p       []float64
}

func newBilinear(classes int, mix float64) bilinear {
	l := bilinear{classes: classes, mix: mix, w: make([]float64, classes*classes), b: make([]float64, classes), p: make([]float64, classes)}
	for k := range classes {
		l.w[k*classes+k] = 1
	}
	return l
}

// column is Σ_y t_y·W_ky.
func (l *bilinear) column(k int, t []float64) (sum float64) {
	for y, w := range t {
		if w != 0 {
			sum += w * l.w[k*l.classes+y]
		}
	}
	return sum
}

// argument is A, after which p holds the probabilities.
func (l *bilinear) argument(z, t []float64) (a, logSum float64) {
	logSum = softmax(l.p, z)
	for y, w := range t {
		a += w * l.b[y]
	}
	for k, v := range z {
		a += l.column(k, t) * (v - logSum)
	}
	return a, logSum
}

func (l *bilinear) row(d, z, t []float64) float64 {
	loss := crossEntropyRow(d, z, t)
	if l.mix == 1 {
		return loss
	}
	a, _ := l.argument(z, t)
	s := 1 / (1 + math.Exp(-a))
	total := 0.0
	for k := range z {
		total += l.column(k, t)
	}
	for k, p := range l.p {
		d[k] = l.mix*d[k] - (1-l.mix)*s*(1-s)*(l.column(k, t)-total*p)
	}
	return l.mix*loss - (1-l.mix)*s
}
