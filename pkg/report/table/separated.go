package table

import (
	"encoding/csv"
	"io"
	"strings"
)

// Separated writes a head and rows as CSV, or with a tab for comma as TSV.
// Cells are data: what a spreadsheet would take for a formula begins with an
// apostrophe, and characters that control something are replaced, by spaces
// where they are tabs or line ends.
func Separated(w io.Writer, comma rune, head []string, rows [][]string) error {
	all := make([][]string, 0, len(rows)+1)
	for _, row := range append([][]string{head}, rows...) {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = inert(cell)
		}
		all = append(all, cells)
	}
	if comma == '\t' {
		for _, cells := range all {
			if _, err := io.WriteString(w, strings.Join(cells, "\t")+"\n"); err != nil {
				return err
			}
		}
		return nil
	}
	out := csv.NewWriter(w)
	_ = out.WriteAll(all)
	return out.Error()
}
