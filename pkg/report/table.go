package report

// Column is a table's column; numbers are set flush right.
type Column struct {
	Head   string
	Number bool
	Quoted bool // values of the paper, never ours
}

// Table is what the tables, and the numbers behind the figures, are made of.
// Cells are text; an empty cell is a value that was not measured.
type Table struct {
	Caption string
	Columns []Column
	Rows    [][]string
	Notes   []string
}

// dropEmpty removes columns, after the first keep, in which no row has a value.
func (t *Table) dropEmpty(keep int) {
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
