// Package table holds tables of text and writes them as Markdown, LaTeX, CSV
// and TSV.
package table

// Column is a table's column; numbers are set flush right.
type Column struct {
	Head   string
	Number bool
	Quoted bool   // values of the paper, never ours
	Group  string // head that neighbouring columns share; empty: none
}

// Table is a caption, columns and rows. Cells are text; an empty cell is a
// value that was not measured.
type Table struct {
	Caption string
	Columns []Column
	Rows    [][]string
	// Breaks are rows before which a rule is drawn, with what follows named.
	Breaks map[int]string
	Notes  []string
	// Folded, where it is not empty, says what the table is of to readers who
	// need not see it: a page shows it on demand, a text leaves it out.
	Folded string
}

// Grouped says that some columns share a head.
func (t Table) Grouped() bool {
	for _, c := range t.Columns {
		if c.Group != "" {
			return true
		}
	}
	return false
}

// Span is neighbouring columns under one head.
type Span struct {
	Head    string
	Columns int
	Quoted  bool // all of them are
}

// Spans are the heads above the columns' own.
func (t Table) Spans() []Span {
	var list []Span
	for _, c := range t.Columns {
		if n := len(list); n > 0 && list[n-1].Head == c.Group {
			list[n-1].Columns++
			list[n-1].Quoted = list[n-1].Quoted && c.Quoted
			continue
		}
		list = append(list, Span{c.Group, 1, c.Quoted})
	}
	return list
}

// fullHead is a column's head with that of its group, where there is no place
// for two lines.
func (c Column) fullHead() string {
	if c.Group == "" {
		return c.Head
	}
	return c.Group + ": " + c.Head
}

// DropEmpty removes columns, after the first keep, in which no row has a value.
func (t *Table) DropEmpty(keep int) {
	for c := len(t.Columns) - 1; c >= keep; c-- {
		empty := true
		for _, row := range t.Rows {
			empty = empty && row[c] == ""
		}
		if !empty {
			continue
		}
		t.Columns = append(t.Columns[:c:c], t.Columns[c+1:]...)
		for i, row := range t.Rows {
			t.Rows[i] = append(row[:c:c], row[c+1:]...)
		}
	}
}
