package render

import (
	"bufio"
	"fmt"
	"io"

	"srn/pkg/report/sections"
	"srn/pkg/report/table"
)

// LaTeX writes the tables of the report, and those of its figures' numbers, by
// the booktabs package, to be read by \input: parts asked for by name as floats,
// the tables of a whole report under their headings.
func LaTeX(r *sections.Report, w io.Writer) error {
	b := bufio.NewWriter(w)
	escape := table.EscapeLaTeX
	packages, placement := "booktabs,graphicx,amsmath", "htbp"
	if !r.Partial {
		packages, placement = packages+",float", "H"
	}
	fmt.Fprintf(b, "%% %s\n%% In the preamble: \\usepackage{%s}\n", traceOf(r), packages)
	if !r.Partial {
		fmt.Fprintf(b, "\n\\section*{%s}\n%s\n", escape(r.Title), escape(r.Summary))
		for _, l := range r.Lead {
			if l.About != "" {
				fmt.Fprintf(b, "\n\\paragraph*{%s}", escape(l.About))
			}
			fmt.Fprintf(b, "\n%s.\n", escape(l.Text))
		}
		if len(r.Findings) > 0 {
			fmt.Fprint(b, "\\begin{itemize}\n")
			for _, f := range r.Findings {
				fmt.Fprintf(b, "\\item %s.\n", escape(f.Text))
			}
			fmt.Fprint(b, "\\end{itemize}\n")
		}
	}
	for _, s := range r.Sections {
		if s.Unmeasured && !r.Partial {
			continue
		}
		if !r.Partial {
			fmt.Fprintf(b, "\n\\subsection*{%s}\n", escape(s.Heading))
		}
		for i := range s.Tables {
			if s.Tables[i].Folded != "" && !r.Partial {
				continue
			}
			s.Tables[i].LaTeX(b, fmt.Sprintf("%s-%d", s.ID, i+1), placement)
		}
		for _, f := range s.Figures {
			t := f.Table(curveRows)
			t.Notes = append(append(t.Notes, f.Chart.Quantity()+". "+f.Caption), f.Notes...)
			t.LaTeX(b, f.ID, placement)
		}
	}
	return b.Flush()
}
