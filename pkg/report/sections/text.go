package sections

import (
	"math"
	"slices"
	"strings"

	"srn/pkg/report/number"
	"srn/pkg/stats"
)

// plusMinus is mean ± sd, the mean alone where n is 1 and empty where it is 0.
func plusMinus(s stats.Summary, text func(float64) string) string {
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
func plusMinusDigits(s stats.Summary, n int) string {
	mean := number.Significant(s.Mean, n)
	if s.N < 2 {
		return plusMinus(s, number.Digits(n))
	}
	mantissa, power, small := strings.Cut(mean, "·10")
	_, fraction, _ := strings.Cut(mantissa, ".")
	if !small {
		return mean + " ± " + number.Fixed(s.SD, len(fraction))
	}
	unit := math.Floor(math.Log10(math.Abs(s.Mean)))
	return "(" + mantissa + " ± " + number.Fixed(s.SD/math.Pow(10, unit/2)/math.Pow(10, unit/2), len(fraction)) + ")·10" + power
}

// withRows are the tables that have any.
func withRows(list ...Table) []Table {
	return slices.DeleteFunc(list, func(t Table) bool { return len(t.Rows) == 0 })
}

// marks gives each different text of a table a letter of its own, in the order
// in which they come.
type marks struct{ texts []string }

const letters = "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿ"

func (m *marks) of(text string) string {
	if text == "" {
		return ""
	}
	at := slices.Index(m.texts, text)
	if at < 0 {
		at = len(m.texts)
		m.texts = append(m.texts, text)
	}
	return letter(at)
}

// letter is a, b, … and after the last aa, bb, …
func letter(at int) string {
	all := []rune(letters)
	return strings.Repeat(string(all[at%len(all)]), at/len(all)+1)
}

// notes explain the letters.
func (m *marks) notes() []string {
	var list []string
	for i, t := range m.texts {
		list = append(list, letter(i)+" "+t+".")
	}
	return list
}
