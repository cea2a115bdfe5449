// Package landscape looks at a loss away from the parameters of a checkpoint:
// along lines and planes through them, between two checkpoints, and at the
// worst place within a radius.
package landscape

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Axis is a grid of evenly spaced coordinates, the value of a flag
// "MIN:MAX:STEPS".
type Axis struct {
	Min, Max float64
	Steps    int
}

// maxSteps bounds an axis, so that a slip of the finger is no endless run.
const maxSteps = 501

// UnmarshalText reads a flag's value.
func (a *Axis) UnmarshalText(text []byte) error {
	parts := strings.Split(string(text), ":")
	if len(parts) != 3 {
		return fmt.Errorf("%q is no axis: want MIN:MAX:STEPS, such as -1:1:51", text)
	}
	low, err1 := strconv.ParseFloat(parts[0], 64)
	high, err2 := strconv.ParseFloat(parts[1], 64)
	steps, err3 := strconv.Atoi(parts[2])
	if err1 != nil || err2 != nil || err3 != nil {
		return fmt.Errorf("%q is no axis: want three numbers MIN:MAX:STEPS, such as -1:1:51", text)
	}
	if !(low < high) || math.IsInf(low, 0) || math.IsInf(high, 0) {
		return fmt.Errorf("%q is no axis: its maximum must exceed its minimum", text)
	}
	if steps < 2 || steps > maxSteps {
		return fmt.Errorf("%q is no axis: want 2 to %d steps", text, maxSteps)
	}
	*a = Axis{low, high, steps}
	return nil
}

// String is the flag's value.
func (a Axis) String() string {
	return fmt.Sprintf("%v:%v:%d", a.Min, a.Max, a.Steps)
}

// At is coordinate i, from 0. The ends are exact, and so is 0 in the middle of
// a symmetric axis with an odd number of steps.
func (a Axis) At(i int) float64 {
	last := float64(a.Steps - 1)
	return (a.Min*(last-float64(i)) + a.Max*float64(i)) / last
}
