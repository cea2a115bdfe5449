package chart

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"srn/pkg/report/number"
	"srn/pkg/report/table"
)

// Dot is a mean over seeds of two quantities with their standard deviations.
type Dot struct {
	Label    string
	X, Y     float64
	XSD, YSD float64 // 0 where there is one seed
	N        int
}

// Dots are those of one kind.
type Dots struct {
	Label string
	Style int
	Dots  []Dot
}

// Scatter sets one quantity against another, a labelled mark for each group.
type Scatter struct {
	X, Y   Axis
	Groups []Dots
}

// shown are the marks that can be drawn, at finite places.
func (s *Scatter) shown() []Dots {
	var list []Dots
	for _, g := range s.Groups {
		var dots []Dot
		for _, d := range g.Dots {
			if !finite(d.X) || !finite(d.Y) {
				continue
			}
			if !finite(d.XSD) {
				d.XSD = 0
			}
			if !finite(d.YSD) {
				d.YSD = 0
			}
			dots = append(dots, d)
		}
		g.Dots = dots
		list = append(list, g)
	}
	return list
}

// Empty says that there are not two marks.
func (s *Scatter) Empty() bool {
	n := 0
	for _, g := range s.shown() {
		n += len(g.Dots)
	}
	return n < 2
}

// Quantity is what the chart shows.
func (s *Scatter) Quantity() string { return s.Y.Label + " against " + s.X.Label }

// Legend has a mark for each kind, where there are several.
func (s *Scatter) Legend() []Key {
	if len(s.Groups) < 2 {
		return nil
	}
	var keys []Key
	for _, g := range s.shown() {
		keys = append(keys, Key{Label: g.Label, Style: g.Style, Dot: true})
	}
	return keys
}

// SVG draws the chart; labels go where there is room.
func (s *Scatter) SVG(id, title string, legend bool) string {
	xs, ys := newSpan(), newSpan()
	for _, g := range s.shown() {
		for _, d := range g.Dots {
			xs.add(d.X, d.X-d.XSD, d.X+d.XSD)
			ys.add(d.Y, d.Y-d.YSD, d.Y+d.YSD)
		}
	}
	p := &plot{x: s.X.ruler(xs, 5), y: s.Y.ruler(ys, 5)}
	top := 0.0
	if legend {
		top = float64(legendLine * len(rows(s.Legend())))
	}
	p.begin(id, title, s.description(), Width, top+34+plotHeight+below)
	if legend {
		p.legend(s.Legend())
	}
	p.frame(top, s.X, s.Y)
	var taken []box
	for _, g := range s.shown() {
		for _, d := range g.Dots {
			x, y := p.x.at(d.X), p.y.at(d.Y)
			taken = append(taken, box{x - 6, y - 6, x + 6, y + 6})
		}
	}
	for k, g := range s.shown() {
		p.printf(`<g class="g%d">`, k)
		for _, d := range g.Dots {
			x, y := p.x.at(d.X), p.y.at(d.Y)
			p.printf(`<path class="error s%d" d="`, g.Style%Styles)
			if d.XSD > 0 {
				p.printf("M%s %sH%s", coord(p.x.at(d.X-d.XSD)), coord(y), coord(p.x.at(d.X+d.XSD)))
			}
			if d.YSD > 0 {
				p.printf("M%s %sV%s", coord(x), coord(p.y.at(d.Y-d.YSD)), coord(p.y.at(d.Y+d.YSD)))
			}
			p.printf(`"/>%s`, marker(g.Style, x, y, 4.5, s.title(g, d)))
			p.label(&taken, x, y, d.Label)
		}
		p.printf(`</g>`)
	}
	return p.end()
}

// box is what a mark or a label covers.
type box struct{ left, top, right, bottom float64 }

func (b box) overlap(c box) float64 {
	w, h := min(b.right, c.right)-max(b.left, c.left), min(b.bottom, c.bottom)-max(b.top, c.top)
	return max(w, 0) * max(h, 0)
}

// label writes a mark's name at whichever of the places around it is freest.
func (p *plot) label(taken *[]box, x, y float64, text string) {
	const size = 11.0
	text = clip(text, 240)
	w := 0.55 * size * float64(len([]rune(text)))
	best, least := box{}, math.Inf(1)
	anchor := ""
	for i, try := range []struct {
		dx, dy float64
		anchor string
	}{{8, 4, "start"}, {-8, 4, "end"}, {0, -9, "middle"}, {0, 17, "middle"}, {7, -7, "start"}, {7, 14, "start"}, {-7, -7, "end"}, {-7, 14, "end"}} {
		b := box{x + try.dx, y + try.dy - size, x + try.dx + w, y + try.dy + 2}
		switch try.anchor {
		case "end":
			b.left, b.right = b.left-w, b.right-w
		case "middle":
			b.left, b.right = b.left-w/2, b.right-w/2
		}
		cost := float64(i) // earlier places are preferred
		for _, other := range *taken {
			cost += 10 * b.overlap(other)
		}
		cost += 1000 * (max(0, b.right-Width) + max(0, p.left-b.left) + max(0, p.top-b.top) + max(0, b.bottom-p.bottom))
		if cost < least {
			best, least, anchor = b, cost, try.anchor
		}
	}
	*taken = append(*taken, best)
	at := best.left
	switch anchor {
	case "end":
		at = best.right
	case "middle":
		at = (best.left + best.right) / 2
	}
	p.printf(`<text class="name" font-size="%g" text-anchor="%s" x="%s" y="%s">%s</text>`, size, anchor, coord(at), coord(best.bottom-2), table.EscapeXML(text))
}

func (s *Scatter) title(g Dots, d Dot) string {
	return fmt.Sprintf("%s (%s): %s, %s over %s", d.Label, g.Label, withSD(s.X, d.X, d.XSD), withSD(s.Y, d.Y, d.YSD), number.Count(d.N, "seed"))
}

func withSD(a Axis, v, sd float64) string {
	if sd == 0 {
		return a.text(v)
	}
	return a.text(v) + " ± " + a.text(sd)
}

// description says in words what the chart shows.
func (s *Scatter) description() string {
	text := fmt.Sprintf("%s against %s:", s.Y.Label, s.X.Label)
	for _, g := range s.shown() {
		for _, d := range g.Dots {
			text += fmt.Sprintf(" %s at %s, %s;", d.Label, s.X.text(d.X), s.Y.text(d.Y))
		}
	}
	return text[:len(text)-1] + "."
}

// Table has a row for each mark.
func (s *Scatter) Table(int) table.Table {
	t := table.Table{Columns: []table.Column{{Head: "Method"}, {Head: "Of"}, {Head: s.X.Label, Number: true}, {Head: s.Y.Label, Number: true}, {Head: "Seeds", Number: true}}}
	for _, g := range s.shown() {
		dots := slices.Clone(g.Dots)
		slices.SortStableFunc(dots, func(a, b Dot) int {
			switch {
			case a.X < b.X:
				return -1
			case a.X > b.X:
				return 1
			}
			return 0
		})
		for _, d := range dots {
			t.Rows = append(t.Rows, []string{d.Label, g.Label, withSD(s.X, d.X, d.XSD), withSD(s.Y, d.Y, d.YSD), strconv.Itoa(d.N)})
		}
	}
	return t
}

// Data has a row for each mark.
func (s *Scatter) Data() (head []string, rows [][]string) {
	head = []string{"group", "label", "x", "x_sd", "y", "y_sd", "n"}
	for _, g := range s.shown() {
		for _, d := range g.Dots {
			rows = append(rows, []string{g.Label, d.Label, number.Exact(d.X), number.Exact(d.XSD), number.Exact(d.Y), number.Exact(d.YSD), strconv.Itoa(d.N)})
		}
	}
	return head, rows
}
