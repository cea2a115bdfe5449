package table

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Markdown writes the table with its columns padded, so that the source reads
// well too, after the caption and before the notes.
func (t *Table) Markdown(w io.Writer) {
	if t.Caption != "" {
		fmt.Fprintf(w, "\n**%s**\n", EscapeMarkdown(t.Caption))
	}
	widths := make([]int, len(t.Columns))
	rows := [][]string{make([]string, len(t.Columns))}
	for c, col := range t.Columns {
		rows[0][c] = col.fullHead()
	}
	for i, row := range t.Rows {
		if name, ok := t.Breaks[i]; ok && name != "" {
			head := make([]string, len(t.Columns))
			head[0] = "— " + name + " —"
			rows = append(rows, head)
		}
		rows = append(rows, row)
	}
	escaped := make([][]string, len(rows))
	for i, row := range rows {
		for c, cell := range row {
			cell = EscapeMarkdown(cell)
			escaped[i] = append(escaped[i], cell)
			widths[c] = max(widths[c], utf8.RuneCountInString(cell), 3)
		}
	}
	fmt.Fprintln(w)
	for i, row := range escaped {
		for c, cell := range row {
			pad := strings.Repeat(" ", widths[c]-utf8.RuneCountInString(cell))
			if t.Columns[c].Number {
				fmt.Fprintf(w, "| %s%s ", pad, cell)
			} else {
				fmt.Fprintf(w, "| %s%s ", cell, pad)
			}
		}
		fmt.Fprintln(w, "|")
		if i > 0 {
			continue
		}
		for c := range row {
			rule := strings.Repeat("-", widths[c]+1)
			if t.Columns[c].Number {
				fmt.Fprintf(w, "|%s:", rule)
			} else {
				fmt.Fprintf(w, "|%s-", rule)
			}
		}
		fmt.Fprintln(w, "|")
	}
	for _, n := range t.Notes {
		fmt.Fprintf(w, "\n%s\n", EscapeMarkdown(n))
	}
}

// EscapeMarkdown keeps text from being read as markup.
func EscapeMarkdown(s string) string {
	s = markdown.Replace(Visible(s))
	if s != "" && strings.ContainsRune("#>", rune(s[0])) || strings.HasPrefix(s, "- ") || strings.HasPrefix(s, "+ ") {
		s = `\` + s
	}
	return s
}

var markdown = strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "<", "&lt;", "&", "&amp;", "[", `\[`, "`", "\\`")
