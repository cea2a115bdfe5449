package sections

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"srn/pkg/report/number"
	"srn/pkg/report/paper"
)

// accuracies is one of the paper's tables of accuracies.
type accuracies struct {
	number     int
	about      string
	widen, own bool // columns and rows that the paper lacks are added
	compare    bool // SRN is compared with the other rows
}

// comparedTables are those in which SRN is compared with the other rows.
var comparedTables = map[int]bool{2: true, 6: true, 7: true}

func (a accuracies) part() part {
	name := fmt.Sprintf("Table %d: %s", a.number, a.about)
	return part{fmt.Sprintf("table%d", a.number), name, func(s *material) []Section {
		t := gridOf(s.Study, a.number, a.widen, a.own)
		section := Section{ID: fmt.Sprintf("table-%d", a.number), Heading: name, Unmeasured: t.unmeasured(), Data: t.data}
		tables := t.tables(number.Decimals(2))
		section.Tables = tables[:1:1]
		if a.compare {
			section.Tables = append(section.Tables, withRows(best(t), pairs(t, s.Cohorts, s.effect))...)
		}
		last := &section.Tables[len(section.Tables)-1]
		last.Notes = append(last.Notes, paperNotes(paper.Notes[a.number])...)
		section.Tables = append(section.Tables, tables[1:]...)
		return []Section{section}
	}}
}

// paperNotes marks what is said of the paper itself.
func paperNotes(list []string) []string {
	var marked []string
	for _, n := range list {
		marked = append(marked, "† "+n)
	}
	return marked
}

// topWord tells the accuracies of Table 6 apart.
var topWord = map[string]string{paper.Top1: ", top-1", paper.Top5: ", top-5"}

// tables are the grid for reading: that of the networks and data that were
// measured, and folded that of the paper's others.
func (t *grid) tables(format func(float64) string) []Table {
	ours, rest := t.split()
	if len(ours) == 0 || len(rest) == 0 || t.slots[0].Setting != "" {
		return []Table{t.table(format)}
	}
	folded := t.of(rest).filled().table(format)
	folded.Caption = fmt.Sprintf("Table %d: the paper’s values for networks and data that were not measured here", t.number)
	folded.Folded = "The paper’s values for " + number.Count(len(rest), "column") + " of which nothing was measured here"
	return []Table{t.of(ours).filled().table(format), folded}
}

// filled is the grid without rows that have neither our value nor the paper's.
func (t *grid) filled() *grid {
	t.lines = slices.DeleteFunc(t.lines, func(l line) bool {
		return !slices.ContainsFunc(l.cells, func(c cell) bool { return c.group != nil || c.quoted != nil })
	})
	return t
}

// table is the grid for reading: for each slot ours, the paper's and the
// difference; a slot of which nothing is ours has the paper's alone.
func (t *grid) table(format func(float64) string) Table {
	out := Table{Caption: fmt.Sprintf("Table %d: ours, the paper’s (quoted) and the difference", t.number), Columns: []Column{{Head: t.rowsAre()}}, Breaks: map[int]string{}}
	unit := "percentage points"
	if t.slots[0].Metric == paper.Seconds {
		unit = "seconds"
	}
	var noted marks
	rows := make([][]string, len(t.lines))
	for i, l := range t.lines {
		rows[i] = []string{l.name}
		if i > 0 && l.block != t.lines[i-1].block || i == 0 && l.block != "" && l.block != "SRN" {
			out.Breaks[i] = l.block
		}
	}
	for k, c := range t.slots {
		ours, quoted, differs := make([]string, len(t.lines)), make([]string, len(t.lines)), make([]string, len(t.lines))
		anyOurs, anyQuoted, anyDiffers := false, false, false
		for i, l := range t.lines {
			at := l.cells[k]
			if ours[i] = at.text(format); ours[i] != "" {
				ours[i] += noted.of(at.note())
				anyOurs = true
			}
			if at.quoted != nil {
				quoted[i], anyQuoted = at.quoted.String(), true
			}
			if d, ok := at.difference(); ok {
				differs[i], anyDiffers = number.Plus(d, format(d)), true
			}
		}
		head := c.head()
		switch {
		case c.Setting != "":
			head = c.Setting
		case t.number == 6:
			head += topWord[c.Metric]
		}
		for _, col := range []struct {
			there  bool
			column Column
			cells  []string
		}{
			{anyOurs, Column{Head: "Ours (seeds)", Number: true, Group: head}, ours},
			{anyQuoted, Column{Head: "Paper, quoted", Number: true, Quoted: true, Group: head}, quoted},
			{anyDiffers, Column{Head: "Difference", Number: true, Group: head}, differs},
		} {
			if !col.there {
				continue
			}
			out.Columns = append(out.Columns, col.column)
			for i := range rows {
				rows[i] = append(rows[i], col.cells[i])
			}
		}
	}
	out.Rows = rows
	if !t.unmeasured() || len(noted.texts) > 0 {
		out.Notes = append(out.Notes, "Ours: mean ± standard deviation of the last epoch, over as many seeds as in brackets; differences in "+unit+". An empty cell was not measured here, or is not in the paper.")
	}
	out.Notes = append(out.Notes, noted.notes()...)
	return out
}

// rowName is what the paper calls the row, but for networks as rows.
func (l line) rowName() string {
	if l.arch != "" {
		return paper.Method(l.row)
	}
	return l.name
}

// rowsAre names what the rows tell apart.
func (t *grid) rowsAre() string {
	if t.slots[0].Setting != "" {
		return "Network, CIFAR-10"
	}
	return "Method"
}

// data is the grid for other tools, a row for each cell that has a value.
func (t *grid) data() (head []string, rows [][]string) {
	head = []string{"table", "block", "row", "setting", "dataset", "arch", "metric", "ours_n", "ours_mean", "ours_sd", "ours_epochs", "ours_method", "ours_weight_decay", "paper_quoted", "paper_quoted_sd", "difference", "deviations"}
	exact := number.Exact
	for _, l := range t.lines {
		for k, at := range l.cells {
			if at.group == nil && at.quoted == nil {
				continue
			}
			c := t.slots[k]
			row := []string{strconv.Itoa(t.number), l.block, l.rowName(), c.Setting, c.Dataset, cmp.Or(c.Arch, l.arch), c.Metric, "0", "", "", "", "", "", "", "", "", ""}
			if g := at.group; g != nil {
				row[7], row[8], row[10], row[11], row[12] = strconv.Itoa(at.ours.N), exact(at.ours.Mean), strconv.Itoa(g.Epochs), g.Label(), exact(g.WeightDecay)
				if at.ours.N > 1 {
					row[9] = exact(at.ours.SD)
				}
				row[16] = at.note()
			}
			if at.quoted != nil {
				row[13] = at.quoted.Text
				if at.quoted.SD != 0 {
					row[14] = exact(at.quoted.SD)
				}
			}
			if d, ok := at.difference(); ok {
				row[15] = exact(d)
			}
			rows = append(rows, row)
		}
	}
	return head, rows
}
