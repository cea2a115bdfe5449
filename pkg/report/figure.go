package report

import (
	"fmt"
	"math"
	"slices"
)

// Point is a mean over seeds at one x, with the lowest and highest seed.
type Point struct {
	X               int
	Mean, Low, High float64
	N               int
}

// Series is a line of a figure.
type Series struct {
	Label  string
	Style  int // colour and dash pattern
	Points []Point
}

// Line is a horizontal mark that readers should know.
type Line struct {
	Y     float64
	Label string
}

// scale is how a figure's values lie on its y axis.
type scale int

const (
	autoLog scale = iota // logarithmic from two decades on
	linear
	logarithmic
)

// Figure is a line chart over epochs or rounds.
type Figure struct {
	ID      string // unique in the report
	Title   string
	Caption string
	XLabel  string
	YLabel  string // with the unit
	Scale   scale
	Lines   []Line
	Series  []Series
	Number  func(float64) string // of the table behind the figure
}

// span is the range of all values and whether the axis is logarithmic. Values
// that a logarithmic axis cannot show do not count.
func (f *Figure) span() (low, high float64, log bool) {
	low, high = math.Inf(1), math.Inf(-1)
	smallest := math.Inf(1)
	each := func(visit func(float64)) {
		for _, s := range f.Series {
			for _, p := range s.Points {
				visit(p.Mean)
				visit(p.Low)
				visit(p.High)
			}
		}
		for _, l := range f.Lines {
			visit(l.Y)
		}
	}
	each(func(v float64) {
		low, high = min(low, v), max(high, v)
		if v > 0 {
			smallest = min(smallest, v)
		}
	})
	log = f.Scale == logarithmic && high > 0 || f.Scale == autoLog && low > 0 && high/low > 100
	if log {
		low = smallest
	}
	return low, high, log
}

// Table is the numbers behind the figure.
func (f *Figure) Table() Table {
	t := Table{Caption: f.Title + ": the numbers", Columns: []Column{{Head: f.XLabel, Number: true}}}
	rows := map[int][]string{}
	var order []int
	for i, s := range f.Series {
		t.Columns = append(t.Columns, Column{Head: s.Label, Number: true})
		for _, p := range s.Points {
			if rows[p.X] == nil {
				rows[p.X] = make([]string, len(f.Series)+1)
				rows[p.X][0] = fmt.Sprint(p.X)
				order = append(order, p.X)
			}
			cell := f.Number(p.Mean)
			if p.N > 1 {
				cell += fmt.Sprintf(" (%s to %s)", f.Number(p.Low), f.Number(p.High))
			}
			rows[p.X][i+1] = cell
		}
	}
	slices.Sort(order)
	for _, x := range order {
		t.Rows = append(t.Rows, rows[x])
	}
	return t
}

// thinned keeps at most n points of each series, first and last among them,
// for tables in print.
func (f *Figure) thinned(n int) *Figure {
	copied := *f
	last := 0
	for _, s := range f.Series {
		for _, p := range s.Points {
			last = max(last, p.X)
		}
	}
	step := max(1, (last+n-2)/(n-1))
	copied.Series = nil
	for _, s := range f.Series {
		kept := Series{Label: s.Label, Style: s.Style}
		for i, p := range s.Points {
			if len(s.Points) <= n || i == 0 || i == len(s.Points)-1 || p.X%step == 0 {
				kept.Points = append(kept.Points, p)
			}
		}
		copied.Series = append(copied.Series, kept)
	}
	return &copied
}
