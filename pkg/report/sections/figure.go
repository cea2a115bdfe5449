package sections

import (
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

// Table is the numbers behind the figure, in at most about so many rows; 0 is
// all.
func (f *Figure) Table(rows int) Table {
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
