package chart

import (
	"math"
	"regexp"

	"srn/pkg/report/number"
	"srn/pkg/report/table"
)

// Scale is how values lie on an axis.
type Scale int

const (
	Auto   Scale = iota // logarithmic from two decades on
	Linear              // from the smallest to the largest value
	Log                 // values that are not positive are not shown
)

// Axis is a dimension of a plot.
type Axis struct {
	Label string // with the unit
	Scale Scale
	Whole bool                 // whole numbers such as epochs
	Text  func(float64) string // a value in tables and under the pointer; whole numbers need none
}

func (a Axis) text(v float64) string {
	if a.Text == nil {
		return number.Plain(v)
	}
	return a.Text(v)
}

// Mark is a line across the plot that readers should know.
type Mark struct {
	At    float64
	Label string
}

// span is the range of what is to be shown.
type span struct{ low, high, smallest float64 } // smallest above 0

func newSpan() span { return span{math.Inf(1), math.Inf(-1), math.Inf(1)} }

func (s *span) add(values ...float64) {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		s.low, s.high = min(s.low, v), max(s.high, v)
		if v > 0 {
			s.smallest = min(s.smallest, v)
		}
	}
}

// log says whether an axis of that scale is logarithmic.
func (s span) log(scale Scale) bool {
	return scale == Log && s.high > 0 || scale == Auto && s.low > 0 && s.low < s.high/100
}

// ruler places values between two ends of the drawing.
type ruler struct {
	from, to  float64 // of the drawing
	low, high float64 // of the values
	log       bool
	ticks     []tick
}

func (a Axis) ruler(s span, n int) ruler {
	r := ruler{log: s.log(a.Scale)}
	switch {
	case a.Whole:
		r.low, r.high = 0, math.Max(s.high, 1)
		r.ticks = wholeTicks(0, math.Floor(r.high), n+2)
	case r.log:
		r.ticks, r.low, r.high = logTicks(s.smallest, s.high, n+1)
	default:
		r.ticks, r.low, r.high = linearTicks(s.low, s.high, n)
	}
	return r
}

// at is where v lies; in the middle where all values are the same. What lies
// beyond the drawing by more than its size is at that distance.
func (r ruler) at(v float64) float64 {
	if math.IsNaN(v) {
		return math.NaN()
	}
	low, high := r.low, r.high
	if r.log {
		v, low, high = math.Log10(math.Max(v, low)), math.Log10(low), math.Log10(high)
	}
	part := (v/4 - low/4) / (high/4 - low/4) // a quarter, for the whole range may be no float64
	if low == high || math.IsNaN(part) {
		part = 0.5
	}
	return r.from + min(max(part, -1), 2)*(r.to-r.from)
}

// plot is the area between two axes.
type plot struct {
	canvas
	x, y                     ruler
	left, top, right, bottom float64
}

// frame lays the plot out below top and draws its axes.
func (p *plot) frame(top float64, x, y Axis) {
	widest := 0
	for _, t := range p.y.ticks {
		widest = max(widest, len([]rune(t.label)))
	}
	p.left = glyphWidth*float64(widest) + 14
	p.right = Width - 10
	if n := len(p.x.ticks); n > 0 { // the last label stands half beyond the axis
		p.right = min(p.right, Width-glyphWidth*float64(len([]rune(p.x.ticks[n-1].label)))/2-1)
	}
	p.top = top + 34
	p.bottom = p.top + plotHeight
	p.x.from, p.x.to = p.left, p.right
	p.y.from, p.y.to = p.bottom, p.top
	p.printf(`<text class="unit" x="0" y="%s">%s</text>`, coord(p.top-13), Subscripts(y.Label, `<tspan class="sub" dy="3">`, "</tspan><tspan dy=\"-3\">\u200b</tspan>"))
	for _, t := range p.y.ticks {
		at := coord(p.y.at(t.value))
		p.printf(`<path class="grid" d="M%s %sH%s"/><text class="tick" text-anchor="end" x="%s" y="%s" dy=".35em">%s</text>`,
			coord(p.left), at, coord(p.right), coord(p.left-7), at, t.label)
	}
	for _, t := range p.x.ticks {
		at := coord(p.x.at(t.value))
		p.printf(`<path class="axis" d="M%s %sv5"/><text class="tick" text-anchor="middle" x="%s" y="%s">%s</text>`, at, coord(p.bottom), at, coord(p.bottom+19), t.label)
	}
	p.printf(`<path class="axis" d="M%s %sH%s"/>`, coord(p.left), coord(p.bottom), coord(p.right))
	p.printf(`<text class="unit" text-anchor="middle" x="%s" y="%s">%s</text>`, coord((p.left+p.right)/2), coord(p.bottom+37),
		Subscripts(x.Label, `<tspan class="sub" dy="3">`, "</tspan><tspan dy=\"-3\">\u200b</tspan>"))
}

// below is what the x axis takes under the plot.
const below = 42

// mark draws a horizontal line with its label.
func (p *plot) mark(m Mark) {
	y := p.y.at(m.At)
	if !finite(m.At) || y < p.top-1 || y > p.bottom+1 {
		return
	}
	p.printf(`<path class="mark" d="M%s %sH%s"/><text class="mark" text-anchor="end" x="%s" y="%s">%s</text>`,
		coord(p.left), coord(y), coord(p.right), coord(p.right-2), coord(y-5), table.EscapeXML(m.Label))
}

// Subscripts escapes text and sets what follows an underscore in names such as
// λ_max low.
func Subscripts(text, before, after string) string {
	return subscript.ReplaceAllString(table.EscapeXML(text), "${1}"+before+"${2}"+after)
}

var subscript = regexp.MustCompile(`(λ|γ|‖∇|\bs|\br|\bv)_(max|meta|mar|srn)\b`)
