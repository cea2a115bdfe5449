// Package surrogate is the network r(Θ;φ) of the Structural Risk Network: a
// score of a classifier's generalisation risk, which reads the classifier's
// parameters Θ and has parameters φ of its own. It computes r, its guidance
// ∇_Θ r and the derivatives of both in φ, and reads and writes φ.
//
// The paper leaves much open. Every choice made here is a field of [Config],
// with its default and the reason for it in the field's tags, and is recorded
// in the surrogate's file. docs/srn.md lists them.
package surrogate
