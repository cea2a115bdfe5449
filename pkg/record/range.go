package record

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Range bounds a number, ends included. The zero Range bounds nothing.
type Range struct {
	Bounded  bool
	Min, Max float64 // -Inf, +Inf: open
}

// parseRange reads a range tag.
func parseRange(tag string) Range {
	if tag == "" {
		return Range{}
	}
	r := Range{Bounded: true, Min: math.Inf(-1), Max: math.Inf(1)}
	low, high, _ := strings.Cut(tag, "..")
	for _, end := range []struct {
		text string
		to   *float64
	}{{low, &r.Min}, {high, &r.Max}} {
		if end.text == "" {
			continue
		}
		v, err := strconv.ParseFloat(end.text, 64)
		if err != nil {
			panic("record: range " + tag)
		}
		*end.to = v
	}
	return r
}

// slack is how far rounding may carry a fraction beyond its range.
const slack = 1e-6

// Holds says whether v lies within the range; NaN, which stands for a number
// that was not finite, does.
func (r Range) Holds(v float64) bool {
	if !r.Bounded || math.IsNaN(v) {
		return true
	}
	below, above := r.Min, r.Max
	if r.Max == 1 {
		above += slack
	}
	return v >= below && v <= above
}

// String describes the range: "from 0 to 1", "of at least 0", "".
func (r Range) String() string {
	switch {
	case !r.Bounded:
		return ""
	case math.IsInf(r.Max, 1):
		return fmt.Sprintf("of at least %g", r.Min)
	case math.IsInf(r.Min, -1):
		return fmt.Sprintf("of at most %g", r.Max)
	}
	return fmt.Sprintf("from %g to %g", r.Min, r.Max)
}
