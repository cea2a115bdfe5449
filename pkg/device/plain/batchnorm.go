package plain

import (
	"math"

	"srn/pkg/device"
)

// batchNorm is batch normalisation, z = γ·(y−μ)/σ + β.
type batchNorm struct {
	device.BatchNorm // nil: tangents are not offered
	c, pixels        int
	fixed            bool // running statistics, which do not depend on the batch
	mean, sigma      []float64
	scale            []float64 // γ/σ
	coef, gradCoef   buffer
}

// epsilon is added to variances.
const epsilon = 1e-5

// BatchNorm implements device.Layers.
func (b *Backend) BatchNorm(channels, pixels, _ int) device.BatchNorm {
	n := &batchNorm{c: channels, pixels: pixels,
		mean: make([]float64, channels), sigma: make([]float64, channels), scale: make([]float64, channels),
		coef: make(buffer, 3*channels), gradCoef: make(buffer, 3*channels)}
	for c := range channels {
		n.coef[2*channels+c] = 1
	}
	return n
}

func (n *batchNorm) Coef() device.Buffer     { return n.coef }
func (n *batchNorm) GradCoef() device.Buffer { return n.gradCoef }

// Tangents have no coefficients here.
func (n *batchNorm) TangentCoef() device.Buffer     { return nil }
func (n *batchNorm) GradTangentCoef() device.Buffer { return nil }

// use sets a channel's statistics.
func (n *batchNorm) use(c int, mean, variance, gamma, beta float64) {
	n.mean[c], n.sigma[c] = mean, math.Sqrt(variance+epsilon)
	n.scale[c] = gamma / n.sigma[c]
	n.coef[c], n.coef[n.c+c] = beta-n.scale[c]*mean, n.scale[c]
}

// Eval uses the running statistics.
func (n *batchNorm) Eval(gamma, beta, runningMean, runningVar device.Buffer) device.Op {
	return op(func(int) {
		n.fixed = true
		for c := range n.c {
			n.use(c, host(runningMean)[c], host(runningVar)[c], host(gamma)[c], host(beta)[c])
		}
	})
}

// Train takes the statistics of y and leaves the running ones alone.
func (n *batchNorm) Train(y, gamma, beta, _, _ device.Buffer) device.Op {
	return op(func(images int) {
		n.fixed = false
		values, count := host(y)[:images*n.pixels*n.c], float64(images*n.pixels)
		for c := range n.c {
			var mean, variance float64
			for i := c; i < len(values); i += n.c {
				mean += values[i] / count
			}
			for i := c; i < len(values); i += n.c {
				variance += (values[i] - mean) * (values[i] - mean) / count
			}
			n.use(c, mean, variance, host(gamma)[c], host(beta)[c])
		}
	})
}

// Backward computes dβ = Σdz, dγ = Σdz·x̂, and the coefficients of
// dy = γ/σ·dz, less γ/σ·(dβ + x̂·dγ)/count where the statistics are the batch's.
func (n *batchNorm) Backward(dgamma, dbeta, dz, y device.Buffer) device.Op {
	return op(func(images int) {
		length, count := images*n.pixels*n.c, float64(images*n.pixels)
		for c := range n.c {
			var sum, product float64
			for i := c; i < length; i += n.c {
				g := host(dz)[i]
				sum += g
				product += g * (host(y)[i] - n.mean[c]) / n.sigma[c]
			}
			host(dbeta)[c], host(dgamma)[c] = sum, product
			n.gradCoef[n.c+c] = n.scale[c]
			n.gradCoef[c], n.gradCoef[2*n.c+c] = 0, 0
			if !n.fixed {
				ofY := -n.scale[c] * product / count / n.sigma[c]
				n.gradCoef[2*n.c+c] = ofY
				n.gradCoef[c] = -n.scale[c]*sum/count - ofY*n.mean[c]
			}
		}
	})
}
