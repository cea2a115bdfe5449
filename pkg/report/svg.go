package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"regexp"
	"strings"
)

// Sizes of a chart in its own units; on a phone a unit is about 0.8 pixels.
const (
	chartWidth  = 460
	plotHeight  = 240
	fontSize    = 13
	glyphWidth  = 0.56 * fontSize // of an average letter
	legendLine  = 19
	markerLimit = 16 // points a series may have and still show markers
	hoverLimit  = 60 // and still tell their values under the pointer
)

// styles is how many colour and dash pairs there are.
const styles = 8

// chart places values on the plot area.
type chart struct {
	left, top, right, bottom float64
	xlow, xhigh, ylow, yhigh float64
	log                      bool
	b                        strings.Builder
}

func (c *chart) x(v float64) float64 {
	return c.left + (v-c.xlow)/(c.xhigh-c.xlow)*(c.right-c.left)
}

func (c *chart) y(v float64) float64 {
	low, high := c.ylow, c.yhigh
	if c.log {
		v, low, high = math.Log10(math.Max(v, low)), math.Log10(low), math.Log10(high)
	}
	return c.bottom - (v-low)/(high-low)*(c.bottom-c.top)
}

func (c *chart) printf(format string, a ...any) { fmt.Fprintf(&c.b, format, a...) }

// SVG draws the figure. Colours are classes of the page's style sheet, so that
// the drawing follows light and dark.
func (f *Figure) SVG() template.HTML {
	low, high, log := f.span()
	var yticks []tick
	c := &chart{log: log}
	if log {
		yticks, c.ylow, c.yhigh = logTicks(low, high, 6)
	} else {
		yticks, c.ylow, c.yhigh = linearTicks(low, high, 5)
	}
	widest := 0
	for _, t := range yticks {
		widest = max(widest, len([]rune(t.label)))
	}
	rows := f.legendRows()
	c.left = glyphWidth*float64(widest) + 14
	c.right = chartWidth - 10
	c.top = float64(legendLine*len(rows)) + 34
	c.bottom = c.top + plotHeight
	c.xlow, c.xhigh = f.xRange()

	height := c.bottom + 42
	c.printf(`<svg class="chart" role="img" viewBox="0 0 %d %s" aria-labelledby="%s-title %s-desc">`, chartWidth, coord(height), f.ID, f.ID)
	c.printf(`<title id="%s-title">%s</title><desc id="%s-desc">%s</desc>`, f.ID, html.EscapeString(f.Title), f.ID, html.EscapeString(f.description(log)))
	f.drawLegend(c, rows)
	f.drawAxes(c, yticks)
	for _, s := range f.Series {
		s.drawBand(c)
	}
	for _, s := range f.Series {
		s.drawLine(c, f.Number)
	}
	c.printf(`</svg>`)
	return template.HTML(c.b.String())
}

// description says in words what the chart shows.
func (f *Figure) description(log bool) string {
	axis := ""
	if log {
		axis = ", logarithmic axis"
	}
	var parts []string
	for _, s := range f.Series {
		first, last := s.Points[0], s.Points[len(s.Points)-1]
		parts = append(parts, fmt.Sprintf("%s from %s at %d to %s at %d", s.Label, f.Number(first.Mean), first.X, f.Number(last.Mean), last.X))
	}
	return fmt.Sprintf("%s over %ss%s: %s.", f.YLabel, strings.ToLower(f.XLabel), axis, strings.Join(parts, "; "))
}

// xRange starts at 0, before training, so that a page's figures line up.
func (f *Figure) xRange() (low, high float64) {
	high = 1
	for _, s := range f.Series {
		for _, p := range s.Points {
			high = max(high, float64(p.X))
		}
	}
	return 0, high
}

// legendRows breaks the legend into rows of series that fit side by side.
func (f *Figure) legendRows() [][]int {
	var rows [][]int
	room := 0.0
	for i, s := range f.Series {
		w := legendWidth(s.Label)
		if len(rows) == 0 || w > room {
			rows = append(rows, nil)
			room = chartWidth
		}
		room -= w
		rows[len(rows)-1] = append(rows[len(rows)-1], i)
	}
	return rows
}

func legendWidth(label string) float64 {
	return 34 + glyphWidth*float64(len([]rune(clip(label)))) + 16
}

// clip shortens a label to what fits on one row.
func clip(label string) string {
	const most = (chartWidth - 50) * 100 / (56 * fontSize) // in glyphs
	if r := []rune(label); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return label
}

func (f *Figure) drawLegend(c *chart, rows [][]int) {
	for i, row := range rows {
		x, y := 0.0, float64(legendLine*i)+12
		for _, k := range row {
			s := f.Series[k]
			c.printf(`<g><title>%s</title><path class="line s%d" d="M%s %sh26"/><text x="%s" y="%s">%s</text></g>`,
				html.EscapeString(s.Label), s.Style%styles, coord(x+1), coord(y-4), coord(x+34), coord(y), html.EscapeString(clip(s.Label)))
			x += legendWidth(s.Label)
		}
	}
}

func (f *Figure) drawAxes(c *chart, yticks []tick) {
	c.printf(`<text class="unit" x="0" y="%s">%s</text>`, coord(c.top-13), subscripts(f.YLabel, `<tspan class="sub" dy="3">`, "</tspan><tspan dy=\"-3\">\u200b</tspan>"))
	for _, t := range yticks {
		y := coord(c.y(t.value))
		c.printf(`<path class="grid" d="M%s %sH%s"/><text class="tick" text-anchor="end" x="%s" y="%s" dy=".35em">%s</text>`,
			coord(c.left), y, coord(c.right), coord(c.left-7), y, t.label)
	}
	for _, t := range wholeTicks(int(math.Ceil(c.xlow)), int(math.Floor(c.xhigh)), 7) {
		x := coord(c.x(t.value))
		c.printf(`<path class="axis" d="M%s %sv5"/><text class="tick" text-anchor="middle" x="%s" y="%s">%s</text>`, x, coord(c.bottom), x, coord(c.bottom+19), t.label)
	}
	c.printf(`<path class="axis" d="M%s %sH%s"/>`, coord(c.left), coord(c.bottom), coord(c.right))
	c.printf(`<text class="unit" text-anchor="middle" x="%s" y="%s">%s</text>`, coord((c.left+c.right)/2), coord(c.bottom+37), html.EscapeString(f.XLabel))
	for _, l := range f.Lines {
		y := c.y(l.Y)
		c.printf(`<path class="mark" d="M%s %sH%s"/><text class="mark" text-anchor="end" x="%s" y="%s">%s</text>`,
			coord(c.left), coord(y), coord(c.right), coord(c.right-2), coord(y-5), html.EscapeString(l.Label))
	}
}

// drawBand fills from the lowest to the highest seed.
func (s Series) drawBand(c *chart) {
	if len(s.Points) < 2 || s.Points[0].N < 2 {
		return
	}
	c.printf(`<path class="band s%d" d="`, s.Style%styles)
	for i, p := range s.Points {
		c.printf("%s%s %s", letter(i), coord(c.x(float64(p.X))), coord(c.y(p.High)))
	}
	for i := len(s.Points) - 1; i >= 0; i-- {
		c.printf("L%s %s", coord(c.x(float64(s.Points[i].X))), coord(c.y(s.Points[i].Low)))
	}
	c.printf(`Z"/>`)
}

func (s Series) drawLine(c *chart, number func(float64) string) {
	c.printf(`<path class="line s%d" d="`, s.Style%styles)
	for i, p := range s.Points {
		c.printf("%s%s %s", letter(i), coord(c.x(float64(p.X))), coord(c.y(p.Mean)))
	}
	c.printf(`"/>`)
	kind, radius := "dot", "2.8"
	switch {
	case len(s.Points) > hoverLimit:
		return
	case len(s.Points) > markerLimit:
		kind, radius = "hover", "5"
	}
	for _, p := range s.Points {
		seeds := ""
		if p.N > 1 {
			seeds = fmt.Sprintf(", %s to %s over %d seeds", number(p.Low), number(p.High), p.N)
		}
		c.printf(`<circle class="%s s%d" cx="%s" cy="%s" r="%s"><title>%s at %d: %s%s</title></circle>`, kind, s.Style%styles,
			coord(c.x(float64(p.X))), coord(c.y(p.Mean)), radius, html.EscapeString(s.Label), p.X, html.EscapeString(number(p.Mean)), seeds)
	}
}

// subscripts escapes text and sets what follows an underscore in names such as
// λ_max low.
func subscripts(text, before, after string) string {
	return subscript.ReplaceAllString(html.EscapeString(text), "${1}"+before+"${2}"+after)
}

var subscript = regexp.MustCompile(`(λ|\bs|\br)_(max|meta)\b`)

func letter(i int) string {
	if i == 0 {
		return "M"
	}
	return "L"
}

// coord writes a coordinate to a tenth of a unit.
func coord(v float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
}
