package report

import (
	"fmt"
	"io"

	"srn/pkg/artifact"
	"srn/pkg/report/chart"
	"srn/pkg/report/table"
)

// CSV writes the numbers of the one part that was asked for, or else a row for
// each group of runs; see [Report.separated].
func (r *Report) CSV(w io.Writer) error { return r.separated(w, ',') }

// TSV is CSV with tabs.
func (r *Report) TSV(w io.Writer) error { return r.separated(w, '\t') }

// separated writes, of a part: the cells of a table of the paper, a row each;
// of figures, their points with the figure's id before them; of other parts,
// and of whole reports, the groups' results.
func (r *Report) separated(w io.Writer, comma rune) error {
	if len(r.Sections) == 1 && r.Partial && r.Sections[0].data != nil {
		head, rows := r.Sections[0].data()
		return table.Separated(w, comma, head, rows)
	}
	if whole := len(r.Sections) > 0 && r.Sections[0].Part == "runs" && len(r.Sections[0].Tables) > 0; r.Partial && !whole {
		return r.points(w, comma)
	}
	head, rows := r.groups()
	return table.Separated(w, comma, head, rows)
}

// points writes the figures of a part, which must all have the same columns.
func (r *Report) points(w io.Writer, comma rune) error {
	var head []string
	var rows [][]string
	for _, s := range r.Sections {
		for _, f := range s.Figures {
			columns, points := f.Chart.Data()
			columns = append([]string{"figure"}, columns...)
			if head != nil && fmt.Sprint(head) != fmt.Sprint(columns) {
				rows = append(rows, nil, columns) // a table of its own after an empty line
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
		return &artifact.FormatError{Problem: "the part has no numbers of figures or of a table of the paper's", Mend: "use --format md, or leave out --only for a row of each group of runs"}
	}
	return table.Separated(w, comma, rows[0], rows[1:])
}

// SVG writes the figure of the part that was asked for, as a drawing of its
// own. Of several it is the first, unless one is named.
func (r *Report) SVG(w io.Writer) error {
	var list []*Figure
	for _, s := range r.Sections {
		list = append(list, s.Figures...)
	}
	if len(list) != 1 {
		names := ""
		for _, f := range list {
			names += " " + f.ID
		}
		return &artifact.FormatError{Problem: fmt.Sprintf("an SVG file holds one figure, and %d are asked for:%s", len(list), names), Mend: "name one by --only, such as --only figure-3-1-1"}
	}
	_, err := io.WriteString(w, chart.Standalone(list[0].Chart, list[0].ID, list[0].Title))
	return err
}
