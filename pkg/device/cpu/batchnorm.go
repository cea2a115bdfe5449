package cpu

import (
	"math"

	kernels "srn/kernels/cpu"
	"srn/pkg/device"
)

const (
	batchNormEpsilon  = 1e-5
	batchNormMomentum = 0.1
)

// batchNorm keeps, per channel, the state of the latest pass in float64.
//
// With x̂ = (y−μ)/σ and z = γ·x̂ + β, everything it yields is a combination of
// stored images with coefficients per channel, because μ and σ enter only
// through sums over the batch: Σy, Σy² for the statistics, Σdz, Σdz·y for the
// gradient, and for the tangents the derivatives of these.
type batchNorm struct {
	c, pixels int
	fixed     bool // running statistics: μ and σ do not depend on the batch
	count     float64

	mean, sigma           []float64
	meanDot, sigmaDot     []float64
	gamma                 []float64
	gammaDot              []float64
	sum, sumY             []float64 // Σdz, Σdz·y of Backward
	partial               [][]float64
	coef, tangentCoef     []float32
	gradCoef, gradTanCoef []float32
}

// BatchNorm implements device.Layers.
func (b *Backend) BatchNorm(channels, pixels, batch int) device.BatchNorm {
	n := &batchNorm{c: channels, pixels: pixels}
	for _, p := range []*[]float64{&n.mean, &n.sigma, &n.meanDot, &n.sigmaDot, &n.gamma, &n.gammaDot, &n.sum, &n.sumY} {
		*p = make([]float64, channels)
	}
	for range chunks(batch) {
		n.partial = append(n.partial, make([]float64, 2*channels))
	}
	n.coef = alloc(3 * channels)
	n.tangentCoef = alloc(4 * channels)
	n.gradCoef = alloc(3 * channels)
	n.gradTanCoef = alloc(5 * channels)
	for c := range channels {
		n.coef[2*channels+c] = 1
		n.tangentCoef[3*channels+c] = 1
	}
	return n
}

func (n *batchNorm) Coef() device.Buffer            { return vec(n.coef) }
func (n *batchNorm) TangentCoef() device.Buffer     { return vec(n.tangentCoef) }
func (n *batchNorm) GradCoef() device.Buffer        { return vec(n.gradCoef) }
func (n *batchNorm) GradTangentCoef() device.Buffer { return vec(n.gradTanCoef) }

// bnSums adds up Σa and Σ(a·b + a2·b2) per channel.
type bnSums struct {
	n            *batchNorm
	a, b, a2, b2 []float32
}

func (o *bnSums) images(w *worker, s span) {
	partial := o.n.partial[s.index]
	if s.first {
		clear(partial)
	}
	size := o.n.c * o.n.pixels
	part := func(v []float32) []float32 {
		if v == nil {
			return nil
		}
		return v[s.lo*size : s.hi*size]
	}
	w.sums = kernels.Sums{A: part(o.a), B: part(o.b), A2: part(o.a2), B2: part(o.b2),
		Out: partial, C: o.n.c, Pixels: (s.hi - s.lo) * o.n.pixels}
	w.kernels.Sums(&w.sums)
}

// total adds the chunks' sums of channel c in their order.
func (o *bnSums) total(images, c int) (sum, product float64) {
	for _, p := range o.n.partial[:chunks(images)] {
		sum += p[c]
		product += p[o.n.c+c]
	}
	return sum, product
}

// bnTrain takes the batch's statistics.
type bnTrain struct {
	bnSums
	gamma, beta             []float32
	runningMean, runningVar []float32
}

func (n *batchNorm) Train(y, gamma, beta, runningMean, runningVar device.Buffer) device.Op {
	return &bnTrain{bnSums{n: n, a: host(y), b: host(y)}, host(gamma), host(beta), host(runningMean), host(runningVar)}
}

func (o *bnTrain) finish(images int) {
	n := o.n
	n.fixed = false
	n.count = float64(images * n.pixels)
	for c := range n.c {
		sum, squares := o.total(images, c)
		mean := sum / n.count
		variance := math.Max(0, squares/n.count-mean*mean)
		if o.runningMean != nil {
			unbiased := variance * n.count / (n.count - 1)
			o.runningMean[c] += batchNormMomentum * (float32(mean) - o.runningMean[c])
			o.runningVar[c] += batchNormMomentum * (float32(unbiased) - o.runningVar[c])
		}
		n.activate(c, mean, variance, o.gamma[c], o.beta[c])
	}
}

// activate sets a channel's statistics and the coefficients of z = γ·x̂ + β.
func (n *batchNorm) activate(c int, mean, variance float64, gamma, beta float32) {
	n.mean[c], n.sigma[c], n.gamma[c] = mean, math.Sqrt(variance+batchNormEpsilon), float64(gamma)
	scale := n.gamma[c] / n.sigma[c]
	n.coef[c] = float32(float64(beta) - scale*mean)
	n.coef[n.c+c] = float32(scale)
}

// bnEval uses the running statistics.
type bnEval struct {
	n                                    *batchNorm
	gamma, beta, runningMean, runningVar []float32
}

func (n *batchNorm) Eval(gamma, beta, runningMean, runningVar device.Buffer) device.Op {
	return &bnEval{n, host(gamma), host(beta), host(runningMean), host(runningVar)}
}

func (o *bnEval) task(w *worker) {
	o.n.fixed = true
	for c := range o.n.c {
		o.n.activate(c, float64(o.runningMean[c]), float64(o.runningVar[c]), o.gamma[c], o.beta[c])
	}
}

// bnTangent yields ż = γ̇·x̂ + γ·x̂̇ + β̇ with x̂̇ = (ẏ − μ̇ − x̂·σ̇)/σ.
type bnTangent struct {
	bnSums
	gammaDot, betaDot []float32
}

func (n *batchNorm) Tangent(yDot, y, gammaDot, betaDot device.Buffer) device.Op {
	return &bnTangent{bnSums{n: n, a: host(yDot), b: host(y)}, host(gammaDot), host(betaDot)}
}

// images adds nothing up where the running statistics are used, whose tangents are zero.
func (o *bnTangent) images(w *worker, s span) {
	if !o.n.fixed {
		o.bnSums.images(w, s)
	}
}

func (o *bnTangent) finish(images int) {
	n := o.n
	for c := range n.c {
		n.meanDot[c], n.sigmaDot[c] = 0, 0
		if !n.fixed {
			sum, product := o.total(images, c)
			n.meanDot[c] = sum / n.count
			// σ² = var + ε, and var's tangent is 2·mean((y−μ)·ẏ).
			n.sigmaDot[c] = (product - n.mean[c]*sum) / n.count / n.sigma[c]
		}
		n.gammaDot[c] = float64(o.gammaDot[c])
		scale := n.gamma[c] / n.sigma[c]
		ofY := n.gammaDot[c]/n.sigma[c] - scale*n.sigmaDot[c]/n.sigma[c]
		n.tangentCoef[c] = float32(float64(o.betaDot[c]) - scale*n.meanDot[c] - ofY*n.mean[c])
		n.tangentCoef[n.c+c] = float32(scale)
		n.tangentCoef[2*n.c+c] = float32(ofY)
	}
}

// bnBackward yields dβ = Σdz, dγ = Σdz·x̂ and
// dy = γ/σ·(dz − (dβ + x̂·dγ)/count).
type bnBackward struct {
	bnSums
	dgamma, dbeta []float32
}

func (n *batchNorm) Backward(dgamma, dbeta, dz, y device.Buffer) device.Op {
	return &bnBackward{bnSums{n: n, a: host(dz), b: host(y)}, host(dgamma), host(dbeta)}
}

func (o *bnBackward) finish(images int) {
	n := o.n
	for c := range n.c {
		sum, product := o.total(images, c)
		n.sum[c], n.sumY[c] = sum, product
		dgamma := (product - n.mean[c]*sum) / n.sigma[c]
		o.dbeta[c], o.dgamma[c] = float32(sum), float32(dgamma)
		scale := n.gamma[c] / n.sigma[c]
		constant, ofY := 0.0, 0.0
		if !n.fixed {
			ofY = -scale * dgamma / n.sigma[c] / n.count
			constant = -scale*sum/n.count - ofY*n.mean[c]
		}
		n.gradCoef[c] = float32(constant)
		n.gradCoef[n.c+c] = float32(scale)
		n.gradCoef[2*n.c+c] = float32(ofY)
	}
}

// bnBackwardTangent yields the tangents of bnBackward's results.
type bnBackwardTangent struct {
	bnSums
	dgammaDot, dbetaDot []float32
}

func (n *batchNorm) BackwardTangent(dgammaDot, dbetaDot, dz, dzDot, y, yDot device.Buffer) device.Op {
	return &bnBackwardTangent{bnSums{n: n, a: host(dzDot), b: host(y), a2: host(dz), b2: host(yDot)},
		host(dgammaDot), host(dbetaDot)}
}

func (o *bnBackwardTangent) finish(images int) {
	n := o.n
	for c := range n.c {
		// Tangents of Σdz and of Σdz·y.
		sumDot, productDot := o.total(images, c)
		sum, mean, sigma := n.sum[c], n.mean[c], n.sigma[c]
		dgamma := (n.sumY[c] - mean*sum) / sigma
		dgammaDot := (productDot-n.meanDot[c]*sum-mean*sumDot)/sigma - dgamma*n.sigmaDot[c]/sigma
		o.dbetaDot[c], o.dgammaDot[c] = float32(sumDot), float32(dgammaDot)

		scale := n.gamma[c] / sigma
		scaleDot := n.gammaDot[c]/sigma - scale*n.sigmaDot[c]/sigma
		var constantDot, ofY, ofYDot float64
		if !n.fixed {
			ofY = -scale * dgamma / sigma / n.count
			ofYDot = -(scaleDot*dgamma+scale*dgammaDot)/sigma/n.count - ofY*n.sigmaDot[c]/sigma
			constantDot = -(scaleDot*sum+scale*sumDot)/n.count - ofYDot*mean - ofY*n.meanDot[c]
		}
		n.gradTanCoef[c] = float32(constantDot)
		n.gradTanCoef[n.c+c] = float32(scaleDot)
		n.gradTanCoef[2*n.c+c] = float32(scale)
		n.gradTanCoef[3*n.c+c] = float32(ofYDot)
		n.gradTanCoef[4*n.c+c] = float32(ofY)
	}
}
