package cpu

import kernels "srn/kernels/cpu"

// worker is the scratch memory of one thread, planned when operations are,
// and the argument blocks of the kernels it calls.
type worker struct {
	kernels *kernels.Set

	scratch    map[scratchKey][]float32
	frequency1 []float32 // transforms of one block of tiles
	frequency2 []float32
	filter     []float32 // accumulators of a weight gradient's frequencies
	taps       []float32
	wide       []float32   // an image with more channels than it is stored with
	ahead      [][]float32 // what the next images will read, from aheadAt on
	aheadAt    int

	gemm     kernels.Gemm
	gemmT    kernels.GemmT
	winograd kernels.Winograd
	stride2  kernels.Stride2
	gradient kernels.Stride2Grad
	filters  kernels.Filter
	combine  kernels.Combine
	sums     kernels.Sums
}

// scratchKey names a worker's copy of a group of images that an operation reads.
type scratchKey struct {
	size, channels int
	bordered       bool // a border of zeros, which is never written, surrounds each image
	slot           scratchSlot
}

// scratchSlot tells apart the copies that one operation holds at once.
type scratchSlot int

const (
	inputSlot scratchSlot = iota
	inputTangentSlot
	gradSlot
	gradTangentSlot
)

// planScratch reserves a copy on every worker.
func (b *Backend) planScratch(key scratchKey, images int) {
	size := key.size
	if key.bordered {
		size += 2
	}
	n := images * size * size * key.channels
	for _, w := range b.workers {
		if len(w.scratch[key]) < n {
			w.scratch[key] = alloc(n)
		}
	}
}

// grow makes a scratch array at least n long.
func grow(s *[]float32, n int) {
	if len(*s) < n {
		*s = alloc(n)
	}
}
