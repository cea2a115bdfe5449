// Package run is the life of every computation that takes long: the settings
// that decide its results, what it may do about files that an earlier run has
// left, the state from which it resumes, and how it is interrupted.
// docs/lifecycle.md tells it from the user's side.
//
// A run with an output, a state beside it and metrics begins by
// [Files.Begin]; one whose records are all of its output begins by
// [Log.Begin].
package run

// Mode says what to do about what an earlier run has left at the names given.
type Mode int

const (
	Start     Mode = iota // touch nothing: begin only where nothing is
	Resume                // go on after an interruption
	Overwrite             // remove it
)
