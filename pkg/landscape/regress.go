package landscape

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// R2 is the fraction of the variance of y that a linear regression with an
// intercept on the predictors explains, and its value adjusted for their
// number p, 1 − (1−R²)(n−1)/(n−p−1). Both are NaN where they mean nothing: y
// constant, a predictor constant or a combination of others, any value not
// finite, or fewer than p+2 observations.
func R2(y []float64, predictors ...[]float64) (r2, adjusted float64) {
	n, p := len(y), len(predictors)
	nan := math.NaN()
	if n < p+2 {
		return nan, nan
	}
	target := mat.NewVecDense(n, nil)
	total := standardise(target, y)
	if !(total > 0) {
		return nan, nan
	}
	x := mat.NewDense(n, p, nil)
	for j, values := range predictors {
		column := mat.NewVecDense(n, nil)
		if !(standardise(column, values) > 0) {
			return nan, nan
		}
		x.SetCol(j, column.RawVector().Data)
	}
	var qr mat.QR
	qr.Factorize(x)
	if !(qr.Cond() < 1e8) {
		return nan, nan
	}
	var fit, rest mat.VecDense
	if err := qr.SolveVecTo(&fit, false, target); err != nil {
		return nan, nan
	}
	rest.MulVec(x, &fit)
	rest.SubVec(target, &rest)
	r2 = 1 - mat.Dot(&rest, &rest)/mat.Dot(target, target)
	return r2, 1 - (1-r2)*float64(n-1)/float64(n-p-1)
}

// standardise stores the deviations from the mean, scaled to root mean square
// 1, and returns that of before: 0 where they are rounding alone, NaN where a
// value is not finite.
func standardise(dst *mat.VecDense, values []float64) float64 {
	n := float64(len(values))
	var mean, size float64
	for _, v := range values {
		mean += v / n
		size = max(size, math.Abs(v))
	}
	var sum float64
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	deviation := math.Sqrt(sum / n)
	if math.IsInf(deviation, 0) || math.IsNaN(deviation) {
		return math.NaN()
	}
	if deviation <= 1e-13*size {
		return 0
	}
	for i, v := range values {
		dst.SetVec(i, (v-mean)/deviation)
	}
	return deviation
}
