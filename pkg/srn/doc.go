// Package srn is the Structural Risk Network: a surrogate r(Θ;φ) of a
// classifier's generalisation risk, which reads the classifier's parameters Θ
// and has parameters φ of its own, the meta-training that fits φ, and the
// guidance ∇_Θ r that it gives to training.
//
// The paper leaves much open. Every choice made here is a field of [Config]
// or [MetaConfig], with its flag, its default and the reason for it in the
// field's tags, and is recorded in the surrogate's file. docs/srn.md lists
// them.
package srn
