// Package guidance is how a surrogate's ∇_Θ r enters the training of a
// classifier: how strongly, by λ or by a ratio of norms, and how often it is
// computed anew.
package guidance
