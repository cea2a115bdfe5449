package chart

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"srn/pkg/report/number"
	"srn/pkg/report/table"
)

// Point is a mean over seeds at one x, with the ends of its band.
type Point struct {
	X, Mean, Low, High float64
	N                  int // seeds
}

// Series is a line of a chart.
type Series struct {
	Label  string
	Style  int // colour and dash pattern
	Points []Point
}

// Lines is a line chart, most often over epochs or rounds.
type Lines struct {
	X, Y   Axis
	Marks  []Mark
	Series []Series
	Band   string // what the bands are: "lowest to highest seed" where empty
}

const (
	markerLimit = 16 // points a series may have and still show markers
	hoverLimit  = 60 // and still tell their values under the pointer
)

// shown are the series with the points that can be drawn: those of finite x and
// mean, their band no further than it is finite.
func (l *Lines) shown() []Series {
	var list []Series
	for _, s := range l.Series {
		var points []Point
		for _, p := range s.Points {
			if !finite(p.X) || !finite(p.Mean) {
				continue
			}
			if !finite(p.Low) {
				p.Low = p.Mean
			}
			if !finite(p.High) {
				p.High = p.Mean
			}
			points = append(points, p)
		}
		if len(points) > 0 {
			s.Points = points
			list = append(list, s)
		}
	}
	return list
}

// Empty says that there is nothing to draw.
func (l *Lines) Empty() bool { return len(l.shown()) == 0 }

// Quantity is what the chart shows.
func (l *Lines) Quantity() string { return l.Y.Label }

// Legend has a line for each series.
func (l *Lines) Legend() []Key {
	var keys []Key
	for _, s := range l.shown() {
		keys = append(keys, Key{Label: s.Label, Style: s.Style})
	}
	return keys
}

func (l *Lines) spans() (x, y span) {
	x, y = newSpan(), newSpan()
	for _, s := range l.shown() {
		for _, p := range s.Points {
			x.add(p.X)
			y.add(p.Mean, p.Low, p.High)
		}
	}
	for _, m := range l.Marks {
		y.add(m.At)
	}
	return x, y
}

// SVG draws the chart.
func (l *Lines) SVG(id, title string, legend bool) string {
	xs, ys := l.spans()
	p := &plot{x: l.X.ruler(xs, 5), y: l.Y.ruler(ys, 5)}
	if !p.x.log && (!l.X.Whole || xs.high > xs.low) { // curves start where data start, and end where they end
		p.x.low, p.x.high = xs.low, xs.high
		p.x.ticks = slices.DeleteFunc(p.x.ticks, func(t tick) bool { return t.value < xs.low || t.value > xs.high })
	}
	top := 0.0
	if legend {
		top = float64(legendLine * len(rows(l.Legend())))
	}
	p.begin(id, title, l.description(p.y.log), Width, top+34+plotHeight+below)
	if legend {
		p.legend(l.Legend())
	}
	p.frame(top, l.X, l.Y)
	for _, m := range l.Marks {
		p.mark(m)
	}
	for i, s := range l.shown() {
		p.printf(`<g class="g%d">`, i)
		l.drawBand(p, s)
		p.printf(`</g>`)
	}
	for i, s := range l.shown() {
		p.printf(`<g class="g%d">`, i)
		l.drawLine(p, s)
		p.printf(`</g>`)
	}
	return p.end()
}

// description says in words what the chart shows.
func (l *Lines) description(log bool) string {
	axis := ""
	if log {
		axis = ", logarithmic axis"
	}
	var parts []string
	for _, s := range l.shown() {
		first, last := s.Points[0], s.Points[len(s.Points)-1]
		parts = append(parts, fmt.Sprintf("%s from %s at %s to %s at %s", s.Label, l.Y.text(first.Mean), l.X.text(first.X), l.Y.text(last.Mean), l.X.text(last.X)))
	}
	over := "against " + l.X.Label
	if l.X.Whole {
		over = "over " + strings.ToLower(l.X.Label) + "s"
	}
	return fmt.Sprintf("%s %s%s: %s.", l.Y.Label, over, axis, strings.Join(parts, "; "))
}

// drawBand fills from the low to the high end.
func (l *Lines) drawBand(p *plot, s Series) {
	if len(s.Points) < 2 || s.Points[0].N < 2 {
		return
	}
	p.printf(`<path class="band s%d" d="`, s.Style%Styles)
	for i, q := range s.Points {
		p.printf("%s%s %s", letter(i), coord(p.x.at(q.X)), coord(p.y.at(q.High)))
	}
	for i := len(s.Points) - 1; i >= 0; i-- {
		p.printf("L%s %s", coord(p.x.at(s.Points[i].X)), coord(p.y.at(s.Points[i].Low)))
	}
	p.printf(`Z"/>`)
}

func (l *Lines) drawLine(p *plot, s Series) {
	p.printf(`<path class="line s%d" d="`, s.Style%Styles)
	for i, q := range s.Points {
		p.printf("%s%s %s", letter(i), coord(p.x.at(q.X)), coord(p.y.at(q.Mean)))
	}
	p.printf(`"/>`)
	if len(s.Points) > hoverLimit {
		return
	}
	for _, q := range s.Points {
		seeds := ""
		if q.N > 1 {
			seeds = fmt.Sprintf(", %s to %s over %d seeds", l.Y.text(q.Low), l.Y.text(q.High), q.N)
		}
		title := fmt.Sprintf("%s at %s: %s%s", s.Label, l.X.text(q.X), l.Y.text(q.Mean), seeds)
		if len(s.Points) > markerLimit {
			p.printf(`<circle class="hover" cx="%s" cy="%s" r="5"><title>%s</title></circle>`, coord(p.x.at(q.X)), coord(p.y.at(q.Mean)), table.EscapeXML(title))
			continue
		}
		p.printf(`%s`, marker(s.Style, p.x.at(q.X), p.y.at(q.Mean), 2.8, title))
	}
}

// Table has a row for each x, thinned to about so many, and a column for each
// series.
func (l *Lines) Table(limit int) table.Table {
	t := table.Table{Columns: []table.Column{{Head: l.X.Label, Number: true}}}
	cells := map[float64][]string{}
	var order []float64
	series := l.shown()
	for i, s := range series {
		t.Columns = append(t.Columns, table.Column{Head: s.Label, Number: true})
		for _, p := range s.thinned(limit, l.step(limit)) {
			if cells[p.X] == nil {
				cells[p.X] = make([]string, len(series)+1)
				cells[p.X][0] = l.X.text(p.X)
				order = append(order, p.X)
			}
			cell := l.Y.text(p.Mean)
			if p.N > 1 {
				cell += fmt.Sprintf(" (%s to %s)", l.Y.text(p.Low), l.Y.text(p.High))
			}
			cells[p.X][i+1] = cell
		}
	}
	slices.Sort(order)
	for _, x := range order {
		t.Rows = append(t.Rows, cells[x])
	}
	return t
}

// step is how far apart rows of a thinned table are, in units of a whole x.
func (l *Lines) step(limit int) int {
	xs, _ := l.spans()
	if limit < 2 || !l.X.Whole {
		return 1
	}
	return max(1, (int(min(xs.high, longestWhole))+limit-2)/(limit-1))
}

// thinned keeps about limit points, first and last among them: those at
// multiples of step where x counts in whole numbers, so that series share
// their rows.
func (s Series) thinned(limit, step int) []Point {
	if limit < 2 || len(s.Points) <= limit {
		return s.Points
	}
	every := (len(s.Points) + limit - 1) / limit
	var kept []Point
	for i, p := range s.Points {
		aligned := step > 1 && math.Mod(p.X, float64(step)) == 0 || step == 1 && i%every == 0
		if i == 0 || i == len(s.Points)-1 || aligned {
			kept = append(kept, p)
		}
	}
	return kept
}

// Data has a row for each point.
func (l *Lines) Data() (head []string, rows [][]string) {
	head = []string{"series", "x", "mean", "low", "high", "n"}
	for _, s := range l.shown() {
		for _, p := range s.Points {
			rows = append(rows, []string{s.Label, number.Exact(p.X), number.Exact(p.Mean), number.Exact(p.Low), number.Exact(p.High), strconv.Itoa(max(p.N, 1))})
		}
	}
	return head, rows
}

// WholeAxis is an axis of epochs, rounds or steps.
func WholeAxis(label string) Axis {
	return Axis{Label: label, Scale: Linear, Whole: true, Text: func(v float64) string { return number.Fixed(v, 0) }}
}
