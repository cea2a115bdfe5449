package report

import (
	"fmt"
	"slices"
	"strings"

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

// rivals are the lines that SRN is compared with: all but SRN itself and the
// variants and controls of ours that are guided by a surrogate too.
func (t *grid) rivals() []line {
	return slices.DeleteFunc(slices.Clone(t.lines), func(l line) bool {
		return paper.Method(l.row) == "SRN" || strings.HasPrefix(l.own, "srn")
	})
}

// best compares SRN with the best of all other rows, in each slot by itself, so
// that networks are never mixed: ours with ours, the paper's with the paper's.
func (s *study) best(t *grid) Table {
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
	for k, c := range t.slots {
		row := make([]string, len(out.Columns))
		row[0] = c.head()
		if t.number == 6 {
			row[0] += map[string]string{"top1": ", top-1", "top5": ", top-5"}[c.Metric]
		}
		mine := srn.cells[k]
		var ours, quoted *cell
		var oursName, quotedName string
		for _, l := range t.rivals() {
			at := l.cells[k]
			if at.group != nil && mine.group != nil && at.group.Epochs == mine.group.Epochs && at.group.Data == mine.group.Data && (ours == nil || at.ours.Mean > ours.ours.Mean) {
				ours, oursName = &at, l.name
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
			row[1], row[2], row[3], row[4] = plusMinus(mine.ours, number.Decimals(2)), oursName, plusMinus(ours.ours, number.Decimals(2)), number.Signed(mine.ours.Mean-ours.ours.Mean, 2)
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
		out.Notes = []string{"The best of several rows is better than each of them would be alone, so that its distance is no test; the next table tests row by row. Ours: rows of the same length and data as SRN’s."}
	}
	return out
}

// pairs tests SRN against every other row measured on the same data for as
// many epochs, paired by seed.
func (s *study) pairs(t *grid) Table {
	out := Table{
		Caption: fmt.Sprintf("Table %d: SRN less each other row of ours, paired by seed", t.number),
		Columns: []Column{{Head: "Data and network"}, {Head: "Against"}, {Head: "Pairs n", Number: true}, {Head: "Mean difference, pp", Number: true}, {Head: "95% interval", Number: true},
			{Head: "p", Number: true}, {Head: "p, Holm", Number: true}, {Head: "Detectable", Number: true}},
	}
	srn := t.srn()
	if srn == nil {
		return out
	}
	var tests family
	for k, c := range t.slots {
		mine := srn.cells[k].group
		for _, l := range t.lines {
			rival := l.cells[k].group
			if mine == nil || rival == nil || rival == mine || rival.Epochs != mine.Epochs || rival.Data != mine.Data {
				continue
			}
			p := mine.minus(rival, measures[c.Metric])
			if p.N == 0 {
				continue
			}
			name := c.head()
			if c.Metric == "top5" {
				name += ", top-5"
			}
			row := []string{name, l.name, fmt.Sprint(p.N), number.Signed(p.Mean, 2), "", "", "", ""}
			if p.N > 1 {
				row[4] = number.Signed(p.Low, 2) + " to " + number.Signed(p.High, 2)
				row[5], row[7] = pValue(p.P), number.Fixed(p.Detectable, 2)
				tests.add(len(out.Rows), p.P)
			}
			out.Rows = append(out.Rows, row)
		}
	}
	tests.each(func(row int, p float64) { out.Rows[row][6] = pValue(p) })
	out.DropEmpty(4)
	out.Notes = []string{testNote + " Holm: corrected for all tests of this table."}
	return out
}

// testNote says what the numbers of a paired comparison are.
const testNote = "pp: percentage points. Interval and p: Student’s t on the differences between runs of one seed, two-sided. " +
	"Detectable: the true difference that this many pairs with this scatter would show at 5% in 80 of 100 repetitions; one pair tests nothing."

// pValue writes a probability.
func pValue(p float64) string {
	if p < 1e-3 {
		return "< 0.001"
	}
	return number.Significant(p, 2)
}
