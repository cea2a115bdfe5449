package render

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"srn/pkg/report/sections"
	"srn/pkg/report/table"
)

// curveRows is how many rows the tables behind figures have where there is no
// room for the figure.
const curveRows = 12

// Markdown writes the report as Markdown; each figure is a table of its
// numbers at up to a dozen epochs.
func Markdown(r *sections.Report, w io.Writer) error {
	b := bufio.NewWriter(w)
	escape := table.EscapeMarkdown
	if !r.Partial {
		fmt.Fprintf(b, "# %s\n\n%s\n", escape(r.Title), escape(r.Summary))
		if len(r.Lead) > 0 {
			fmt.Fprint(b, "\n## Result\n")
			for _, l := range r.Lead {
				if l.About != "" {
					fmt.Fprintf(b, "\n**%s**\n", escape(l.About))
				}
				fmt.Fprintf(b, "\n%s.\n", escape(l.Text))
			}
		}
		if len(r.Findings) > 0 {
			fmt.Fprint(b, "\n## Findings\n\n")
			for _, f := range r.Findings {
				label := ""
				if f.Warning {
					label = "**Warning.** "
				}
				fmt.Fprintf(b, "- %s%s.\n", label, escape(f.Text))
			}
		}
	}
	var unmeasured []string
	for _, s := range r.Sections {
		if s.Unmeasured && !r.Partial {
			unmeasured = append(unmeasured, s.Part)
			continue
		}
		fmt.Fprintf(b, "\n## %s\n", escape(s.Heading))
		if s.Detail != "" {
			fmt.Fprintf(b, "\n%s.\n", escape(s.Detail))
		}
		for i := range s.Tables {
			if f := s.Tables[i].Folded; f != "" && !r.Partial {
				fmt.Fprintf(b, "\n%s; %s by itself shows them.\n", escape(f), s.Part)
				continue
			}
			s.Tables[i].Markdown(b)
		}
		for _, f := range s.Figures {
			fmt.Fprintf(b, "\n### %s\n\n%s. %s\n", escape(f.Title), escape(f.Chart.Quantity()), escape(f.Caption))
			t := f.Table(curveRows)
			t.Caption = ""
			t.Markdown(b)
			for _, n := range f.Notes {
				fmt.Fprintf(b, "\n%s\n", escape(n))
			}
		}
	}
	if len(unmeasured) > 0 {
		fmt.Fprintf(b, "\nNot shown, because none of it was measured here: %s.\n", strings.Join(unmeasured, ", "))
	}
	if !r.Partial {
		fmt.Fprint(b, "\n## Provenance\n")
		r.Provenance.Markdown(b)
		for i := range r.Configs {
			r.Configs[i].Markdown(b)
		}
	}
	if r.Version != "" {
		fmt.Fprintf(b, "\nMade by srn-report %s.\n", escape(r.Version))
	}
	fmt.Fprintf(b, "\n<!-- %s -->\n", traceOf(r))
	return b.Flush()
}
