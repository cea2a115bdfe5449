package chart

import (
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"

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

// Empty says that there is no bar.
func (b *Bars) Empty() bool { return len(b.Bars) == 0 }

// Quantity is what the chart shows.
func (b *Bars) Quantity() string { return b.Value.Label }

// Legend tells ours from quoted where both are there.
func (b *Bars) Legend() []Key { return nil }

// SVG draws the chart.
func (b *Bars) SVG(id, title string, _ bool) string {
	s := newSpan()
	s.add(0)
	longest := 0
	for _, r := range b.Bars {
		s.add(r.Value+r.SD, r.Quoted+r.QuotedSD)
		longest = max(longest, len([]rune(r.Label)))
	}
	p := &plot{}
	p.x.ticks, p.x.low, p.x.high = linearTicks(0, s.high, 5)
	p.left = min(glyphWidth*float64(longest)+12, Width*.5)
	p.right, p.top = Width-44, 6
	p.bottom = p.top + barRow*float64(len(b.Bars))
	p.x.from, p.x.to = p.left, p.right
	p.begin(id, title, b.description(), Width, p.bottom+below)
	for _, t := range p.x.ticks {
		at := coord(p.x.at(t.value))
		p.printf(`<path class="grid" d="M%s %sV%s"/><text class="tick" text-anchor="middle" x="%s" y="%s">%s</text>`, at, coord(p.top), coord(p.bottom), at, coord(p.bottom+17), t.label)
	}
	for i, r := range b.Bars {
		y := p.top + barRow*float64(i)
		ours, theirs := y+4, y+17
		if r.N == 0 || r.Quoted == 0 { // a bar alone is in the middle
			ours, theirs = y+9.5, y+10.5
		}
		p.printf(`<text text-anchor="end" x="%s" y="%s" dy=".35em">%s</text>`, coord(p.left-8), coord(y+barRow/2), html.EscapeString(clip(r.Label, p.left-10)))
		if r.N > 0 {
			end := p.x.at(r.Value)
			p.printf(`<path class="bar s0" d="M%s %sH%sv11H%sz"><title>%s</title></path>`, coord(p.left), coord(ours), coord(end), coord(p.left), html.EscapeString(b.title(r)))
			if r.SD > 0 {
				p.printf(`<path class="axis" d="M%s %sH%s"/>`, coord(p.x.at(r.Value-r.SD)), coord(ours+5.5), coord(p.x.at(r.Value+r.SD)))
			}
			p.printf(`<text class="tick" font-size="11" x="%s" y="%s" dy=".35em">%s</text>`, coord(p.x.at(r.Value+r.SD)+5), coord(ours+5.5), html.EscapeString(b.Value.text(r.Value)))
		}
		if r.Quoted != 0 {
			p.printf(`<path class="quotedbar" d="M%s %sH%sv9H%sz"><title>%s</title></path>`, coord(p.left), coord(theirs), coord(p.x.at(r.Quoted)), coord(p.left), html.EscapeString(r.Label+" in the paper (quoted): "+withSD(b.Value, r.Quoted, r.QuotedSD)))
			p.printf(`<text class="tick" font-style="italic" font-size="11" x="%s" y="%s" dy=".35em">%s</text>`, coord(p.x.at(r.Quoted)+5), coord(theirs+4.5), html.EscapeString(b.Value.text(r.Quoted)))
		}
	}
	p.printf(`<path class="axis" d="M%s %sV%s"/>`, coord(p.left), coord(p.top), coord(p.bottom))
	p.printf(`<text class="unit" text-anchor="middle" x="%s" y="%s">%s</text>`, coord((p.left+p.right)/2), coord(p.bottom+35), html.EscapeString(b.Value.Label))
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
	for _, r := range b.Bars {
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
	for _, r := range b.Bars {
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
	for _, r := range b.Bars {
		row := []string{r.Label, "", "", strconv.Itoa(r.N), "", ""}
		if r.N > 0 {
			row[1], row[2] = exact(r.Value), exact(r.SD)
		}
		if r.Quoted != 0 {
			row[4], row[5] = exact(r.Quoted), exact(r.QuotedSD)
		}
		rows = append(rows, row)
	}
	return head, rows
}

// finite is the sorted values that are.
func finite(values []float64) []float64 {
	kept := slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return v != v })
	slices.Sort(kept)
	return kept
}
