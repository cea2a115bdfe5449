package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// curveRows is how many rows the Markdown tables behind figures may have.
const curveRows = 12

// Markdown writes the report as Markdown; each figure is a table of its
// numbers at up to a dozen epochs.
func (r *Report) Markdown(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# %s\n\n%s\n", escapeMarkdown(r.Title), r.Summary)
	if len(r.Findings) > 0 {
		fmt.Fprint(b, "\n## Findings\n\n")
		for _, f := range r.Findings {
			label := ""
			if f.Warning {
				label = "**Warning.** "
			}
			fmt.Fprintf(b, "- %s%s.\n", label, escapeMarkdown(f.Text))
		}
	}
	for _, s := range r.Sections {
		fmt.Fprintf(b, "\n## %s\n", escapeMarkdown(s.Heading))
		if s.Detail != "" {
			fmt.Fprintf(b, "\n%s.\n", escapeMarkdown(s.Detail))
		}
		for i := range s.Tables {
			s.Tables[i].markdown(b)
		}
		for _, f := range s.Figures {
			fmt.Fprintf(b, "\n### %s\n\n%s. %s\n", escapeMarkdown(f.Title), escapeMarkdown(f.YLabel), escapeMarkdown(f.Caption))
			t := f.thinned(curveRows).Table()
			t.Caption = ""
			t.markdown(b)
		}
	}
	fmt.Fprint(b, "\n## Provenance\n")
	r.Provenance.markdown(b)
	for i := range r.Configs {
		r.Configs[i].markdown(b)
	}
	if r.Version != "" {
		fmt.Fprintf(b, "\nMade by srn-report %s.\n", escapeMarkdown(r.Version))
	}
	return b.Flush()
}

// markdown writes a table with its columns padded, so that the source reads
// well too.
func (t *Table) markdown(w io.Writer) {
	if t.Caption != "" {
		fmt.Fprintf(w, "\n**%s**\n", escapeMarkdown(t.Caption))
	}
	widths := make([]int, len(t.Columns))
	rows := [][]string{make([]string, len(t.Columns))}
	for c, col := range t.Columns {
		rows[0][c] = col.Head
	}
	rows = append(rows, t.Rows...)
	escaped := make([][]string, len(rows))
	for i, row := range rows {
		for c, cell := range row {
			cell = escapeMarkdown(cell)
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
		fmt.Fprintf(w, "\n%s\n", escapeMarkdown(n))
	}
}

// escapeMarkdown keeps text from being read as markup.
func escapeMarkdown(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "<", "&lt;", "[", `\[`, "`", "\\`", "\n", " ").Replace(s)
}
