package cpu

// nativeSets returns the sets in assembly.
func nativeSets() []*Set { return nil }
