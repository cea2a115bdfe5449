package chart

import (
	"math"
	"srn/pkg/report/number"
	"strconv"
)

// tick is a labelled place on an axis.
type tick struct {
	value float64
	label string
}

// linearTicks covers low to high by about n steps of 1, 2 or 5 times a power
// of ten, and returns the range widened to whole steps.
func linearTicks(low, high float64, n int) (ticks []tick, from, to float64) {
	if !(high > low) {
		pad := math.Max(math.Abs(high)*0.05, 1e-9)
		low, high = low-pad, high+pad
	}
	raw := (high - low) / float64(n)
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * power
	for _, m := range []float64{1, 2, 5} {
		if m*power >= raw*0.999 {
			step = m * power
			break
		}
	}
	digits := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	first, last := math.Floor(low/step+1e-9), math.Ceil(high/step-1e-9)
	for i := first; i <= last; i++ {
		v := i * step
		label := number.Fixed(v, digits)
		if a := math.Max(math.Abs(low), math.Abs(high)); a < 1e-3 || a >= 1e6 {
			label = number.Scientific(v, 2)
			if v == 0 {
				label = "0"
			}
		}
		ticks = append(ticks, tick{v, label})
	}
	return ticks, first * step, last * step
}

// logTicks labels decades between low and high, widened a little and thinned
// to about n, with 2 and 5 times them where there are few.
func logTicks(low, high float64, n int) (ticks []tick, from, to float64) {
	from, to = low/1.3, high*1.3
	first, last := int(math.Floor(math.Log10(from))), int(math.Ceil(math.Log10(to)))
	every := max(1, (last-first+n-1)/n)
	for e := first; e <= last; e++ {
		for _, m := range []float64{1, 2, 5} {
			v := m * math.Pow(10, float64(e))
			switch {
			case v < from || v > to:
			case m == 1 && e%every == 0:
				ticks = append(ticks, tick{v, powerLabel(e)})
			case m != 1 && last-first <= 3:
				ticks = append(ticks, tick{v, significantShort(v)})
			}
		}
	}
	return ticks, from, to
}

func powerLabel(e int) string {
	if e >= -2 && e <= 3 {
		return significantShort(math.Pow(10, float64(e)))
	}
	return "10" + number.Superscript(strconv.Itoa(e))
}

func significantShort(v float64) string {
	if v >= 1e-3 && v < 1e5 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return number.Scientific(v, 1)
}

// wholeTicks are ticks at whole numbers, for epochs.
func wholeTicks(low, high, n int) []tick {
	step := 1
	for _, m := range []int{1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10000} {
		if step = m; (high-low)/m <= n {
			break
		}
	}
	var ticks []tick
	for v := (low + step - 1) / step * step; v <= high; v += step {
		ticks = append(ticks, tick{float64(v), strconv.Itoa(v)})
	}
	return ticks
}
