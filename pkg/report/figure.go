package report

import (
	"html/template"

	"srn/pkg/report/chart"
	"srn/pkg/report/table"
)

// Table and Column are what the report's tables are made of.
type (
	Table  = table.Table
	Column = table.Column
)

// Figure is a chart with its title and what must be said of it.
type Figure struct {
	ID      string // unique in the report
	Title   string
	Caption string
	Chart   chart.Chart
	Notes   []string // of the paper, where the figure has one of its own
}

// SVG draws the figure for the page, which shows the legend itself.
func (f *Figure) SVG() template.HTML { return template.HTML(f.Chart.SVG(f.ID, f.Title, false)) }

// Keys are the page's legend; a figure of one series needs none.
func (f *Figure) Keys() []legendKey {
	keys := f.Chart.Legend()
	var list []legendKey
	for i, k := range keys {
		list = append(list, legendKey{Index: i, Label: k.Label, Swatch: template.HTML(k.Swatch()), Alone: len(keys) == 1})
	}
	return list
}

// legendKey is a line of the page's legend, by which a reader shows or hides
// its series.
type legendKey struct {
	Index  int
	Label  string
	Swatch template.HTML
	Alone  bool
}

// Table is all numbers behind the figure.
func (f *Figure) Table() Table { return f.table(0) }

func (f *Figure) table(rows int) Table {
	t := f.Chart.Table(rows)
	t.Caption = f.Title + ": the numbers"
	return t
}

// drawn leaves out the figures without a value.
func drawn(list ...*Figure) []*Figure {
	var kept []*Figure
	for _, f := range list {
		if f != nil && !f.Chart.Empty() {
			kept = append(kept, f)
		}
	}
	return kept
}
