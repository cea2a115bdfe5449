package table

import (
	"fmt"
	"io"
	"strings"
)

// LaTeX writes the table as a float of the booktabs package, quoted values in
// italics. It needs \usepackage{booktabs,amsmath,graphicx}, for the placement H
// float too, and UTF-8, LaTeX's default; a table wider than the line is scaled
// down to it.
func (t *Table) LaTeX(w io.Writer, label, placement string) {
	spec := ""
	for _, c := range t.Columns {
		if c.Number {
			spec += "r"
		} else {
			spec += "l"
		}
	}
	fmt.Fprintf(w, "\n\\begin{table}[%s]\n\\centering\\small\n\\caption{%s}\n", placement, EscapeLaTeX(t.Caption))
	if label != "" {
		fmt.Fprintf(w, "\\label{tab:%s}\n", label)
	}
	// A box of the natural width, shrunk where it is too wide.
	fmt.Fprintf(w, "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%%\n\\begin{tabular}{@{}%s@{}}\n\\toprule\n", spec)
	if t.Grouped() {
		var heads, rules []string
		at := 1
		for _, s := range t.Spans() {
			heads = append(heads, fmt.Sprintf("\\multicolumn{%d}{c}{%s}", s.Columns, EscapeLaTeX(s.Head)))
			if s.Head != "" {
				rules = append(rules, fmt.Sprintf("\\cmidrule(lr){%d-%d}", at, at+s.Columns-1))
			}
			at += s.Columns
		}
		fmt.Fprintf(w, "%s \\\\\n%s\n", strings.Join(heads, " & "), strings.Join(rules, " "))
	}
	heads := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		heads[i] = quotedLaTeX(c, EscapeLaTeX(c.Head))
	}
	fmt.Fprintf(w, "%s \\\\\n\\midrule\n", strings.Join(heads, " & "))
	for i, row := range t.Rows {
		if name, ok := t.Breaks[i]; ok {
			if i > 0 {
				fmt.Fprintln(w, "\\midrule")
			}
			if name != "" {
				fmt.Fprintf(w, "\\multicolumn{%d}{@{}l}{\\emph{%s}} \\\\\n", len(t.Columns), EscapeLaTeX(name))
			}
		}
		cells := make([]string, len(row))
		for k, cell := range row {
			cells[k] = quotedLaTeX(t.Columns[k], EscapeLaTeX(cell))
		}
		fmt.Fprintf(w, "%s \\\\\n", strings.Join(cells, " & "))
	}
	fmt.Fprint(w, "\\bottomrule\n\\end{tabular}}\n")
	if len(t.Notes) > 0 {
		fmt.Fprint(w, "\\par\\smallskip\\begin{minipage}{\\linewidth}\\footnotesize\\raggedright\n")
		for _, n := range t.Notes {
			fmt.Fprintf(w, "%s\\par\n", EscapeLaTeX(n))
		}
		fmt.Fprint(w, "\\end{minipage}\n")
	}
	fmt.Fprint(w, "\\end{table}\n")
}

func quotedLaTeX(c Column, text string) string {
	if c.Quoted && text != "" {
		return "\\textit{" + text + "}"
	}
	return text
}
