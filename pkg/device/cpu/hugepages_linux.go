package cpu

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const hugePage = 2 << 20

// inHugePages asks the system for pages of 2 MiB around an array of some
// size. With pages of 4 KiB the look-up of addresses, which a virtual machine
// makes in two steps, halves the bandwidth of memory.
func inHugePages(s []float32) {
	const least = 64 << 10
	bytes := uintptr(4 * len(s))
	if bytes < least {
		return
	}
	first := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
	before := first % hugePage
	whole := (before + bytes + hugePage - 1) / hugePage * hugePage
	// Only a hint: what lies around the array keeps its meaning, and a system
	// without such pages refuses.
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, first-before, whole, unix.MADV_HUGEPAGE)
}
