// Package boundtest asserts how much memory a reader asks for, for tests and
// fuzz targets.
package boundtest

import (
	"runtime"
	"testing"
)

// Allocates runs read and fails where it allocates more than limit bytes in
// all, whether or not they were freed meanwhile.
func Allocates(t testing.TB, limit uint64, read func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	read()
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > limit {
		t.Fatalf("allocated %d bytes, the limit is %d", got, limit)
	}
}
