//go:build !linux

package cpu

// inHugePages does nothing: only Linux is asked for large pages.
func inHugePages([]float32) {}
