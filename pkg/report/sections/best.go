package sections

import (
	"fmt"
	"slices"
	"strings"

	"srn/pkg/compare"
	"srn/pkg/report/conclude"
	"srn/pkg/report/number"
	"srn/pkg/report/paper"
	"srn/pkg/report/study"
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

// bests is SRN and the best of all other rows in one slot, ours and the paper's
// apart.
type bests struct {
	slot
	mine                 cell
	ours                 *cell // nil: nothing of ours to compare with
	oursName, footnote   string
	quoted               *cell // nil: the paper has none
	quotedName           string
	chance               float64 // by how much chance lifts the best of as many, were all equal
	told                 bool
	measured, comparable int // rows of ours
}

// bestOf compares SRN with the best of all other rows, in each slot by itself,
// so that networks are never mixed.
func bestOf(t *grid) []bests {
	srn := t.srn()
	if srn == nil {
		return nil
	}
	var list []bests
	for k, c := range t.slots {
		b := bests{slot: c, mine: srn.cells[k]}
		var others []*study.Group
		for _, l := range t.others() {
			at := l.cells[k]
			if at.group != nil {
				b.measured++
			}
			if answer, ok := b.mine.against(at); ok {
				others = append(others, at.group)
				if b.ours == nil || at.ours.Mean > b.ours.ours.Mean {
					b.ours, b.oursName, b.footnote = &at, l.name, answer
				}
			}
			switch {
			case at.quoted == nil || b.quoted != nil && at.quoted.Value < b.quoted.quoted.Value:
			case b.quoted != nil && at.quoted.Value == b.quoted.quoted.Value:
				b.quotedName += ", " + l.name
			default:
				b.quoted, b.quotedName = &at, l.name
			}
		}
		if b.comparable = len(others); b.comparable > 0 {
			b.chance, b.told = conclude.ChanceOfBest(b.mine.group, others, measures[c.Metric])
		}
		list = append(list, b)
	}
	return list
}

// best is the table of it: of the slots in which something is ours, or of all
// where nothing is.
func best(t *grid) Table {
	out := Table{
		Caption: fmt.Sprintf("Table %d: SRN against the best of all other rows, within one network", t.number),
		Columns: []Column{
			{Head: "Data and network"},
			{Head: "SRN", Number: true, Group: "Ours"}, {Head: "Best other row", Group: "Ours"}, {Head: "It has", Number: true, Group: "Ours"}, {Head: "SRN less it", Number: true, Group: "Ours"}, {Head: "By chance", Number: true, Group: "Ours"},
			{Head: "SRN", Number: true, Quoted: true, Group: "The paper, quoted"}, {Head: "Best other row", Quoted: true, Group: "The paper, quoted"},
			{Head: "It has", Number: true, Quoted: true, Group: "The paper, quoted"}, {Head: "SRN less it, computed", Number: true, Quoted: true, Group: "The paper, quoted"},
		},
	}
	var noted marks
	for _, b := range bestOf(t) {
		row := make([]string, len(out.Columns))
		row[0] = b.head()
		if t.number == 6 {
			row[0] += topWord[b.Metric]
		}
		if b.ours != nil {
			row[1], row[2], row[3], row[4] = plusMinus(b.mine.ours, number.Decimals(2)), b.oursName+noted.of(b.footnote), plusMinus(b.ours.ours, number.Decimals(2)), number.Signed(b.mine.ours.Mean-b.ours.ours.Mean, 2)
			if b.told {
				row[5] = number.Signed(-b.chance, 2)
			}
		}
		if b.quoted != nil && b.mine.quoted != nil {
			row[6], row[7], row[8], row[9] = b.mine.quoted.String(), b.quotedName, b.quoted.quoted.String(), number.Signed(b.mine.quoted.Value-b.quoted.quoted.Value, 2)
		}
		if b.ours != nil || b.quoted != nil && (t.unmeasured() || b.measured > 0 || b.mine.group != nil) {
			out.Rows = append(out.Rows, row)
		}
	}
	out.DropEmpty(1)
	if slices.ContainsFunc(out.Columns, func(c Column) bool { return c.Group == "Ours" }) {
		out.Notes = []string{"The best of several rows is better than each of them would be alone, so that its distance is no test; the next table tests row by row. Ours: rows of the same protocol and data as SRN’s."}
		if has(out, "By chance") {
			out.Notes = append(out.Notes, "By chance: what “SRN less it” would be on average, were all rows equal, from the scatter that remains once each row’s mean and each seed’s common part are taken out.")
		}
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
// by seed, as one family. Top-5 is secondary.
func pairs(t *grid, cohorts []*study.Cohort, effect float64) Table {
	caption := fmt.Sprintf("Table %d: SRN less each other row of ours, paired by seed", t.number)
	srn := t.srn()
	if srn == nil {
		return Table{}
	}
	var family conclude.Family
	var slots []string
	for k, c := range t.slots {
		if c.Metric == paper.Top5 {
			continue
		}
		mine := srn.cells[k]
		for _, l := range t.lines {
			footnote, ok := mine.against(l.cells[k])
			if !ok {
				continue
			}
			one := conclude.Between(cohortOf(cohorts, mine.group), mine.group, l.cells[k].group, compare.NoRole)
			if one.Pairs == 0 {
				continue
			}
			one.Against, one.Footnote = l.name, footnote
			family, slots = append(family, one), append(slots, c.head())
		}
	}
	at := -1
	return pairedTable(caption, "Data and network", family.Judge(effect), effect, func(conclude.Comparison) string { at++; return slots[at] })
}

// cohortOf is the cohort that a group is of.
func cohortOf(cohorts []*study.Cohort, g *study.Group) *study.Cohort {
	for _, c := range cohorts {
		if slices.Contains(c.Groups, g) {
			return c
		}
	}
	return nil
}
