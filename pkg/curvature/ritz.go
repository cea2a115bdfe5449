package curvature

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// ritz holds the eigenpairs of a projected matrix, wanted first.
type ritz struct {
	values  []float64
	vectors [][]float64 // vectors[i] belongs to values[i]
	scale   float64     // the largest magnitude of a value
}

// decompose solves a small dense symmetric eigenproblem.
func decompose(t mat.Symmetric, order Order) (*ritz, error) {
	var eigen mat.EigenSym
	if !eigen.Factorize(t, true) {
		return nil, fmt.Errorf("the projected eigenproblem of dimension %d did not converge", t.SymmetricDim())
	}
	values := eigen.Values(nil)
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)

	r := &ritz{}
	for _, i := range order.sorted(values) {
		r.values = append(r.values, values[i])
		r.vectors = append(r.vectors, mat.Col(nil, i, &vectors))
		r.scale = max(r.scale, math.Abs(values[i]))
	}
	return r, nil
}
