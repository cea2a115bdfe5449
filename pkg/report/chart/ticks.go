package chart

import (
	"math"
	"slices"
	"strconv"

	"srn/pkg/report/number"
)

// tick is a labelled place on an axis.
type tick struct {
	value float64
	label string
}

// narrowest is the least range, relative to the values, whose ends an axis
// tells apart: of a narrower one, all values lie in the middle.
const narrowest = 1e-9

// Sizes between which arithmetic on the ends of a range neither overflows nor
// loses its digits.
const (
	smallestSize = 1e-290
	largestSize  = 1e300
)

// widened are the ends of an axis, apart however near the values' are, and
// finite.
func widened(low, high float64) (from, to float64) {
	if math.IsNaN(low) || math.IsNaN(high) || low > high || math.IsInf(low, 1) || math.IsInf(high, -1) {
		return 0, 1 // there is no value
	}
	low, high = max(low, -math.MaxFloat64), min(high, math.MaxFloat64)
	size := max(math.Abs(low), math.Abs(high))
	if size < smallestSize {
		if size > 0 {
			return -smallestSize, smallestSize
		}
		return -1e-9, 1e-9
	}
	if high/2-low/2 > size*narrowest/2 {
		return low, high
	}
	middle, pad := low/2+high/2, max(size*0.05, 1e-9)
	return max(middle-pad, -math.MaxFloat64), min(middle+pad, math.MaxFloat64)
}

// linearTicks covers low to high by about n steps of 1, 2 or 5 times a power
// of ten, and returns the range widened to whole steps.
func linearTicks(low, high float64, n int) (ticks []tick, from, to float64) {
	low, high = widened(low, high)
	scale := 1.0
	if size := max(math.Abs(low), math.Abs(high)); size > largestSize {
		scale = 1e-10
	} else if size <= 10*smallestSize {
		scale = 1e10
	}
	low, high = low*scale, high*scale
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
	largest := max(math.Abs(low), math.Abs(high))
	exact := max(2, 1+int(math.Floor(math.Log10(largest)))-int(math.Floor(math.Log10(step)+1e-9)))
	// A step is at least a part in n of the range, so that there are n+2 at most.
	for i := range min(int(last-first), n+2) + 1 {
		v := (first + float64(i)) * step / scale
		label := ""
		switch size := largest / scale; {
		case math.IsInf(v, 0):
			continue
		case v == 0 && (size < 1e-3 || size >= 1e6):
			label = "0"
		case size < 1e-3 || size >= 1e6:
			label = number.Scientific(v, exact)
		default:
			label = number.Fixed(v, digits)
		}
		ticks = append(ticks, tick{v, label})
	}
	return ticks, bounded(first * step / scale), bounded(last * step / scale)
}

// bounded is the finite number nearest to v.
func bounded(v float64) float64 { return min(max(v, -math.MaxFloat64), math.MaxFloat64) }

// logTicks labels decades between low and high, above 0, widened a little and
// thinned to about n, with 2 and 5 times them where there are few.
func logTicks(low, high float64, n int) (ticks []tick, from, to float64) {
	from = max(low/1.3, smallestSize) // what is below lies at the end
	if to = bounded(high * 1.3); !(to > from) {
		to = 10 * from
	}
	first, last := int(math.Floor(math.Log10(from))), int(math.Ceil(math.Log10(to)))
	every := max(1, (last-first+n-1)/n)
	for e := first; e <= last; e++ { // at most 600 decades
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

// wholeTicks are at most n+1 ticks at whole numbers from low to high, for
// epochs.
func wholeTicks(low, high float64, n int) []tick {
	low, high = max(low, -longestWhole), min(high, longestWhole)
	step := 1.0
	for power := 1.0; (high-low)/step > float64(n); power *= 10 {
		i := slices.IndexFunc([]float64{1, 2, 2.5, 5, 10}, func(m float64) bool {
			return m*power == math.Trunc(m*power) && (high-low)/(m*power) <= float64(n)
		})
		step = []float64{1, 2, 2.5, 5, 10, 10}[max(i, 0)] * power
		if i < 0 {
			step = 10 * power
		}
	}
	var ticks []tick
	for i := range n + 1 {
		v := (math.Ceil(low/step) + float64(i)) * step
		if v > high {
			break
		}
		ticks = append(ticks, tick{v, strconv.FormatFloat(v, 'f', -1, 64)})
	}
	return ticks
}

// longestWhole is the largest number to which all whole numbers are float64s.
const longestWhole = 1 << 53
