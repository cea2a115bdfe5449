package record

import "fmt"

// Top is extreme eigenvalues of a matrix.
type Top struct {
	Subject
	Matrix
	Solver
	// Which were sought: la, largest; sa, smallest; lm, of largest magnitude; be, both ends.
	Order string `json:"order"`
	// How many.
	K int `json:"k" range:"0.."`
	Eigenpair
	// The smallest eigenvalue; null where the order does not tell.
	LambdaMin float64 `json:"lambda_min"`
	// Whether each residual was computed by one more product.
	ResidualVerified bool `json:"residual_verified"`
	Restarts         int  `json:"restarts" range:"0.."`
	// Memory of the vectors kept.
	BasisBytes int64 `json:"basis_bytes" unit:"bytes" range:"0.."`
	// The eigenvalues found, with the residual and convergence of each.
	Eigenvalues    []float64 `json:"eigenvalues"`
	Residuals      []float64 `json:"residuals" range:"0.."`
	PairsConverged []bool    `json:"pairs_converged"`
	Timed
}

func (Top) Type() string { return "top" }

func (t Top) check() *FieldError {
	for _, l := range []struct {
		key string
		n   int
	}{{"residuals", len(t.Residuals)}, {"pairs_converged", len(t.PairsConverged)}} {
		if l.n != len(t.Eigenvalues) {
			return &FieldError{Field: l.key, Problem: fmt.Sprintf("has %d entries, but eigenvalues has %d", l.n, len(t.Eigenvalues))}
		}
	}
	return nil
}

// Check is a test of Hessian-vector products at a checkpoint.
type Check struct {
	Subject
	Matrix
	// Whether the verdict is passed.
	Passed bool `json:"passed"`
	// passed; failed, products are wrong; or inconclusive, nothing is wrong but not all could be tested.
	Verdict string `json:"verdict" enum:"passed|failed|inconclusive"`
	// Of another verdict than passed.
	Reason string `json:"reason"`
	// |uᵀHv − vᵀHu| relative to the norms, and its tolerance.
	Symmetry    float64 `json:"symmetry" range:"0.."`
	SymmetryTol float64 `json:"symmetry_tol" range:"0.."`
	// Relative change of a product where the images are cut into other batches, and its tolerance; null where batches are part of the matrix.
	Batches    float64 `json:"batches" range:"0.."`
	BatchesTol float64 `json:"batches_tol" range:"0.."`
	// Whether a product repeated has equal bits.
	Deterministic bool `json:"deterministic"`
	// Images on which products are compared with float64.
	Compared int `json:"compared" unit:"images" range:"0.."`
	// The smallest fault that would have been seen, relative to a tensor's rows of a product.
	SmallestFault float64 `json:"smallest_fault" range:"0.."`
	// The same relative to the rows of (H−G)v, G being the Gauss–Newton matrix, over the tensors that show it, and how many these are; null where none does, and of other matrices.
	SmallestFaultDifference float64 `json:"smallest_fault_difference" range:"0.."`
	TensorsTelling          int     `json:"tensors_telling" range:"0.."`
	// Parameter tensors; how far their rows are from float64, and what rounding may make of that, both relative to the rows' norm; null where that is zero.
	Tensors            []string  `json:"tensors"`
	Deviations         []float64 `json:"deviations" range:"0.."`
	DeviationsRounding []float64 `json:"deviations_rounding" range:"0.."`
	// Hessian-vector products taken.
	HVPs int `json:"hvps" unit:"HVPs" range:"0.."`
}

func (Check) Type() string { return "check" }
