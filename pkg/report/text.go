package report

import (
	"math"
	"strings"

	"srn/pkg/report/number"
)

// plusMinus is mean ± sd, the mean alone where n is 1 and empty where it is 0.
func plusMinus(s Stat, text func(float64) string) string {
	switch s.N {
	case 0:
		return ""
	case 1:
		return text(s.Mean)
	}
	return text(s.Mean) + " ± " + text(s.SD)
}

// plusMinusDigits is plusMinus with n significant digits of the mean, and the
// deviation to the same place: 15.1 ± 4.9, (7.2 ± 0.1)·10⁻⁵.
func plusMinusDigits(s Stat, n int) string {
	mean := number.Significant(s.Mean, n)
	if s.N < 2 {
		return plusMinus(s, number.Digits(n))
	}
	mantissa, power, small := strings.Cut(mean, "·10")
	_, fraction, _ := strings.Cut(mantissa, ".")
	if !small {
		return mean + " ± " + number.Fixed(s.SD, len(fraction))
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(s.Mean))))
	return "(" + mantissa + " ± " + number.Fixed(s.SD/unit, len(fraction)) + ")·10" + power
}

// short is the head of a hash.
func short(sum string) string { return sum[:min(len(sum), 12)] }
