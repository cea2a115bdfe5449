package report

import (
	"bufio"
	"fmt"
	"io"

	"srn/pkg/report/table"
)

// LaTeX writes the tables of the report, and those of its figures' numbers, as
// floats of the booktabs package, to be read by \input.
func (r *Report) LaTeX(w io.Writer) error {
	b := bufio.NewWriter(w)
	escape := table.EscapeLaTeX
	fmt.Fprintf(b, "%% %s\n%% In the preamble: \\usepackage{booktabs,graphicx,amsmath}\n", r.trace())
	if !r.Partial {
		fmt.Fprintf(b, "\n\\section*{%s}\n%s\n", escape(r.Title), escape(r.Summary))
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
			s.Tables[i].LaTeX(b, fmt.Sprintf("%s-%d", s.ID, i+1))
		}
		for _, f := range s.Figures {
			t := f.table(curveRows)
			t.Notes = append(append(t.Notes, f.Chart.Quantity()+". "+f.Caption), f.Notes...)
			t.LaTeX(b, f.ID)
		}
	}
	return b.Flush()
}
