package render

import (
	"fmt"
	"io"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/report/chart"
	"srn/pkg/report/sections"
	"srn/pkg/report/table"
)

// CSV writes the numbers of the one part that was asked for, or else a row for
// each group of runs: of a part, the cells of a table of the paper, a row each;
// of figures, their points with the figure's id before them; of other parts,
// and of whole reports, the groups' results.
func CSV(r *sections.Report, w io.Writer) error { return separated(r, w, ',') }

// TSV is CSV with tabs.
func TSV(r *sections.Report, w io.Writer) error { return separated(r, w, '\t') }

func separated(r *sections.Report, w io.Writer, comma rune) error {
	switch {
	case r.Partial && len(r.Sections) == 1 && r.Sections[0].Data != nil:
		head, rows := r.Sections[0].Data()
		return table.Separated(w, comma, head, rows)
	case r.Partial && !(len(r.Sections) > 0 && r.Sections[0].WholeTables()):
		return points(r, w, comma)
	}
	head, rows := groups(r.Results)
	return table.Separated(w, comma, head, rows)
}

// Nothing says that a report has nothing that a format could hold.
type Nothing struct{ Problem string }

func (e *Nothing) Error() string { return e.Problem }

// points writes the figures of a part. Where their columns differ, a new table
// begins after an empty line.
func points(r *sections.Report, w io.Writer, comma rune) error {
	var head []string
	var rows [][]string
	for _, s := range r.Sections {
		for _, f := range s.Figures {
			columns, points := f.Chart.Data()
			columns = append([]string{"figure"}, columns...)
			if head != nil && fmt.Sprint(head) != fmt.Sprint(columns) {
				rows = append(rows, nil, columns)
			} else if head == nil {
				rows = append(rows, columns)
			}
			head = columns
			for _, p := range points {
				rows = append(rows, append([]string{f.ID}, p...))
			}
		}
	}
	if head == nil {
		return &Nothing{"what was asked for has no numbers of figures or of a table of the paper’s"}
	}
	return table.Separated(w, comma, rows[0], rows[1:])
}

// SVG writes the one figure of the report as a drawing of its own. Of several,
// or none, the error is an *artifact.FormatError or a *Nothing.
func SVG(r *sections.Report, w io.Writer) error {
	var list []*sections.Figure
	for _, s := range r.Sections {
		list = append(list, s.Figures...)
	}
	switch len(list) {
	case 0:
		return &Nothing{"what was asked for has no figure"}
	case 1:
		_, err := io.WriteString(w, chart.Standalone(list[0].Chart, list[0].ID, list[0].Title))
		return err
	}
	var names []string
	for _, f := range list {
		names = append(names, f.ID)
	}
	return &artifact.FormatError{Problem: fmt.Sprintf("an SVG file holds one figure, and %d are asked for: %s", len(list), strings.Join(names, " ")), Mend: "ask for one by its name"}
}
