// Package number writes numbers for people: a true minus sign, as many digits
// as mean something, and powers of ten where there would be many zeros. It
// writes every number, NaN and the infinities too, in bounded length.
package number

import (
	"math"
	"strconv"
	"strings"
)

// NotFinite stands for NaN and the infinities.
const NotFinite = "not finite"

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// longest is the size from which numbers are written by powers of ten, however
// many decimals are asked for.
const longest = 1e15

// Fixed writes v with so many decimals.
func Fixed(v float64, decimals int) string {
	switch {
	case !finite(v):
		return NotFinite
	case math.Abs(v) >= longest:
		return Scientific(v, 3)
	}
	// v + 0, for −0 is 0.
	return strings.Replace(strconv.FormatFloat(v+0, 'f', min(decimals, 20), 64), "-", "−", 1)
}

// Signed is Fixed with a plus sign where v is above 0.
func Signed(v float64, decimals int) string { return Plus(v, Fixed(v, decimals)) }

// Plus puts a plus sign before the text of a positive number.
func Plus(v float64, text string) string {
	if v > 0 && finite(v) {
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
	case !finite(v):
		return NotFinite
	case a < 1e-3 || a >= 1e6:
		return Scientific(v, n)
	}
	decimals := max(0, n-1-int(math.Floor(math.Log10(a))))
	return Fixed(v, decimals)
}

// Scientific writes v as a mantissa of n digits times a power of ten.
func Scientific(v float64, n int) string {
	if !finite(v) {
		return NotFinite
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', n-1, 64), "e")
	return strings.Replace(mantissa, "-", "−", 1) + "·10" + Superscript(exponent)
}

// Superscript writes an exponent such as -05 as ⁻⁵.
func Superscript(exponent string) string {
	n, _ := strconv.Atoi(exponent)
	return strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹").Replace(strconv.Itoa(n))
}

// Plain is the shortest true form: 0.0005 is 5e-4, 14.000000000000002 is 14.
func Plain(v float64) string {
	if !finite(v) {
		return NotFinite
	}
	v = rounded(v)
	if a := math.Abs(v); v != 0 && (a < 1e-2 || a >= longest) {
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', -1, 64), "e")
		n, _ := strconv.Atoi(exponent)
		return mantissa + "e" + strconv.Itoa(n)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// Exact is the shortest true form for other programs, empty where v is not
// finite.
func Exact(v float64) string {
	if !finite(v) {
		return ""
	}
	return strconv.FormatFloat(rounded(v), 'g', -1, 64)
}

// rounded takes away the rounding errors of arithmetic: where the 15 digits
// that a float64 always holds end in three zeros, those after them are error.
// All else, and every whole number, is left as it is.
func rounded(v float64) float64 {
	if v == math.Trunc(v) {
		return v + 0 // −0 is 0
	}
	short := strconv.FormatFloat(v, 'e', 14, 64)
	mantissa, _, _ := strings.Cut(short, "e")
	if !strings.HasSuffix(mantissa, "000") {
		return v
	}
	r, err := strconv.ParseFloat(short, 64)
	if err != nil {
		return v
	}
	return r
}

// Percent writes a fraction in percent with two decimals.
func Percent(v float64) string { return Fixed(100*v, 2) }

// Decimals and Digits are Fixed and Significant with the number of places
// given beforehand.
func Decimals(n int) func(float64) string { return func(v float64) string { return Fixed(v, n) } }

// Digits is Significant with n digits.
func Digits(n int) func(float64) string { return func(v float64) string { return Significant(v, n) } }

// Count writes 1 run, 2 runs, 50,000 images.
func Count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return Whole(n) + " " + what
}

// Whole writes a whole number with its thousands apart: 2,000.
func Whole(n int) string {
	s := strconv.Itoa(n)
	digits := strings.TrimPrefix(s, "-")
	if len(digits) < 4 {
		return s
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return strings.TrimSuffix(s, digits) + b.String()
}
