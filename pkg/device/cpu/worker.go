package cpu

import kernels "srn/kernels/cpu"

// worker is the scratch memory of one thread, planned when operations are,
// and the argument blocks of the kernels it calls.
type worker struct {
	kernels *kernels.Set

	pads       map[padKey][]float32
	frequency1 []float32 // transforms of one block of tiles
	frequency2 []float32
	filter     []float32 // accumulators of a weight gradient's frequencies
	taps       []float32
	wide       []float32 // an image with more channels than it is stored with
	terms      [2]convTerm
	ahead      [][]float32 // what the next images will read, from aheadAt on
	aheadAt    int

	gemm     kernels.Gemm
	gemmT    kernels.GemmT
	winograd kernels.Winograd
	stride2  kernels.Stride2
	filters  kernels.Filter
	combine  kernels.Combine
	sums     kernels.Sums
}

// padKey names a scratch copy of one group of images with a border of zeros.
// Copies of one shape share memory, whose border is never written.
type padKey struct {
	size, channels int
	slot           padSlot
}

// padSlot tells apart the copies that one operation holds at once.
type padSlot int

const (
	inputPad padSlot = iota
	inputTangentPad
	gradPad
	gradTangentPad
)

// plan reserves a padded copy on every worker.
func (b *Backend) planPad(key padKey, images int) {
	n := images * (key.size + 2) * (key.size + 2) * key.channels
	for _, w := range b.workers {
		if len(w.pads[key]) < n {
			w.pads[key] = alloc(n)
		}
	}
}

// grow makes a scratch array at least n long.
func grow(s *[]float32, n int) {
	if len(*s) < n {
		*s = alloc(n)
	}
}
