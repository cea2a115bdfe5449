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

// Panel is a grid of values: Z[j*len(X)+i] lies at X[i], Y[j]. NaN is a value
// that is not finite.
type Panel struct {
	Title   string
	X, Y, Z []float64
}

// Heat is panels side by side on one scale of colours, with contours at the
// bounds of the colours.
type Heat struct {
	X, Y   Axis
	Value  Axis
	Panels []Panel
}

const (
	panelSide   = 250 // of the square that is drawn
	panelLeft   = 58
	panelTop    = 26
	panelWidth  = panelLeft + panelSide + 12
	panelHeight = panelTop + panelSide + 40
	barHeight   = 62
	levels      = 14 // bands of colour
	fine        = 72 // cells across a panel, at least, between the grid's points
)

// shown are the panels that can be drawn: those with finite axes.
func (h *Heat) shown() []Panel {
	return slices.DeleteFunc(slices.Clone(h.Panels), func(p Panel) bool {
		return slices.ContainsFunc(slices.Concat(p.X, p.Y), func(v float64) bool { return !finite(v) })
	})
}

// Empty says that there is no value in any panel.
func (h *Heat) Empty() bool {
	return !slices.ContainsFunc(h.shown(), func(p Panel) bool { return slices.ContainsFunc(p.Z, finite) })
}

// Quantity is what the chart shows.
func (h *Heat) Quantity() string { return h.Value.Label }

// Legend is empty: panels have titles.
func (h *Heat) Legend() []Key { return nil }

// scale is the common scale of all panels.
func (h *Heat) scale() ruler {
	s := newSpan()
	for _, p := range h.shown() {
		s.add(p.Z...)
	}
	r := ruler{log: s.log(h.Value.Scale), low: s.low, high: s.high}
	if r.log {
		r.low = s.smallest
	}
	if r.low == r.high && !r.log {
		_, r.high = widened(r.low, r.high)
	}
	r.from, r.to = 0, levels
	return r
}

// SVG draws the panels one below another where there is no room beside, but in
// one drawing where the figure stands alone.
func (h *Heat) SVG(id, title string, alone bool) string {
	s := h.scale()
	if alone {
		c := &canvas{}
		width := float64(panelWidth * len(h.shown()))
		c.begin(id, title, h.description(), width, panelHeight+barHeight)
		for i, p := range h.shown() {
			c.printf(`<g transform="translate(%d 0)">`, i*panelWidth)
			h.panel(c, p, s)
			c.printf(`</g>`)
		}
		c.printf(`<g transform="translate(0 %d)">`, panelHeight)
		h.bar(c, s, width)
		c.printf(`</g>`)
		return c.end()
	}
	var b strings.Builder
	b.WriteString(`<div class="panels">`)
	for i, p := range h.shown() {
		c := &canvas{}
		c.begin(fmt.Sprintf("%s-%d", id, i+1), title+": "+p.Title, h.describe(p), panelWidth, panelHeight)
		h.panel(c, p, s)
		b.WriteString(c.end())
	}
	b.WriteString(`</div>`)
	c := &canvas{}
	c.begin(id+"-scale", title+": scale", fmt.Sprintf("Colours from %s, darkest, to %s.", h.Value.text(s.low), h.Value.text(s.high)), 2*panelWidth, barHeight)
	h.bar(c, s, 2*panelWidth)
	b.WriteString(c.end())
	return b.String()
}

func (h *Heat) description() string {
	var parts []string
	for _, p := range h.shown() {
		parts = append(parts, p.Title+": "+h.describe(p))
	}
	return strings.Join(parts, " ")
}

// describe says in words what a panel shows.
func (h *Heat) describe(p Panel) string {
	s := newSpan()
	s.add(p.Z...)
	text := fmt.Sprintf("%s from %s to %s", h.Value.Label, h.Value.text(s.low), h.Value.text(s.high))
	if v, ok := p.center(); ok {
		text += ", " + h.Value.text(v) + " at the network itself"
	}
	return text + "."
}

// center is the value at the origin, where the grid has it.
func (p Panel) center() (float64, bool) {
	for j, y := range p.Y {
		for i, x := range p.X {
			if math.Abs(x) < 1e-9 && math.Abs(y) < 1e-9 {
				return p.Z[j*len(p.X)+i], true
			}
		}
	}
	return 0, false
}

// panel draws one grid.
func (h *Heat) panel(c *canvas, p Panel, s ruler) {
	x := ruler{from: panelLeft, to: panelLeft + panelSide, low: p.X[0], high: p.X[len(p.X)-1]}
	y := ruler{from: panelTop + panelSide, to: panelTop, low: p.Y[0], high: p.Y[len(p.Y)-1]}
	c.printf(`<text x="%d" y="15" font-weight="600">%s</text>`, panelLeft, table.EscapeXML(clip(p.Title, panelSide)))
	nx, ny := refine(len(p.X)), refine(len(p.Y))
	dx, dy := (x.to-x.from)/float64(nx), (y.from-y.to)/float64(ny)
	c.printf(`<g shape-rendering="crispEdges">`) // without seams between the rows
	for j := range ny {
		for i := 0; i < nx; {
			k := p.band(i, j, nx, ny, s)
			run := i + 1
			for run < nx && p.band(run, j, nx, ny, s) == k {
				run++
			}
			if k >= 0 {
				// A little over, so that no seams are to be seen.
				c.printf(`<path fill="%s" d="M%s %sh%sv%sh-%sz"/>`, cividis(k), coord(x.from+float64(i)*dx), coord(y.from-float64(j+1)*dy),
					coord(float64(run-i)*dx+.3), coord(dy+.3), coord(float64(run-i)*dx+.3))
			}
			i = run
		}
	}
	c.printf(`</g>`)
	for k := 1; k < levels; k++ {
		if d := p.contour(float64(k), s, x, y); d != "" {
			c.printf(`<path class="contour" d="%s"/>`, d)
		}
	}
	if x.low < 0 && x.high > 0 && y.low < 0 && y.high > 0 {
		for _, class := range []string{"here under", "here"} {
			c.printf(`<path class="%s" d="M%s %sm-5 0h10m-5 -5v10"/>`, class, coord(x.at(0)), coord(y.at(0)))
		}
	}
	for _, t := range mid(x) {
		c.printf(`<path class="axis" d="M%s %dv4"/><text class="tick" text-anchor="middle" x="%s" y="%d">%s</text>`, coord(x.at(t.value)), panelTop+panelSide, coord(x.at(t.value)), panelTop+panelSide+17, t.label)
	}
	for _, t := range mid(y) {
		c.printf(`<path class="axis" d="M%d %sh-4"/><text class="tick" text-anchor="end" x="%d" y="%s" dy=".35em">%s</text>`, panelLeft, coord(y.at(t.value)), panelLeft-7, coord(y.at(t.value)), t.label)
	}
	c.printf(`<text class="unit" text-anchor="middle" x="%d" y="%d">%s</text>`, panelLeft+panelSide/2, panelTop+panelSide+34, table.EscapeXML(h.X.Label))
	c.printf(`<text class="unit" text-anchor="middle" transform="translate(12 %d) rotate(-90)">%s</text>`, panelTop+panelSide/2, table.EscapeXML(h.Y.Label))
}

// mid are ticks within the ends.
func mid(r ruler) []tick {
	low, high := min(r.low, r.high), max(r.low, r.high)
	all, _, _ := linearTicks(low, high, 4)
	slack := 1e-9 * max(math.Abs(low), math.Abs(high))
	var kept []tick
	for _, t := range all {
		if t.value >= low-slack && t.value <= high+slack {
			kept = append(kept, t)
		}
	}
	return kept
}

// refine is how many cells are drawn along an axis of n points.
func refine(n int) int {
	if n < 2 {
		return 1
	}
	return (n - 1) * max(1, (fine+n-2)/(n-1))
}

// band is the colour at the middle of a fine cell, by bilinear interpolation,
// -1 where a value around it is not finite.
func (p Panel) band(i, j, nx, ny int, s ruler) int {
	u := (float64(i) + .5) / float64(nx) * float64(len(p.X)-1)
	v := (float64(j) + .5) / float64(ny) * float64(len(p.Y)-1)
	a, b := int(u), int(v)
	u, v = u-float64(a), v-float64(b)
	at := func(i, j int) float64 { return s.at(p.Z[min(j, len(p.Y)-1)*len(p.X)+min(i, len(p.X)-1)]) }
	z := (at(a, b)*(1-u)+at(a+1, b)*u)*(1-v) + (at(a, b+1)*(1-u)+at(a+1, b+1)*u)*v
	if math.IsNaN(z) {
		return -1
	}
	return int(min(max(z, 0), levels-1))
}

// contour is the path of the points at a level, by marching squares.
func (p Panel) contour(level float64, s, x, y ruler) string {
	var b strings.Builder
	z := func(i, j int) float64 { return s.at(p.Z[j*len(p.X)+i]) - level }
	for j := range len(p.Y) - 1 {
		for i := range len(p.X) - 1 {
			corners := [4][2]int{{i, j}, {i + 1, j}, {i + 1, j + 1}, {i, j + 1}}
			var cuts [][2]float64
			for k := range 4 {
				a, c := corners[k], corners[(k+1)%4]
				za, zc := z(a[0], a[1]), z(c[0], c[1])
				if math.IsNaN(za) || math.IsNaN(zc) || (za < 0) == (zc < 0) {
					continue
				}
				t := za / (za - zc)
				cuts = append(cuts, [2]float64{
					x.at(p.X[a[0]]*(1-t) + p.X[c[0]]*t),
					y.at(p.Y[a[1]]*(1-t) + p.Y[c[1]]*t),
				})
			}
			for k := 0; k+1 < len(cuts); k += 2 {
				fmt.Fprintf(&b, "M%s %sL%s %s", coord(cuts[k][0]), coord(cuts[k][1]), coord(cuts[k+1][0]), coord(cuts[k+1][1]))
			}
		}
	}
	return b.String()
}

// bar draws the scale of colours.
func (h *Heat) bar(c *canvas, s ruler, width float64) {
	left, right := float64(panelLeft), width-16
	c.printf(`<text class="unit" x="%s" y="12">%s</text>`, coord(left), Subscripts(h.Value.Label, `<tspan class="sub" dy="3">`, "</tspan><tspan dy=\"-3\">\u200b</tspan>"))
	step := (right - left) / levels
	for k := range levels {
		c.printf(`<path fill="%s" d="M%s 20h%sv14h-%sz"/>`, cividis(k), coord(left+float64(k)*step), coord(step+.3), coord(step+.3))
	}
	r := ruler{from: left, to: right, low: s.low, high: s.high, log: s.log}
	var ticks []tick
	if s.log {
		ticks, _, _ = logTicks(s.low, s.high, 8)
	} else {
		ticks, _, _ = linearTicks(s.low, s.high, 7)
	}
	for _, t := range ticks {
		if t.value >= s.low && t.value <= s.high {
			c.printf(`<path class="axis" d="M%s 34v5"/><text class="tick" text-anchor="middle" x="%s" y="53">%s</text>`, coord(r.at(t.value)), coord(r.at(t.value)), t.label)
		}
	}
}

// cividis is a map from dark blue to yellow that looks alike to readers with
// and without red-green blindness (Nuñez, Anderton & Renslow 2018).
func cividis(k int) string {
	anchors := [][3]float64{{0, 32, 77}, {0, 47, 111}, {42, 64, 108}, {72, 82, 107}, {94, 98, 110}, {114, 115, 116}, {135, 132, 121}, {158, 150, 119}, {182, 169, 113}, {208, 190, 103}, {234, 209, 86}, {255, 234, 70}}
	at := float64(k) / (levels - 1) * float64(len(anchors)-1)
	i := min(int(at), len(anchors)-2)
	t := at - float64(i)
	mix := func(c int) int { return int(math.Round(anchors[i][c]*(1-t) + anchors[i+1][c]*t)) }
	return fmt.Sprintf("#%02x%02x%02x", mix(0), mix(1), mix(2))
}

// Table has a row for each panel: a grid is no reading; Data has it.
func (h *Heat) Table(int) table.Table {
	t := table.Table{Columns: []table.Column{{Head: "Panel"}, {Head: "Points", Number: true}, {Head: "At the network", Number: true},
		{Head: "Lowest", Number: true}, {Head: "Median", Number: true}, {Head: "Highest", Number: true}, {Head: "Within 2× of the lowest, % of the points", Number: true}}}
	for _, p := range h.shown() {
		sorted := slices.Sorted(slices.Values(slices.DeleteFunc(slices.Clone(p.Z), func(v float64) bool { return !finite(v) })))
		if len(sorted) == 0 {
			continue
		}
		here := ""
		if v, ok := p.center(); ok {
			here = h.Value.text(v)
		}
		near := 0
		for _, v := range sorted {
			if v <= 2*sorted[0] {
				near++
			}
		}
		t.Rows = append(t.Rows, []string{p.Title, fmt.Sprintf("%d × %d", len(p.X), len(p.Y)), here, h.Value.text(sorted[0]), h.Value.text(sorted[len(sorted)/2]), h.Value.text(sorted[len(sorted)-1]),
			strconv.Itoa(100 * near / len(p.Z))})
	}
	return t
}

// Data has a row for each point of each grid.
func (h *Heat) Data() (head []string, rows [][]string) {
	head = []string{"panel", "x", "y", "value"}
	for _, p := range h.shown() {
		for j, y := range p.Y {
			for i, x := range p.X {
				v := ""
				if z := p.Z[j*len(p.X)+i]; finite(z) {
					v = number.Exact(z)
				}
				rows = append(rows, []string{p.Title, number.Exact(x), number.Exact(y), v})
			}
		}
	}
	return head, rows
}
