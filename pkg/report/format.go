package report

import (
	"math"
	"strconv"
	"strings"
)

// Numbers in tables: a true minus sign, and powers of ten where there would be
// many zeros.

func fixed(v float64, decimals int) string {
	return strings.Replace(strconv.FormatFloat(v, 'f', decimals, 64), "-", "−", 1)
}

func signed(v float64, decimals int) string {
	s := fixed(v, decimals)
	if v > 0 {
		s = "+" + s
	}
	return s
}

// significant writes v with n significant digits.
func significant(v float64, n int) string {
	a := math.Abs(v)
	switch {
	case v == 0:
		return "0"
	case a < 1e-3 || a >= 1e6:
		return scientific(v, n)
	}
	decimals := max(0, n-1-int(math.Floor(math.Log10(a))))
	return fixed(v, decimals)
}

func scientific(v float64, n int) string {
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', n-1, 64), "e")
	return strings.Replace(mantissa, "-", "−", 1) + "·10" + superscript(exponent)
}

// superscript writes an exponent such as -05 as ⁻⁵.
func superscript(exponent string) string {
	n, _ := strconv.Atoi(exponent)
	return strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹").Replace(strconv.Itoa(n))
}

// plain is the shortest exact form: 0.0005 is 5e-4.
func plain(v float64) string {
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if a := math.Abs(v); v != 0 && a < 1e-2 {
		s = strconv.FormatFloat(v, 'e', -1, 64)
		mantissa, exponent, _ := strings.Cut(s, "e")
		n, _ := strconv.Atoi(exponent)
		s = mantissa + "e" + strconv.Itoa(n)
	}
	return s
}

// plusMinus is mean ± sd, the mean alone where n is 1 and empty where it is 0.
func plusMinus(s Stat, number func(float64) string) string {
	switch s.N {
	case 0:
		return ""
	case 1:
		return number(s.Mean)
	}
	return number(s.Mean) + " ± " + number(s.SD)
}

// plusMinusDigits is plusMinus with n significant digits of the mean, and the
// deviation to the same place: 15.1 ± 4.9, (7.2 ± 0.1)·10⁻⁵.
func plusMinusDigits(s Stat, n int) string {
	mean := significant(s.Mean, n)
	if s.N < 2 {
		return plusMinus(s, digits(n))
	}
	mantissa, power, small := strings.Cut(mean, "·10")
	_, fraction, _ := strings.Cut(mantissa, ".")
	if !small {
		return mean + " ± " + fixed(s.SD, len(fraction))
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(s.Mean))))
	return "(" + mantissa + " ± " + fixed(s.SD/unit, len(fraction)) + ")·10" + power
}

func decimals(n int) func(float64) string { return func(v float64) string { return fixed(v, n) } }
func digits(n int) func(float64) string   { return func(v float64) string { return significant(v, n) } }

// percent writes a fraction in percent with two decimals.
func percent(v float64) string { return fixed(100*v, 2) }

// short is the head of a hash.
func short(sum string) string { return sum[:min(len(sum), 12)] }

// count writes 1 run, 2 runs.
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}
