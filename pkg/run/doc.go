// Package run is what every computation that takes long has in common: its
// settings, what of it is saved, and how it resumes.
package run
