package chart

import (
	"fmt"
	"strconv"
	"strings"

	"srn/pkg/report/number"
	"srn/pkg/report/table"
)

// Bar is a value of ours, of the paper's, or both, each with its deviation; N
// is 0 where nothing was measured.
type Bar struct {
	Label            string
	Value, SD        float64
	N                int
	Quoted, QuotedSD float64 // 0: the paper has none
}

// Bars are horizontal bars, filled for what was measured and outlined for what
// the paper prints.
type Bars struct {
	Value Axis
	Bars  []Bar
}

const barRow = 30

// shown are the bars that can be drawn.
func (b *Bars) shown() []Bar {
	var list []Bar
	for _, r := range b.Bars {
		if !finite(r.Value) {
			r.Value, r.SD, r.N = 0, 0, 0
		}
		if !finite(r.SD) {
			r.SD = 0
		}
		if r.N > 0 || r.Quoted != 0 {
			list = append(list, r)
		}
	}
	return list
}

// Empty says that there is no bar.
func (b *Bars) Empty() bool { return len(b.shown()) == 0 }

// Quantity is what the chart shows.
func (b *Bars) Quantity() string { return b.Value.Label }

// Legend tells ours from quoted where both are there.
func (b *Bars) Legend() []Key { return nil }

// SVG draws the chart.
func (b *Bars) SVG(id, title string, _ bool) string {
	s, list := newSpan(), b.shown()
	s.add(0)
	longest := 0
	for _, r := range list {
		s.add(r.Value, r.Value+r.SD, r.Quoted+r.QuotedSD)
		longest = max(longest, len([]rune(r.Label)))
	}
	p := &plot{}
	p.x.ticks, p.x.low, p.x.high = linearTicks(s.low, s.high, 5)
	p.left = min(glyphWidth*float64(longest)+12, Width*.5)
	p.right, p.top = Width-44, 6
	p.bottom = p.top + barRow*float64(len(list))
	p.x.from, p.x.to = p.left, p.right
	p.begin(id, title, b.description(), Width, p.bottom+below)
	for _, t := range p.x.ticks {
		at := coord(p.x.at(t.value))
		p.printf(`<path class="grid" d="M%s %sV%s"/><text class="tick" text-anchor="middle" x="%s" y="%s">%s</text>`, at, coord(p.top), coord(p.bottom), at, coord(p.bottom+17), t.label)
	}
	for i, r := range list {
		y := p.top + barRow*float64(i)
		ours, theirs := y+4, y+17
		if r.N == 0 || r.Quoted == 0 { // a bar alone is in the middle
			ours, theirs = y+9.5, y+10.5
		}
		p.printf(`<text text-anchor="end" x="%s" y="%s" dy=".35em">%s</text>`, coord(p.left-8), coord(y+barRow/2), table.EscapeXML(clip(r.Label, p.left-10)))
		if r.N > 0 {
			end := p.x.at(r.Value)
			p.printf(`<path class="bar s0" d="M%s %sH%sv11H%sz"><title>%s</title></path>`, coord(p.left), coord(ours), coord(end), coord(p.left), table.EscapeXML(b.title(r)))
			if r.SD > 0 {
				p.printf(`<path class="axis" d="M%s %sH%s"/>`, coord(p.x.at(r.Value-r.SD)), coord(ours+5.5), coord(p.x.at(r.Value+r.SD)))
			}
			p.printf(`<text class="tick" font-size="11" x="%s" y="%s" dy=".35em">%s</text>`, coord(p.x.at(r.Value+r.SD)+5), coord(ours+5.5), table.EscapeXML(b.Value.text(r.Value)))
		}
		if r.Quoted != 0 {
			p.printf(`<path class="quotedbar" d="M%s %sH%sv9H%sz"><title>%s</title></path>`, coord(p.left), coord(theirs), coord(p.x.at(r.Quoted)), coord(p.left), table.EscapeXML(r.Label+" in the paper (quoted): "+withSD(b.Value, r.Quoted, r.QuotedSD)))
			p.printf(`<text class="tick" font-style="italic" font-size="11" x="%s" y="%s" dy=".35em">%s</text>`, coord(p.x.at(r.Quoted)+5), coord(theirs+4.5), table.EscapeXML(b.Value.text(r.Quoted)))
		}
	}
	p.printf(`<path class="axis" d="M%s %sV%s"/>`, coord(p.left), coord(p.top), coord(p.bottom))
	p.printf(`<text class="unit" text-anchor="middle" x="%s" y="%s">%s</text>`, coord((p.left+p.right)/2), coord(p.bottom+35), table.EscapeXML(b.Value.Label))
	return p.end()
}

func (b *Bars) title(r Bar) string {
	text := r.Label + ": " + withSD(b.Value, r.Value, r.SD)
	if r.N > 1 {
		text += fmt.Sprintf(" over %d seeds", r.N)
	}
	return text
}

// description says in words what the chart shows.
func (b *Bars) description() string {
	var parts []string
	for _, r := range b.shown() {
		text := r.Label
		if r.N > 0 {
			text += " " + b.Value.text(r.Value)
		}
		if r.Quoted != 0 {
			text += ", in the paper " + b.Value.text(r.Quoted)
		}
		parts = append(parts, text)
	}
	return b.Value.Label + ": " + strings.Join(parts, "; ") + "."
}

// Table has a row for each bar.
func (b *Bars) Table(int) table.Table {
	t := table.Table{Columns: []table.Column{{Head: "Of"}, {Head: b.Value.Label, Number: true}, {Head: "Seeds", Number: true}, {Head: "In the paper (quoted)", Number: true, Quoted: true}}}
	for _, r := range b.shown() {
		row := []string{r.Label, "", "", ""}
		if r.N > 0 {
			row[1], row[2] = withSD(b.Value, r.Value, r.SD), strconv.Itoa(r.N)
		}
		if r.Quoted != 0 {
			row[3] = withSD(b.Value, r.Quoted, r.QuotedSD)
		}
		t.Rows = append(t.Rows, row)
	}
	t.DropEmpty(1)
	return t
}

// Data has a row for each bar.
func (b *Bars) Data() (head []string, rows [][]string) {
	head = []string{"label", "value", "sd", "n", "quoted", "quoted_sd"}
	for _, r := range b.shown() {
		row := []string{r.Label, "", "", strconv.Itoa(r.N), "", ""}
		if r.N > 0 {
			row[1], row[2] = number.Exact(r.Value), number.Exact(r.SD)
		}
		if r.Quoted != 0 {
			row[4], row[5] = number.Exact(r.Quoted), number.Exact(r.QuotedSD)
		}
		rows = append(rows, row)
	}
	return head, rows
}
