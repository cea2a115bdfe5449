package device

// Blend adds multiples of vectors to others, of a size that may depend on the
// others' norms, which stay where they are.
type Blend interface {
	// Add adds c·x to y. With share = 0, c is factor; else c is such that
	// ‖c·x‖ is that share of ‖y‖. The norm of x is given.
	Add(y, x Buffer, xNorm, factor, share float64)
	// Ratios is the sum of ‖c·x‖ / ‖y‖ over all of Add, with y before it.
	Ratios() float64
	// SetRatios replaces the sum.
	SetRatios(sum float64)
}
