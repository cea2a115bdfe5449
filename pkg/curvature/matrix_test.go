package curvature

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// matrix is a dense symmetric operator that counts its products.
type matrix struct {
	a     *mat.SymDense
	count int
}

func (m *matrix) Dim() int { return m.a.SymmetricDim() }

func (m *matrix) Apply(dst, v []float32) error {
	m.count++
	n := m.Dim()
	raw := m.a.RawSymmetric()
	for i := range dst {
		var sum float64
		for j := range n {
			if j >= i {
				sum += raw.Data[i*raw.Stride+j] * float64(v[j])
			} else {
				sum += raw.Data[j*raw.Stride+i] * float64(v[j])
			}
		}
		dst[i] = float32(sum)
	}
	return nil
}

// diagonal is the operator of a diagonal matrix.
func diagonal(values []float64) *matrix {
	a := mat.NewSymDense(len(values), nil)
	for i, v := range values {
		a.SetSym(i, i, v)
	}
	return &matrix{a: a}
}

// rotated has the given eigenvalues and random orthogonal eigenvectors.
func rotated(values []float64, seed uint64) *matrix {
	n := len(values)
	r := rand.New(rand.NewPCG(seed, 1))
	g := mat.NewDense(n, n, nil)
	for i := range n {
		for j := range n {
			g.Set(i, j, r.NormFloat64())
		}
	}
	var qr mat.QR
	qr.Factorize(g)
	var q, qd, full mat.Dense
	qr.QTo(&q)
	qd.Mul(&q, mat.NewDiagDense(n, values))
	full.Mul(&qd, q.T())
	a := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			a.SetSym(i, j, (full.At(i, j)+full.At(j, i))/2)
		}
	}
	return &matrix{a: a}
}

// spectrum is f(0), …, f(n-1).
func spectrum(n int, f func(i int) float64) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = f(i)
	}
	return values
}

// trueResidual is ‖Hv−λv‖, and the norm of v, in float64.
func trueResidual(m *matrix, p Pair) (residual, size float64) {
	v := mat.NewVecDense(m.Dim(), nil)
	for i, x := range p.Vector {
		v.SetVec(i, float64(x))
	}
	var hv mat.VecDense
	hv.MulVec(m.a, v)
	hv.AddScaledVec(&hv, -p.Value, v)
	return mat.Norm(&hv, 2), mat.Norm(v, 2)
}

func close64(a, b, tol float64) bool { return math.Abs(a-b) <= tol }
