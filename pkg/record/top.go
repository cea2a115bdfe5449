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
	// Of each: tolerance, the residual is within it; floor, it is larger but no larger than float32 HVPs resolve; not_converged.
	PairsStatus []string `json:"pairs_status,omitzero"`
	// The least residual ‖Hv−λv‖ that HVPs resolve, of each.
	Floors []float64 `json:"floors,omitzero" range:"0.."`
	// How far eigenvalues of the float32 matrix may be from those of the matrix in exact arithmetic: sets of kernels differ by as much.
	MatrixFloor float64 `json:"matrix_floor,omitzero" range:"0.."`
	// Of each eigenvalue, for its eigenvector as it is: the standard error over images, or over batches with bn train; the number of equal terms that would weigh as much, (Σq)²/Σq²; the largest term's share of Σ|q|, and its image, -1 of a batch. Terms are the images, or batches, that the mean is of.
	EigenvaluesStderr []float64 `json:"eigenvalues_stderr,omitzero" range:"0.."`
	EffectiveTerms    []float64 `json:"effective_terms,omitzero" range:"0.."`
	LargestShare      []float64 `json:"largest_share,omitzero" unit:"fraction" range:"0..1"`
	LargestImage      []int     `json:"largest_image,omitzero"`
	Terms             int       `json:"terms,omitzero" range:"0.."`
	// The same of the largest eigenvalue; the error is null of a single batch.
	LambdaMaxStderr *float64 `json:"lambda_max_stderr,omitzero" range:"0.."`
	EffectiveImages *float64 `json:"effective_images,omitzero" range:"0.."`
	// An interval of 95 % for the largest eigenvalue over the images' distribution: λ_max ± 1.96 standard errors, whose lower end does not know that λ_max of a sample is too large in expectation; with crossfit the lower end is that of lambda_max_crossfit.
	Interval []float64 `json:"lambda_max_interval,omitzero"`
	// Mean of the two quotients of an eigenvector found on one half of the images on the other half, at most the largest eigenvalue over the images' distribution in expectation; and its standard error.
	LambdaMaxCrossfit       *float64  `json:"lambda_max_crossfit,omitzero"`
	LambdaMaxCrossfitStderr *float64  `json:"lambda_max_crossfit_stderr,omitzero" range:"0.."`
	CrossfitHalves          []float64 `json:"crossfit_halves,omitzero"`
	CrossfitQuotients       []float64 `json:"crossfit_quotients,omitzero"`
	CrossfitConverged       *bool     `json:"crossfit_converged,omitzero"`
	CrossfitHVPs            int       `json:"crossfit_hvps,omitzero" unit:"HVPs" range:"0.."`
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
