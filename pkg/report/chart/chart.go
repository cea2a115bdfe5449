// Package chart draws the report's figures as SVG: lines with bands, scatter
// plots, horizontal bars and heat maps with contours.
//
// It draws them itself, where gonum/plot would draw prettier axes for less
// code, because of what a page needs that a plotting library's SVG lacks:
// colours as classes of the page's style sheet, so that a figure follows light,
// dark and print; a title and a description that screen readers find; values
// under the pointer; series that the reader can hide; text that stays text, in
// the reader's font; and few enough bytes that dozens of figures make a page
// that opens on a phone. Each chart also lists its numbers, for the table
// behind it and for other tools.
package chart

import (
	"fmt"
	"math"
	"strings"

	"srn/pkg/report/table"
)

// Chart is a figure's drawing and its numbers.
type Chart interface {
	// SVG draws the chart, its elements' ids beginning with id. Without a
	// legend the page is to show [Chart.Legend].
	SVG(id, title string, legend bool) string
	// Legend names the series that a reader may want to tell apart.
	Legend() []Key
	// Table is the numbers for reading, with at most about so many rows; 0 is
	// all.
	Table(rows int) table.Table
	// Data is all numbers, a row each, for other tools.
	Data() (head []string, rows [][]string)
	// Quantity is what the chart shows, with its unit.
	Quantity() string
	// Empty says that there is nothing to draw.
	Empty() bool
}

// Key is a line of a legend.
type Key struct {
	Label string
	Style int
	Dot   bool // a marker rather than a line
}

// Swatch is a small drawing of the key's line or marker.
func (k Key) Swatch() string {
	if k.Dot {
		return fmt.Sprintf(`<svg class="swatch" viewBox="0 0 26 12" width="26" height="12" aria-hidden="true">%s</svg>`, marker(k.Style, 13, 6, 5, ""))
	}
	return fmt.Sprintf(`<svg class="swatch" viewBox="0 0 26 12" width="26" height="12" aria-hidden="true"><path class="line s%d" d="M0 6h26"/></svg>`, k.Style%Styles)
}

// Sizes of a chart in its own units; on a phone a unit is about 0.8 pixels.
const (
	Width      = 460
	plotHeight = 240
	fontSize   = 13
	glyphWidth = 0.56 * fontSize // of an average letter
	legendLine = 19
)

// Styles is how many colour and dash pairs there are.
const Styles = 8

// canvas collects the drawing of one chart.
type canvas struct{ b strings.Builder }

func (c *canvas) printf(format string, a ...any) { fmt.Fprintf(&c.b, format, a...) }

// begin opens the element; description says in words what is to be seen.
func (c *canvas) begin(id, title, description string, width, height float64) {
	c.printf(`<svg class="chart" role="img" viewBox="0 0 %s %s" aria-labelledby="%s-title %s-desc">`, coord(width), coord(height), id, id)
	c.printf(`<title id="%s-title">%s</title><desc id="%s-desc">%s</desc>`, id, table.EscapeXML(title), id, table.EscapeXML(description))
}

func (c *canvas) end() string {
	c.printf(`</svg>`)
	return c.b.String()
}

// rows breaks a legend into rows of keys that fit side by side.
func rows(keys []Key) [][]int {
	var list [][]int
	room := 0.0
	for i, k := range keys {
		w := legendWidth(k.Label)
		if len(list) == 0 || w > room {
			list = append(list, nil)
			room = Width
		}
		room -= w
		list[len(list)-1] = append(list[len(list)-1], i)
	}
	return list
}

func legendWidth(label string) float64 {
	return 34 + glyphWidth*float64(len([]rune(clip(label, Width-50)))) + 16
}

// clip shortens a label to what fits into a width.
func clip(label string, width float64) string {
	most := int(width / glyphWidth)
	if r := []rune(label); len(r) > most {
		return string(r[:max(most-1, 1)]) + "…"
	}
	return label
}

// legend draws the keys at the top and returns the height they take.
func (c *canvas) legend(keys []Key) float64 {
	list := rows(keys)
	for i, row := range list {
		x, y := 0.0, float64(legendLine*i)+12
		for _, at := range row {
			k := keys[at]
			c.printf(`<g><title>%s</title>`, table.EscapeXML(k.Label))
			if k.Dot {
				c.printf(`%s`, marker(k.Style, x+14, y-4, 5, ""))
			} else {
				c.printf(`<path class="line s%d" d="M%s %sh26"/>`, k.Style%Styles, coord(x+1), coord(y-4))
			}
			c.printf(`<text x="%s" y="%s">%s</text></g>`, coord(x+34), coord(y), table.EscapeXML(clip(k.Label, Width-50)))
			x += legendWidth(k.Label)
		}
	}
	return float64(legendLine * len(list))
}

// marker is a mark of one of eight shapes, so that colour is not needed to
// tell series apart.
func marker(style int, x, y, r float64, title string) string {
	class := fmt.Sprintf(`class="dot s%d"`, style%Styles)
	inner := ""
	if title != "" {
		inner = "<title>" + table.EscapeXML(title) + "</title>"
	}
	at := func(dx, dy float64) string { return coord(x+dx*r) + " " + coord(y+dy*r) }
	path := func(points ...string) string {
		return fmt.Sprintf(`<path %s d="M%sZ">%s</path>`, class, strings.Join(points, "L"), inner)
	}
	switch style % Styles {
	case 0:
		return fmt.Sprintf(`<circle %s cx="%s" cy="%s" r="%s">%s</circle>`, class, coord(x), coord(y), coord(r), inner)
	case 1:
		return path(at(-.9, -.9), at(.9, -.9), at(.9, .9), at(-.9, .9))
	case 2:
		return path(at(0, -1.2), at(1.1, .85), at(-1.1, .85))
	case 3:
		return path(at(0, -1.3), at(1.3, 0), at(0, 1.3), at(-1.3, 0))
	case 4:
		return path(at(0, 1.2), at(1.1, -.85), at(-1.1, -.85))
	case 5:
		return path(at(-.4, -1.2), at(.4, -1.2), at(.4, -.4), at(1.2, -.4), at(1.2, .4), at(.4, .4), at(.4, 1.2), at(-.4, 1.2), at(-.4, .4), at(-1.2, .4), at(-1.2, -.4), at(-.4, -.4))
	case 6:
		return path(at(-1.2, -.6), at(1.2, -.6), at(1.2, .6), at(-1.2, .6))
	default:
		return path(at(-.6, -1.2), at(.6, -1.2), at(.6, 1.2), at(-.6, 1.2))
	}
}

// letter begins a path or goes on with it.
func letter(i int) string {
	if i == 0 {
		return "M"
	}
	return "L"
}

// finite says that a number can be drawn.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// coord writes a coordinate to a tenth of a unit.
func coord(v float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
}
