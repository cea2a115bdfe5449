package cuda

import (
	"math"
	"testing"

	"srn/pkg/device"
)

func TestBatchNorm(t *testing.T) {
	for _, shape := range []struct{ channels, pixels, images int }{{16, 9, 5}, {48, 4, 3}, {64, 100, 7}, {272, 9, 3}} {
		for _, fixed := range []bool{false, true} {
			c, images := shape.channels, shape.images
			h := newHarness(t, "batchnorm")
			n := images * shape.pixels * c
			y, yDot, dz, dzDot := h.random(n), h.random(n), h.random(n), h.random(n)
			gamma, beta, gammaDot, betaDot := h.random(c), h.random(c), h.random(c), h.random(c)
			mean, variance := h.random(c), h.of(ones(c))
			dgamma, dbeta, dgammaDot, dbetaDot := h.new(c), h.new(c), h.new(c), h.new(c)

			op := h.cpu.BatchNorm(c, shape.pixels, images)
			scratch, state := h.scratch(BatchNormScratch(c)), h.scratch(BatchNormState(c))
			bn := BatchNorm{Channels: c, Pixels: shape.pixels, State: state, Scratch: scratch,
				Coef: h.scratch(4 * 3 * c), TangentCoef: h.scratch(4 * 4 * c),
				GradCoef: h.scratch(4 * 3 * c), GradTangentCoef: h.scratch(4 * 5 * c)}
			if fixed {
				h.cpu.Run(images, device.Stage{op.Eval(gamma.host, beta.host, mean.host, variance.host)})
				h.launch(bn.Eval(gamma.at, beta.at, mean.at, variance.at))
			} else {
				h.cpu.Run(images, device.Stage{op.Train(y.host, gamma.host, beta.host, mean.host, variance.host)})
				h.launch(bn.Train(y.at, gamma.at, beta.at, mean.at, variance.at, images)...)
			}
			for _, stage := range []device.Stage{{op.Tangent(yDot.host, y.host, gammaDot.host, betaDot.host)}, {op.Backward(dgamma.host, dbeta.host, dz.host, y.host)},
				{op.BackwardTangent(dgammaDot.host, dbetaDot.host, dz.host, dzDot.host, y.host, yDot.host)}} {
				h.cpu.Run(images, stage)
			}
			h.launch(bn.Tangent(yDot.at, y.at, gammaDot.at, betaDot.at, images, fixed)...)
			h.launch(bn.Backward(dgamma.at, dbeta.at, dz.at, y.at, images, fixed)...)
			h.launch(bn.BackwardTangent(dgammaDot.at, dbetaDot.at, dz.at, dzDot.at, y.at, yDot.at, images, fixed)...)

			for name, a := range map[string]array{"running mean": mean, "running variance": variance,
				"dgamma": dgamma, "dbeta": dbeta, "dgammaDot": dgammaDot, "dbetaDot": dbetaDot,
				"coefficients":                   {op.Coef(), bn.Coef},
				"tangent's coefficients":         {op.TangentCoef(), bn.TangentCoef},
				"gradient's coefficients":        {op.GradCoef(), bn.GradCoef},
				"gradient tangent's coefficient": {op.GradTangentCoef(), bn.GradTangentCoef}} {
				h.same(name, a, 2e-6) // the CPU adds up eight pixels in float32 first
			}
		}
	}
}

// The variance survives a mean a thousand times as large as the spread, as it
// does in float64, whose result is computed here.
func TestBatchNormSumsAreExact(t *testing.T) {
	const c, pixels, images = 16, 64, 8
	h := newHarness(t, "batchnorm")
	y := h.random(images * pixels * c)
	v := h.values(y)
	for i := range v {
		v[i] += 1000
	}
	h.set(y, v)
	mean, variance, unit := h.of(make([]float32, c)), h.of(make([]float32, c)), h.of(ones(c))
	bn := BatchNorm{Channels: c, Pixels: pixels, State: h.scratch(BatchNormState(c)), Scratch: h.scratch(BatchNormScratch(c)),
		Coef: h.scratch(4 * 3 * c)}
	h.launch(bn.Train(y.at, unit.at, unit.at, mean.at, variance.at, images)...)
	got := h.read(variance.at, c)
	for k := range c {
		var sum, squares float64
		for i := k; i < len(v); i += c {
			sum += float64(v[i])
		}
		average := sum / (images * pixels)
		for i := k; i < len(v); i += c {
			squares += (float64(v[i]) - average) * (float64(v[i]) - average)
		}
		if want := 0.1 * squares / (images*pixels - 1); math.Abs(float64(got[k])-want) > 1e-6*want {
			t.Errorf("channel %d: running variance %g, want %g", k, got[k], want)
		}
	}
}

func ones(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = 1
	}
	return v
}
