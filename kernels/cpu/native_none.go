//go:build !amd64 || noasm

package cpu

// nativeSets returns the sets in assembly: none in this build.
func nativeSets() []*Set { return nil }
