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
	// Whether the products are to be trusted.
	Passed bool `json:"passed"`
	// |uᵀHv − vᵀHu| relative to the norms, and its tolerance.
	Symmetry    float64 `json:"symmetry" range:"0.."`
	SymmetryTol float64 `json:"symmetry_tol" range:"0.."`
	// Relative difference to differences of gradients over a step, its standard error, and its tolerance.
	Difference       float64 `json:"difference"`
	DifferenceStderr float64 `json:"difference_stderr" range:"0.."`
	DifferenceStep   float64 `json:"difference_step" range:"0.."`
	DifferenceTol    float64 `json:"difference_tol" range:"0.."`
	// Whether a product repeated has equal bits.
	Deterministic bool `json:"deterministic"`
	// Hessian-vector products taken.
	HVPs int `json:"hvps" unit:"HVPs" range:"0.."`
}

func (Check) Type() string { return "check" }
