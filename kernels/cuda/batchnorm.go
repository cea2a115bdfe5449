package cuda

import "fmt"

// BatchNorm is batch normalisation with its memory, see device.BatchNorm.
//
// A pass is two kernels: sums per channel over slices of the pixels, and one
// that makes coefficients of them in float64.
type BatchNorm struct {
	Channels, Pixels int // a multiple of four; of one image
	State            Ptr // BatchNormState bytes that belong to it alone, zeroed once
	Scratch          Ptr // BatchNormScratch bytes, free between passes

	Coef, TangentCoef, GradCoef, GradTangentCoef Ptr // 3, 4, 3 and 5 × channels float32
}

// batchNormSlices is the largest number of slices; results depend on it.
const batchNormSlices = 256

// BatchNormState is the size of a normalisation's state in bytes.
func BatchNormState(channels int) int { return 8 * 8 * channels }

// BatchNormScratch is the size of its scratch memory in bytes.
func BatchNormScratch(channels int) int { return 8 * 2 * channels * batchNormSlices }

// sums launches Σa and Σ(a·b + a2·b2) and returns the number of slices.
func (n BatchNorm) sums(a, b, a2, b2 Ptr, images int) (Launch, int) {
	if n.Channels%4 != 0 {
		panic(fmt.Sprintf("cuda: normalisation of %d channels, want a multiple of 4", n.Channels))
	}
	groups := min(n.Channels/4, 64)
	rows := threads / groups
	slices := min(batchNormSlices, max(1, blocks(images*n.Pixels, 16*rows)))
	grid := [3]int{slices, blocks(n.Channels/4, 64), 1}
	return launch("batchnorm_sums", grid, threads, 8*8*rows*groups, n.Scratch, a, b, a2, b2, n.Channels, images*n.Pixels), slices
}

const totalsThreads = 64 // of the kernels that add up slices; results depend on it

func (n BatchNorm) finish(kernel string, args ...any) Launch {
	return launch(kernel, [3]int{n.Channels, 1, 1}, totalsThreads, 8*2*totalsThreads, args...)
}

func (n BatchNorm) count(images int) float64 { return float64(images * n.Pixels) }

// Train takes the statistics of y and updates the running ones if they are given.
func (n BatchNorm) Train(y, gamma, beta, runningMean, runningVar Ptr, images int) []Launch {
	sums, slices := n.sums(y, y, 0, 0, images)
	return []Launch{sums, n.finish("batchnorm_train", n.State, n.Coef, n.Scratch, slices,
		gamma, beta, runningMean, runningVar, n.count(images), n.Channels)}
}

// Eval uses the running statistics.
func (n BatchNorm) Eval(gamma, beta, runningMean, runningVar Ptr) Launch {
	return launch("batchnorm_eval", across(n.Channels, 128), 128, 0,
		n.State, n.Coef, gamma, beta, runningMean, runningVar, n.Channels)
}

// Tangent follows Train, or Eval, whose statistics are fixed.
func (n BatchNorm) Tangent(yDot, y, gammaDot, betaDot Ptr, images int, fixed bool) []Launch {
	sums, slices := n.sums(yDot, y, 0, 0, images)
	finish := n.finish("batchnorm_tangent", n.State, n.TangentCoef, n.Scratch, slices,
		gammaDot, betaDot, n.count(images), flag(fixed), n.Channels)
	if fixed {
		return []Launch{finish}
	}
	return []Launch{sums, finish}
}

// Backward computes the gradients in γ and β, and GradCoef.
func (n BatchNorm) Backward(dgamma, dbeta, dz, y Ptr, images int, fixed bool) []Launch {
	sums, slices := n.sums(dz, y, 0, 0, images)
	return []Launch{sums, n.finish("batchnorm_backward", n.State, n.GradCoef, n.Scratch, slices,
		dgamma, dbeta, n.count(images), flag(fixed), n.Channels)}
}

// BackwardTangent computes the tangents of Backward's results.
func (n BatchNorm) BackwardTangent(dgammaDot, dbetaDot, dz, dzDot, y, yDot Ptr, images int, fixed bool) []Launch {
	sums, slices := n.sums(dzDot, y, dz, yDot, images)
	return []Launch{sums, n.finish("batchnorm_backward_tangent", n.State, n.GradTangentCoef, n.Scratch, slices,
		dgammaDot, dbetaDot, n.count(images), flag(fixed), n.Channels)}
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
