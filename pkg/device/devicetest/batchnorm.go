package devicetest

import (
	"math"
	"math/rand/v2"
	"testing"

	"srn/pkg/device"
)

// normalise is batch normalisation in float64: z = γ·(y−μ)/σ + β, with the
// batch's statistics.
func normalise(y, gamma, beta []float64, c int) []float64 {
	count := float64(len(y) / c)
	z := make([]float64, len(y))
	for k := range c {
		var mean, variance float64
		for i := k; i < len(y); i += c {
			mean += y[i] / count
		}
		for i := k; i < len(y); i += c {
			variance += (y[i] - mean) * (y[i] - mean) / count
		}
		sigma := math.Sqrt(variance + 1e-5)
		for i := k; i < len(y); i += c {
			z[i] = gamma[k]*(y[i]-mean)/sigma + beta[k]
		}
	}
	return z
}

// normaliseGrad is its gradient for a given gradient in z.
func normaliseGrad(dz, y, gamma []float64, c int) (dy, dgamma, dbeta []float64) {
	count := float64(len(y) / c)
	ones, zeros := make([]float64, c), make([]float64, c)
	for k := range ones {
		ones[k] = 1
	}
	xhat := normalise(y, ones, zeros, c)
	dy, dgamma, dbeta = make([]float64, len(y)), make([]float64, c), make([]float64, c)
	for k := range c {
		var mean, variance float64
		for i := k; i < len(y); i += c {
			dbeta[k] += dz[i]
			dgamma[k] += dz[i] * xhat[i]
			mean += y[i] / count
		}
		for i := k; i < len(y); i += c {
			variance += (y[i] - mean) * (y[i] - mean) / count
		}
		sigma := math.Sqrt(variance + 1e-5)
		for i := k; i < len(y); i += c {
			dy[i] = gamma[k] / sigma * (dz[i] - (dbeta[k]+xhat[i]*dgamma[k])/count)
		}
	}
	return dy, dgamma, dbeta
}

// BatchNorm tests batch normalisation and its derivatives, by differences.
func BatchNorm(t *testing.T, be device.Backend) {
	const c, pixels, n = 16, 12, 21
	r := rand.New(rand.NewPCG(2, 3))
	y, yDot, dz, dzDot := random(r, n*pixels*c), random(r, n*pixels*c), random(r, n*pixels*c), random(r, n*pixels*c)
	gamma, gammaDot, beta, betaDot := random(r, c), random(r, c), random(r, c), random(r, c)
	for i := range y {
		y[i] = 2*y[i] + 3 // statistics that matter
	}
	bn := be.BatchNorm(c, pixels, n)
	by, byDot, bdz, bdzDot := upload(be, y), upload(be, yDot), upload(be, dz), upload(be, dzDot)
	bg, bgDot, bb, bbDot := upload(be, gamma), upload(be, gammaDot), upload(be, beta), upload(be, betaDot)
	mean, variance := be.New(c), be.New(c)
	out := be.New(n * pixels * c)
	dgamma, dbeta := be.New(c), be.New(c)
	stored := func(o device.Operand) []float32 {
		be.Run(n, device.Stage{be.Combine(out, o, c, pixels)})
		return download(be, out)
	}
	y64, yDot64, dz64, dzDot64 := float64s(y), float64s(yDot), float64s(dz), float64s(dzDot)
	g64, gDot64, b64, bDot64 := float64s(gamma), float64s(gammaDot), float64s(beta), float64s(betaDot)

	be.Run(n, device.Stage{bn.Train(by, bg, bb, mean, variance)})
	near(t, "activation", stored(device.Operand{Src: []device.Buffer{by}, Coef: bn.Coef()}), normalise(y64, g64, b64, c), 1e-5)
	be.Run(n, device.Stage{bn.Tangent(byDot, by, bgDot, bbDot)})
	near(t, "activation tangent", stored(device.Operand{Src: []device.Buffer{byDot, by}, Coef: bn.TangentCoef()}),
		central(func(h float64) []float64 {
			return normalise(along(y64, yDot64, h), along(g64, gDot64, h), along(b64, bDot64, h), c)
		}), 2e-5)

	wantY, wantGamma, wantBeta := normaliseGrad(dz64, y64, g64, c)
	be.Run(n, device.Stage{bn.Backward(dgamma, dbeta, bdz, by)})
	near(t, "gradient", stored(device.Operand{Src: []device.Buffer{bdz, by}, Coef: bn.GradCoef()}), wantY, 2e-5)
	near(t, "gradient of γ", download(be, dgamma), wantGamma, 2e-5)
	near(t, "gradient of β", download(be, dbeta), wantBeta, 2e-5)

	be.Run(n, device.Stage{bn.BackwardTangent(dgamma, dbeta, bdz, bdzDot, by, byDot)})
	part := func(which int) []float64 {
		return central(func(h float64) []float64 {
			dy, dg, db := normaliseGrad(along(dz64, dzDot64, h), along(y64, yDot64, h), along(g64, gDot64, h), c)
			return [][]float64{dy, dg, db}[which]
		})
	}
	near(t, "gradient tangent", stored(device.Operand{Src: []device.Buffer{bdz, bdzDot, by, byDot}, Coef: bn.GradTangentCoef()}), part(0), 1e-4)
	near(t, "gradient tangent of γ", download(be, dgamma), part(1), 1e-4)
	near(t, "gradient tangent of β", download(be, dbeta), part(2), 1e-4)

	// With running statistics the normalisation is affine.
	be.Run(n, device.Stage{bn.Eval(bg, bb, mean, variance), bn.Tangent(byDot, by, bgDot, bbDot)})
	m, v := download(be, mean), download(be, variance)
	affine := func(h float64) []float64 {
		z := along(y64, yDot64, h)
		for i := range z {
			k := i % c
			z[i] = (g64[k]+h*gDot64[k])*(z[i]-float64(m[k]))/math.Sqrt(float64(v[k])+1e-5) + b64[k] + h*bDot64[k]
		}
		return z
	}
	near(t, "evaluation", stored(device.Operand{Src: []device.Buffer{by}, Coef: bn.Coef()}), affine(0), 1e-5)
	near(t, "evaluation tangent", stored(device.Operand{Src: []device.Buffer{byDot, by}, Coef: bn.TangentCoef()}), central(affine), 2e-5)
}
