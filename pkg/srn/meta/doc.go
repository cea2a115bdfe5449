// Package meta is the meta-training that fits a surrogate's φ: rounds of
// training a classifier under the surrogate's guidance, each followed by an
// update of φ towards what an objective wants, such as the meta-target s_meta
// made of validation loss and margin.
//
// The paper leaves much open. Every choice made here is a field of [Config],
// with its default and the reason for it in the field's tags, and is recorded
// in the surrogate's file. docs/srn.md lists them.
package meta
