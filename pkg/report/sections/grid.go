package sections

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"srn/pkg/compare"
	"srn/pkg/report/number"
	"srn/pkg/report/paper"
	"srn/pkg/report/study"
	"srn/pkg/stats"
)

// slot is a column of one of the paper's tables: what is measured on what.
type slot struct {
	Dataset, Arch string
	Metric        string // as paper.Value names it
	Setting       string // of an ablation
}

// cell is what is known of a row in a slot, ours and the paper's apart.
type cell struct {
	group  *study.Group // nil: not measured
	ours   stats.Summary
	quoted *paper.Value // nil: the paper has none
	others int          // further groups that would fit as well
}

// line is a row of one of the paper's tables, or one of ours that it lacks.
type line struct {
	block, name string
	row         string // the paper's row
	arch        string // where rows are networks, as in the ablation
	external    bool
	own         string // the group's label, where the paper has no such row
	cells       []cell // by slot
}

// grid is a table of the paper with our values in its cells.
type grid struct {
	number int
	slots  []slot
	lines  []line
}

// measures are the metrics by the paper's names, in its units.
var measures = map[string]study.Metric{paper.Top1: study.Percents(study.Top1), paper.Top5: study.Percents(study.Top5), paper.Seconds: study.SecondsPerEpoch}

// grid lays out a table: the paper's rows and columns, columns for the
// networks and data sets that it lacks where widen says so, and rows for what
// was measured beside.
func gridOf(s *study.Study, table int, widen, own bool) *grid {
	t := &grid{number: table}
	for _, v := range paper.Of(table) {
		c := slot{v.Dataset, v.Arch, v.Metric, v.Setting}
		l := line{block: v.Block, name: paper.Method(v.Row), row: v.Row, external: v.Block == "External protocol"}
		if v.Setting != "" {
			c.Arch, l.arch, l.name = "", v.Arch, study.ArchName(v.Arch)
		}
		if !slices.Contains(t.slots, c) {
			t.slots = append(t.slots, c)
		}
		if !slices.ContainsFunc(t.lines, func(o line) bool { return o.name == l.name && o.block == l.block }) {
			t.lines = append(t.lines, l)
		}
	}
	if widen {
		for _, c := range s.Cohorts {
			extra := slot{Dataset: c.Dataset, Arch: c.Arch, Metric: t.slots[0].Metric}
			if !slices.Contains(t.slots, extra) && slices.ContainsFunc(c.Groups, func(g *study.Group) bool { return t.has(g) && g.Over(measures[extra.Metric]).N > 0 }) {
				t.slots = append(t.slots, extra)
			}
		}
	}
	if own {
		t.addOwn(s)
	}
	for i := range t.lines {
		l := &t.lines[i]
		for _, c := range t.slots {
			l.cells = append(l.cells, cellOf(s, table, c, *l))
		}
	}
	t.oursFirst()
	t.lines = slices.DeleteFunc(t.lines, func(l line) bool {
		return l.own != "" && !slices.ContainsFunc(l.cells, func(c cell) bool { return c.group != nil })
	})
	return t
}

// oursFirst moves the columns in which something was measured to the front,
// but for the ablation's, which belong together.
func (t *grid) oursFirst() {
	if t.slots[0].Setting == "" {
		ours, rest := t.split()
		*t = *t.of(append(ours, rest...))
	}
}

// split lists the columns in which something was measured, and the others.
func (t *grid) split() (ours, rest []int) {
	for k := range t.slots {
		if slices.ContainsFunc(t.lines, func(l line) bool { return l.cells[k].group != nil }) {
			ours = append(ours, k)
		} else {
			rest = append(rest, k)
		}
	}
	return ours, rest
}

// of is the grid of some of its columns.
func (t *grid) of(columns []int) *grid {
	some := &grid{number: t.number}
	for _, k := range columns {
		some.slots = append(some.slots, t.slots[k])
	}
	for _, l := range t.lines {
		cells := l.cells
		l.cells = nil
		for _, k := range columns {
			l.cells = append(l.cells, cells[k])
		}
		some.lines = append(some.lines, l)
	}
	return some
}

// has says whether the table has a row for what the group repeats.
func (t *grid) has(g *study.Group) bool {
	return slices.ContainsFunc(t.lines, func(l line) bool { return l.holds(g) })
}

// holds says whether a group belongs into a line of the paper's table.
func (l line) holds(g *study.Group) bool {
	return l.own == "" && paper.Method(l.row) == compare.Row(g.Fit) && l.external == compare.External(g.Fit)
}

// addOwn adds a line for each group that the table has no row for.
func (t *grid) addOwn(s *study.Study) {
	for _, c := range s.Cohorts {
		if !c.Known || !slices.ContainsFunc(t.slots, func(at slot) bool { return at.Dataset == c.Dataset && at.Arch == c.Arch }) {
			continue
		}
		for _, g := range c.Groups {
			name := g.Name()
			if t.has(g) || slices.ContainsFunc(t.lines, func(l line) bool { return l.own == name }) {
				continue
			}
			t.lines = append(t.lines, line{block: "Ours alone", name: name, own: name})
		}
	}
}

// cellOf finds the group that repeats a cell of the paper most nearly: on its
// images, of a length nearest to its, then with fewest deviations, then with
// most seeds.
func cellOf(s *study.Study, table int, at slot, l line) cell {
	var c cell
	arch := cmp.Or(at.Arch, l.arch)
	for _, v := range paper.Of(table) {
		if v.Dataset == at.Dataset && v.Arch == arch && v.Metric == at.Metric && v.Setting == at.Setting && v.Row == l.row && v.Block == l.block && l.own == "" {
			c.quoted = &v
		}
	}
	var fitting []*study.Group
	for _, co := range s.Cohorts {
		if co.Dataset != at.Dataset || co.Arch != arch || !co.Known {
			continue
		}
		for _, g := range co.Groups {
			fits := l.holds(g) || l.own != "" && g.Name() == l.own
			if fits && fitsSetting(g, at.Setting) && g.Over(measures[at.Metric]).N > 0 {
				fitting = append(fitting, g)
			}
		}
	}
	if len(fitting) == 0 {
		return c
	}
	slices.SortStableFunc(fitting, func(a, b *study.Group) int {
		return cmp.Or(cmp.Compare(len(dataDeviations(a)), len(dataDeviations(b))), cmp.Compare(abs(a.Epochs-paper.Epochs), abs(b.Epochs-paper.Epochs)),
			cmp.Compare(len(deviations(a)), len(deviations(b))), cmp.Compare(len(b.Complete()), len(a.Complete())))
	})
	c.group, c.others = fitting[0], len(fitting)-1
	c.ours = c.group.Over(measures[at.Metric])
	return c
}

func abs(n int) int { return max(n, -n) }

// difference is ours less the paper's.
func (c cell) difference() (float64, bool) {
	if c.group == nil || c.quoted == nil {
		return 0, false
	}
	return c.ours.Mean - c.quoted.Value, true
}

// text is ours for reading: mean, deviation and the number of seeds.
func (c cell) text(format func(float64) string) string {
	if c.group == nil {
		return ""
	}
	return fmt.Sprintf("%s (%d)", plusMinus(c.ours, format), c.ours.N)
}

// note says what must be known of our value.
func (c cell) note() string {
	if c.group == nil {
		return ""
	}
	list := deviations(c.group)
	if c.others > 0 {
		list = append(list, fmt.Sprintf("%s fit this cell too and are shown with the runs", number.Count(c.others, "other group")))
		if c.others == 1 {
			list[len(list)-1] = "another group fits this cell too and is shown with the runs"
		}
	}
	return strings.Join(list, "; ")
}

// unmeasured says that no cell is ours.
func (t *grid) unmeasured() bool {
	for _, l := range t.lines {
		for _, c := range l.cells {
			if c.group != nil && l.own == "" {
				return false
			}
		}
	}
	return true
}

// head names a slot.
func (c slot) head() string { return study.DatasetName(c.Dataset) + ", " + study.ArchName(c.Arch) }
