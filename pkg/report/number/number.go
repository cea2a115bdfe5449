// Package number writes numbers for people: a true minus sign, as many digits
// as mean something, and powers of ten where there would be many zeros.
package number

import (
	"math"
	"strconv"
	"strings"
)

// Fixed writes v with so many decimals.
func Fixed(v float64, decimals int) string {
	return strings.Replace(strconv.FormatFloat(v, 'f', decimals, 64), "-", "−", 1)
}

// Signed is Fixed with a plus sign where v is above 0.
func Signed(v float64, decimals int) string { return Plus(v, Fixed(v, decimals)) }

// Plus puts a plus sign before the text of a positive number.
func Plus(v float64, text string) string {
	if v > 0 {
		return "+" + text
	}
	return text
}

// Significant writes v with n significant digits.
func Significant(v float64, n int) string {
	a := math.Abs(v)
	switch {
	case v == 0:
		return "0"
	case a < 1e-3 || a >= 1e6:
		return Scientific(v, n)
	}
	decimals := max(0, n-1-int(math.Floor(math.Log10(a))))
	return Fixed(v, decimals)
}

// Scientific writes v as a mantissa of n digits times a power of ten.
func Scientific(v float64, n int) string {
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', n-1, 64), "e")
	return strings.Replace(mantissa, "-", "−", 1) + "·10" + Superscript(exponent)
}

// Superscript writes an exponent such as -05 as ⁻⁵.
func Superscript(exponent string) string {
	n, _ := strconv.Atoi(exponent)
	return strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹").Replace(strconv.Itoa(n))
}

// Plain is the shortest exact form: 0.0005 is 5e-4.
func Plain(v float64) string {
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if a := math.Abs(v); v != 0 && a < 1e-2 {
		s = strconv.FormatFloat(v, 'e', -1, 64)
		mantissa, exponent, _ := strings.Cut(s, "e")
		n, _ := strconv.Atoi(exponent)
		s = mantissa + "e" + strconv.Itoa(n)
	}
	return s
}

// Percent writes a fraction in percent with two decimals.
func Percent(v float64) string { return Fixed(100*v, 2) }

// Decimals and Digits are Fixed and Significant with the number of places
// given beforehand.
func Decimals(n int) func(float64) string { return func(v float64) string { return Fixed(v, n) } }

// Digits is Significant with n digits.
func Digits(n int) func(float64) string { return func(v float64) string { return Significant(v, n) } }

// Count writes 1 run, 2 runs.
func Count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}
