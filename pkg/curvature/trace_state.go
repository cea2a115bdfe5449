package curvature

import "fmt"

// TraceState is how far an estimate of a trace has come. The zero value is its
// beginning.
type TraceState struct {
	Sketched int         // products of which the basis was made
	Basis    [][]float32 // orthonormal, of the subspace that is treated exactly
	Exact    int         // vectors q of it whose products are taken
	// Σqᵀ·A·q, Σ‖Aq‖² and Σ‖Aq‖ over these; the latter bounds Σ|qᵀAq|.
	Trace, Squares, Sizes float64
	Forms, Norms          []float64 // gᵀ·A·g and ‖Ag‖² of the sampled probes
}

// Products is the number of products taken.
func (s *TraceState) Products() int { return s.Sketched + s.Exact + len(s.Forms) }

// Check refuses a state that an estimate of so many products, of which the
// first sketch make the basis, does not come to.
func (s *TraceState) Check(products, sketch, dim int) error {
	for _, v := range s.Basis {
		if len(v) != dim {
			return fmt.Errorf("a basis of ℝ^%d for a matrix of %d rows", len(v), dim)
		}
	}
	exact, samples := s.Exact > 0, len(s.Forms) > 0
	switch {
	case s.Sketched < 0 || s.Sketched > sketch, s.Sketched < sketch && (exact || samples):
		return fmt.Errorf("%d products have made the basis, of %d", s.Sketched, sketch)
	case len(s.Basis) > s.Sketched:
		return fmt.Errorf("%d products have made a basis of %d vectors", s.Sketched, len(s.Basis))
	case s.Exact < 0 || s.Exact > len(s.Basis), s.Exact < len(s.Basis) && samples:
		return fmt.Errorf("products are taken of %d vectors, of %d", s.Exact, len(s.Basis))
	case len(s.Norms) != len(s.Forms) || s.Products() > products || samples && len(s.Basis) == dim:
		return fmt.Errorf("%d and %d samples after %d products, of %d", len(s.Forms), len(s.Norms), s.Sketched+s.Exact, products)
	}
	return nil
}

// Whole says that an estimate of so many products has nothing left to do.
func (s *TraceState) Whole(products, dim int) bool {
	return s.Products() >= products || s.Exact == dim
}
