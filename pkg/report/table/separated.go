package table

import (
	"encoding/csv"
	"io"
	"strings"
)

// Separated writes a head and rows as CSV, or with a tab for comma as TSV, in
// which tabs and line ends within a cell become spaces.
func Separated(w io.Writer, comma rune, head []string, rows [][]string) error {
	if comma == '\t' {
		for _, row := range append([][]string{head}, rows...) {
			cells := make([]string, len(row))
			for i, cell := range row {
				cells[i] = strings.NewReplacer("\t", " ", "\n", " ", "\r", " ").Replace(cell)
			}
			if _, err := io.WriteString(w, strings.Join(cells, "\t")+"\n"); err != nil {
				return err
			}
		}
		return nil
	}
	out := csv.NewWriter(w)
	_ = out.Write(head)
	_ = out.WriteAll(rows)
	return out.Error()
}
