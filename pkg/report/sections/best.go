package sections

import (
	"fmt"
	"slices"
	"strings"

	"srn/pkg/compare"
	"srn/pkg/report/conclude"
	"srn/pkg/report/number"
	"srn/pkg/report/paper"
)

// srn is the line of the paper's own method.
func (t *grid) srn() *line {
	for i := range t.lines {
		if l := &t.lines[i]; l.own == "" && paper.Method(l.row) == "SRN" {
			return l
		}
	}
	return nil
}

// others are the lines that SRN is compared with: all but SRN itself and the
// variants and controls of ours that are guided by a surrogate too.
func (t *grid) others() []line {
	return slices.DeleteFunc(slices.Clone(t.lines), func(l line) bool {
		return paper.Method(l.row) == "SRN" || strings.HasPrefix(l.own, "srn")
	})
}

// best compares SRN with the best of all other rows, in each slot by itself, so
// that networks are never mixed: ours with ours, the paper's with the paper's.
func best(t *grid) Table {
	out := Table{
		Caption: fmt.Sprintf("Table %d: SRN against the best of all other rows, within one network", t.number),
		Columns: []Column{
			{Head: "Data and network"},
			{Head: "SRN", Number: true, Group: "Ours"}, {Head: "Best other row", Group: "Ours"}, {Head: "It has", Number: true, Group: "Ours"}, {Head: "SRN less it", Number: true, Group: "Ours"},
			{Head: "SRN", Number: true, Quoted: true, Group: "The paper, quoted"}, {Head: "Best other row", Quoted: true, Group: "The paper, quoted"},
			{Head: "It has", Number: true, Quoted: true, Group: "The paper, quoted"}, {Head: "SRN less it, computed", Number: true, Quoted: true, Group: "The paper, quoted"},
		},
	}
	srn := t.srn()
	if srn == nil {
		return out
	}
	var noted marks
	for k, c := range t.slots {
		row := make([]string, len(out.Columns))
		row[0] = c.head()
		if t.number == 6 {
			row[0] += topWord[c.Metric]
		}
		mine := srn.cells[k]
		var ours, quoted *cell
		var oursName, quotedName, footnote string
		for _, l := range t.others() {
			at := l.cells[k]
			if answer, ok := mine.against(at); ok && (ours == nil || at.ours.Mean > ours.ours.Mean) {
				ours, oursName, footnote = &at, l.name, answer
			}
			switch {
			case at.quoted == nil || quoted != nil && at.quoted.Value < quoted.quoted.Value:
			case quoted != nil && at.quoted.Value == quoted.quoted.Value:
				quotedName += ", " + l.name
			default:
				quoted, quotedName = &at, l.name
			}
		}
		if ours != nil {
			row[1], row[2], row[3], row[4] = plusMinus(mine.ours, number.Decimals(2)), oursName+noted.of(footnote), plusMinus(ours.ours, number.Decimals(2)), number.Signed(mine.ours.Mean-ours.ours.Mean, 2)
		}
		if quoted != nil && mine.quoted != nil {
			row[5], row[6], row[7], row[8] = mine.quoted.String(), quotedName, quoted.quoted.String(), number.Signed(mine.quoted.Value-quoted.quoted.Value, 2)
		}
		if ours != nil || quoted != nil {
			out.Rows = append(out.Rows, row)
		}
	}
	out.DropEmpty(1)
	if slices.ContainsFunc(out.Columns, func(c Column) bool { return c.Group == "Ours" }) {
		out.Notes = []string{"The best of several rows is better than each of them would be alone, so that its distance is no test; the next table tests row by row. Ours: rows of the same protocol and data as SRN’s."}
	}
	out.Notes = append(out.Notes, noted.notes()...)
	return out
}

// against says whether two cells may be compared, and with which footnote.
func (c cell) against(o cell) (footnote string, ok bool) {
	if c.group == nil || o.group == nil || c.group == o.group {
		return "", false
	}
	answer := compare.Trainings(c.group.Fit, o.group.Fit)
	return answer.Footnote(), answer.Comparable()
}

// pairs tests SRN against every other row with which it is comparable, paired
// by seed.
func pairs(t *grid) Table {
	out := Table{
		Caption: fmt.Sprintf("Table %d: SRN less each other row of ours, paired by seed", t.number),
		Columns: []Column{{Head: "Data and network"}, {Head: "Against"}, {Head: "Pairs n", Number: true}, {Head: "Mean difference, pp", Number: true}, {Head: "95% interval", Number: true},
			{Head: "p", Number: true}, {Head: "p, Holm", Number: true}, {Head: "Detectable", Number: true}},
	}
	srn := t.srn()
	if srn == nil {
		return out
	}
	var tests conclude.Family
	var noted marks
	for k, c := range t.slots {
		mine := srn.cells[k]
		for _, l := range t.lines {
			footnote, ok := mine.against(l.cells[k])
			if !ok {
				continue
			}
			p := conclude.Minus(mine.group, l.cells[k].group, measures[c.Metric])
			if p.N == 0 {
				continue
			}
			name := c.head()
			if c.Metric == paper.Top5 {
				name += ", top-5"
			}
			row := []string{name, l.name + noted.of(footnote), fmt.Sprint(p.N), number.Signed(p.Mean, 2), "", "", "", ""}
			if p.N > 1 {
				row[4] = number.Signed(p.Low, 2) + " to " + number.Signed(p.High, 2)
				row[5], row[7] = conclude.PValue(p.P), number.Fixed(p.Detectable, 2)
				tests.Add(len(out.Rows), p.P)
			}
			out.Rows = append(out.Rows, row)
		}
	}
	tests.Each(func(row int, p float64) { out.Rows[row][6] = conclude.PValue(p) })
	out.DropEmpty(4)
	out.Notes = append([]string{conclude.TestNote + " Holm: corrected for all tests of this table."}, noted.notes()...)
	return out
}
