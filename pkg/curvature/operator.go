// Package curvature computes spectral quantities of a loss's curvature.
//
// What is measured (an [Operator], such as [Hessian]) is kept apart from how
// ([Lanczos], [PowerIteration]), so that every algorithm is tested on
// matrices of known spectra, and every operator against dense derivatives.
package curvature

import "errors"

// Operator is a symmetric linear map of ℝ^Dim to itself.
//
// Vectors are float32 in host memory, whatever device computes the products:
// the networks here have at most half a million parameters, so that moving a
// vector costs far less than a thousandth of a product over a thousand images,
// and the algorithms, which need inner products in float64 and many vectors,
// are the same for every backend.
type Operator interface {
	// Dim is the number of rows.
	Dim() int
	// Apply computes dst = H·v. The slices have length Dim and do not overlap;
	// v is not changed.
	Apply(dst, v []float32) error
}

// Several is an operator that multiplies several vectors at a lower cost than
// one after the other.
type Several interface {
	Operator
	// ApplyAll computes dst[i] = H·v[i], to the bit as Apply does.
	ApplyAll(dst, v [][]float32) error
}

// applyAll multiplies several vectors by any operator.
func applyAll(op Operator, dst, v [][]float32) error {
	if s, ok := op.(Several); ok {
		return s.ApplyAll(dst, v)
	}
	for i := range v {
		if err := op.Apply(dst[i], v[i]); err != nil {
			return err
		}
	}
	return nil
}

// ErrNotFinite says that a product, or the loss below it, is NaN or infinite:
// the network has diverged.
var ErrNotFinite = errors.New("curvature is not finite (NaN or Inf): the network has diverged")
