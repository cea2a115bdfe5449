package main

import (
	"runtime"
	"sync"
	"time"

	kernels "srn/kernels/cpu"
	"srn/pkg/device"
)

// product is a matrix product that stays in the first cache level, with as
// much reuse as there can be: what the kernels make of the FMA units.
type product struct {
	gemm kernels.Gemm
	flop float64
}

func newProduct(m, n, k int) *product {
	fill := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(i%5) - 2
		}
		return v
	}
	return &product{kernels.Gemm{A: fill(m * k), B: fill(k * n), C: fill(m * n), M: m, N: n, K: k,
		LdA: k, LdB: n, LdC: n, Segments: 1, Batch: 1}, 2 * float64(m*n*k)}
}

// products are the shapes of which the fastest is taken for the peak.
func products() []*product {
	return []*product{newProduct(24, 64, 128), newProduct(48, 64, 96), newProduct(96, 64, 64), newProduct(96, 32, 96)}
}

// onThreads runs work on threads of the system at once.
func onThreads(threads int, work func(thread int)) {
	var wg sync.WaitGroup
	for t := range threads {
		wg.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			work(t)
		})
	}
	wg.Wait()
}

// fastest is the sum over threads, all busy at once, of each one's best rate
// of work in a number of short windows: what the machine does undisturbed.
// Work returns the amount it did.
func fastest(threads, windows int, work func(thread int) float64) float64 {
	best := make([]float64, threads)
	onThreads(threads, func(t int) {
		for range windows {
			start, done := time.Now(), 0.0
			for time.Since(start) < 3*time.Millisecond {
				done += work(t)
			}
			best[t] = max(best[t], done/time.Since(start).Seconds())
		}
	})
	sum := 0.0
	for _, r := range best {
		sum += r
	}
	return sum
}

// peakFLOPs is the rate of fused multiply-adds in FLOP/s, two a lane.
func peakFLOPs(set *kernels.Set, threads, windows int) float64 {
	best := 0.0
	for i := range products() {
		own := make([]*product, threads)
		for t := range own {
			own[t] = products()[i]
		}
		best = max(best, fastest(threads, windows, func(t int) float64 {
			for range 20 {
				set.Gemm(&own[t].gemm)
			}
			return 20 * own[t].flop
		}))
	}
	return best
}

// bandwidth is the rate in bytes/s at which arrays far larger than the caches
// are read and written, half each, as operations on images do it.
func bandwidth(be device.Backend, windows int) float64 {
	const images, pixels, channels = 96, 1 << 14, 16 // 96 MB
	const floats = images * pixels * channels
	src, dst, coef := be.New(floats), be.New(floats), be.New(2*channels)
	be.Fill(src, 1)
	be.Fill(coef, 1)
	copying := device.Stage{be.Combine(dst, device.Operand{Src: []device.Buffer{src}, Coef: coef}, channels, pixels)}
	best := 0.0
	for range windows {
		start := time.Now()
		be.Run(images, copying)
		best = max(best, 8*floats/time.Since(start).Seconds())
	}
	return best
}
