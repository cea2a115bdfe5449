package chart

import (
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"

	"srn/pkg/report/number"
)

func TestScales(t *testing.T) {
	line := func(scale Scale, values ...float64) bool {
		s := newSpan()
		s.add(values...)
		return s.log(scale)
	}
	if line(Auto, 1, 90) || !line(Auto, 1, 101) || line(Auto, 0, 1000) || line(Linear, 1, 1e9) || !line(Log, 1, 2) {
		t.Error("a logarithmic axis is for more than two decades, or where it is asked for")
	}
}

// charts are one of each kind, with the difficult values that records may hold.
func charts() map[string]Chart {
	text := number.Digits(3)
	bowl := Panel{Title: "ce <1>", X: []float64{-1, 0, 1}, Y: []float64{-1, 0, 1}, Z: []float64{9, 4, 9, 4, 0.5, 4, 9, 4, math.NaN()}}
	flat := Panel{Title: "srn", X: bowl.X, Y: bowl.Y, Z: []float64{1, 1, 1, 1, 1, 1, 1, 1, 1}}
	return map[string]Chart{
		"lines": &Lines{X: WholeAxis("Epoch"), Y: Axis{Label: "λ_max", Text: text}, Marks: []Mark{{10, "a < b"}}, Series: []Series{
			{Label: "a & b", Points: []Point{{1, 3, 2, 4, 2}, {2, 1000, 900, 1100, 2}}}, {Label: "one", Style: 9, Points: []Point{{1, 5, 5, 5, 1}}}}},
		"curve":   &Lines{X: Axis{Label: "x", Scale: Linear, Text: text}, Y: Axis{Label: "y", Scale: Log, Text: text}, Series: []Series{{Label: "s", Points: []Point{{-3, 1e-6, 1e-6, 1e-6, 1}, {900, 0, 0, 0, 1}}}}},
		"scatter": &Scatter{X: Axis{Label: "λ_max", Text: text}, Y: Axis{Label: "top-1, %", Text: text}, Groups: []Dots{{"R8", 0, []Dot{{"ce", 80, 84, 2, 0.1, 3}, {"srn <x>", 80, 84, 0, 0, 1}}}, {"R20", 1, []Dot{{"ce", 9, 91, 0, 0, 1}}}}},
		"bars":    &Bars{Value: Axis{Label: "× CE", Text: text}, Bars: []Bar{{"ce", 1, 0, 2, 1, 0}, {"a very long name & more of it", 1.5, 0.1, 3, 0, 0}, {"r-drop", 0, 0, 0, 1.5, 0.01}}},
		"heat":    &Heat{X: Axis{Label: "a"}, Y: Axis{Label: "b"}, Value: Axis{Label: "loss", Scale: Log, Text: text}, Panels: []Panel{bowl, flat}},
	}
}

// TestDrawings are well-formed XML with a title, a description and finite
// coordinates, alone and in a page, and their numbers fill their tables.
func TestDrawings(t *testing.T) {
	for name, c := range charts() {
		for _, alone := range []bool{true, false} {
			svg := c.SVG("id", "Title of "+name, alone)
			if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
				t.Errorf("%s: a coordinate is not finite", name)
			}
			if wellFormed(svg) != nil || !strings.Contains(svg, "<title id=") || !strings.Contains(svg, "<desc id=") {
				t.Errorf("%s: %v\n%s", name, wellFormed(svg), svg)
			}
		}
		if err := wellFormed(Standalone(c, "id", name)); err != nil || c.Empty() {
			t.Errorf("%s: %v, empty %v", name, err, c.Empty())
		}
		table := c.Table(0)
		for _, row := range table.Rows {
			if len(row) != len(table.Columns) {
				t.Errorf("%s: %d cells in %d columns", name, len(row), len(table.Columns))
			}
		}
		head, rows := c.Data()
		for _, row := range rows {
			if len(row) != len(head) {
				t.Errorf("%s: %d data in %d columns", name, len(row), len(head))
			}
		}
	}
}

// hostile are the numbers that a float64 can be and arithmetic on which goes
// wrong.
var hostile = []float64{0, math.Copysign(0, -1), 1e308, -1e308, math.MaxFloat64, 1e-320, -1e-320, 5e-324, 1<<53 - 1, 1<<53 + 1, 1e12, -1e12, 1, math.Nextafter(1, 2), math.NaN(), math.Inf(1), math.Inf(-1)}

// Ticks are few whatever the ends of the range are, near to one another or far
// apart, and charts of any numbers are well-formed, finite and small.
func TestEveryRange(t *testing.T) {
	text := number.Digits(3)
	for _, low := range hostile {
		for _, high := range hostile {
			for _, n := range []int{4, 5, 8} {
				ticks, from, to := linearTicks(low, high, n)
				if len(ticks) > 2*n || !(to > from) || !finite(from) || !finite(to) {
					t.Fatalf("%g to %g: %d ticks from %g to %g", low, high, len(ticks), from, to)
				}
				slack := 1e-6 * (to/2 - from/2)
				if !(low > high) && finite(low) && finite(high) && (from-slack > low || to+slack < high) {
					t.Fatalf("%g to %g: the axis goes from %g to %g", low, high, from, to)
				}
				if finite(low) && finite(high) && high >= low {
					if ticks := wholeTicks(low, high, n); len(ticks) > n+1 {
						t.Fatalf("%g to %g: %d whole ticks", low, high, len(ticks))
					}
				}
				if low > 0 && high >= low && finite(high) {
					if ticks, from, to := logTicks(low, high, n); len(ticks) > 3*n+9 || !(to > from) {
						t.Fatalf("%g to %g: %d logarithmic ticks from %g to %g", low, high, len(ticks), from, to)
					}
				}
			}
			a, b := low, high
			points := []Point{{a, b, b, b, 1}, {b, a, min(a, b), max(a, b), 2}, {1, 1, 1, 1, 1}}
			list := []Chart{
				&Lines{X: WholeAxis("Epoch"), Y: Axis{Label: "y", Text: text}, Series: []Series{{Label: "s", Points: points}}, Marks: []Mark{{a, "m"}}},
				&Scatter{X: Axis{Text: text}, Y: Axis{Text: text}, Groups: []Dots{{"g", 0, []Dot{{"a", a, b, a, b, 1}, {"b", b, a, b, a, 2}, {"c", 1, 1, 0, 0, 1}}}}},
				&Bars{Value: Axis{Text: text}, Bars: []Bar{{"a", a, b, 2, 0, 0}, {"b", b, a, 1, 1, 0}}},
				&Heat{X: Axis{Text: text}, Y: Axis{Text: text}, Value: Axis{Text: text}, Panels: []Panel{{"p", []float64{a, b}, []float64{b, a}, []float64{a, b, 1, 2}}}},
			}
			for _, scale := range []Scale{Auto, Linear, Log} {
				list = append(list, &Lines{X: Axis{Scale: Linear, Text: text}, Y: Axis{Scale: scale, Text: text}, Series: []Series{{Label: "s", Points: points}}},
					&Heat{Value: Axis{Scale: scale, Text: text}, Panels: []Panel{{"p", []float64{-1, 1}, []float64{-1, 1}, []float64{a, b, 1, 2}}}})
			}
			for i, c := range list {
				if c.Empty() {
					continue
				}
				svg := c.SVG("id", "t", false)
				if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") || len(svg) > 1<<20 || wellFormed(svg) != nil {
					t.Fatalf("%g and %g: chart %d, %d bytes: %v", a, b, i, len(svg), wellFormed(svg))
				}
				c.Table(0)
				c.Table(12)
				c.Data()
			}
		}
	}
}

// Curves start where data start: no axis of epochs has an empty part before them.
func TestCurvesFillTheirWidth(t *testing.T) {
	c := &Lines{X: WholeAxis("Epoch"), Y: Axis{Label: "y", Scale: Linear}, Series: []Series{{Label: "s", Points: []Point{{5, 10, 10, 10, 1}, {20, 11, 11, 11, 1}, {30, 11, 11, 11, 1}}}}}
	svg := Standalone(c, "id", "t")
	if !strings.Contains(svg, ">5<") || strings.Contains(svg, ">0<") {
		t.Error("an axis of 5 to 30 begins elsewhere")
	}
}

// What XML cannot hold is no part of a drawing.
func TestLabelsAreText(t *testing.T) {
	c := &Lines{X: WholeAxis("Epoch"), Y: Axis{Label: "y\x00"}, Series: []Series{{Label: "a\x1b[0m\x01</svg><script>", Points: []Point{{1, 1, 1, 1, 1}}}}}
	svg := Standalone(c, "id", "t\x0b\u202e")
	if err := wellFormed(svg); err != nil || strings.Contains(svg, "<script") {
		t.Errorf("%v\n%s", err, svg)
	}
}

func wellFormed(s string) error {
	d := xml.NewDecoder(strings.NewReader("<x>" + s + "</x>"))
	for {
		if _, err := d.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}
