package sections

import (
	"fmt"

	"srn/pkg/compare"
	"srn/pkg/record"
	"srn/pkg/report/chart"
	"srn/pkg/report/number"
	"srn/pkg/report/paper"
	"srn/pkg/report/study"
	"srn/pkg/stats"
)

// table3 is the time of an epoch, and its ratio to plain cross-entropy's,
// which alone compares between machines.
func table3(s *material) []Section {
	t := gridOf(s.Study, 3, true, true)
	all := t
	tables := t.tables(number.Digits(4))
	tables[0].Caption = "Table 3: seconds of an epoch, ours, the paper’s (quoted) and the difference"
	if ours, _ := t.split(); len(ours) > 0 {
		t = t.of(ours).filled()
	}
	ratios := Table{Caption: "Table 3: the same over cross-entropy alone", Columns: []Column{{Head: "Method"}}}
	for _, c := range t.slots {
		if c.Arch == "resnet32" && c.Dataset == "cifar10" {
			ratios.Columns = append(ratios.Columns, Column{Head: "Ours", Number: true, Group: c.head()}, Column{Head: "Paper, quoted", Number: true, Quoted: true, Group: c.head()})
			continue
		}
		ratios.Columns = append(ratios.Columns, Column{Head: "Ours", Number: true, Group: c.head()})
	}
	for i, l := range t.lines {
		if l.own != "" && t.lines[i-1].own == "" {
			ratios.Breaks = map[int]string{i: l.block}
		}
		row := []string{l.name}
		for k, c := range t.slots {
			ours, quoted := t.overCE(l, k)
			row = append(row, plusMinus(ours, number.Decimals(2)))
			if c.Arch == "resnet32" && c.Dataset == "cifar10" {
				text := ""
				if quoted > 0 {
					text = number.Fixed(quoted, 2)
				}
				row = append(row, text)
			}
		}
		ratios.Rows = append(ratios.Rows, row)
	}
	ratios.DropEmpty(1)
	ratios.Notes = append([]string{"Of the medians over a run’s epochs, of training alone; ours by runs of one seed on one machine, whose load while they ran is not recorded: take ratios of runs made in turn on an idle machine."}, paperNotes(paper.Notes[3])...)
	return []Section{{ID: "table-3", Heading: "Table 3: time of an epoch", Tables: append([]Table{tables[0], ratios}, tables[1:]...), Unmeasured: all.unmeasured(), Data: all.data}}
}

// overCE is the ratio of a line's time to that of plain cross-entropy in one
// slot: ours by runs of one seed, the paper's by its values (0: none).
func (t *grid) overCE(l line, k int) (ours stats.Summary, quoted float64) {
	for _, base := range t.lines {
		if base.own != "" || base.name != "CE-only" {
			continue
		}
		at, ce := l.cells[k], base.cells[k]
		if at.quoted != nil && ce.quoted != nil {
			quoted = at.quoted.Value / ce.quoted.Value
		}
		if at.group == nil || ce.group == nil || !compare.Times(at.group.Fit, ce.group.Fit).Comparable() {
			continue
		}
		var list []float64
		for _, r := range at.group.Complete() {
			q := ce.group.Seed(r.Seed)
			if q == nil {
				continue
			}
			a, ok := study.SecondsPerEpoch(r)
			b, ok2 := study.SecondsPerEpoch(q)
			if ok && ok2 && b > 0 {
				list = append(list, a/b)
			}
		}
		ours = stats.Summarise(list)
	}
	return ours, quoted
}

// figure6 draws the times of an epoch for each network.
func figure6(s *material) []Section {
	t := gridOf(s.Study, 3, true, true)
	section := Section{ID: "figure-6", Heading: "Figure 6: time of an epoch by method", Unmeasured: t.unmeasured()}
	for k, c := range t.slots {
		b := &chart.Bars{Value: chart.Axis{Label: "Time of an epoch / that of cross-entropy", Text: number.Decimals(2)}}
		for _, l := range t.lines {
			ours, quoted := t.overCE(l, k)
			if ours.N > 0 || quoted > 0 {
				b.Bars = append(b.Bars, chart.Bar{Label: l.name, Value: ours.Mean, SD: ours.SD, N: ours.N, Quoted: quoted})
			}
		}
		section.Figures = append(section.Figures, drawn(&Figure{ID: fmt.Sprintf("figure-6-%d", k+1), Title: "Time of an epoch, " + c.head(), Chart: b,
			Caption: "Filled: ours, the mean over seeds of runs with a run of cross-entropy beside. Outlined: the paper’s values, quoted.", Notes: paperNotes(paper.FigureNotes[6])})...)
	}
	return nonEmpty(section)
}

// cost sets accuracy against the time it took.
func cost(s *material) []Section {
	section := Section{ID: "cost", Heading: "Cost against accuracy"}
	for i, co := range s.Cohorts {
		for j, epochs := range co.Lengths() {
			sc := &chart.Scatter{X: chart.Axis{Label: "Seconds of training", Scale: chart.Linear, Text: number.Digits(3)}, Y: chart.Axis{Label: "Test top-1, %", Scale: chart.Linear, Text: number.Decimals(2)}}
			d := chart.Dots{Label: co.Name(), Style: 0}
			for _, g := range co.Groups {
				x, y := g.Over(study.TrainingSeconds), g.Over(measures[paper.Top1])
				if g.Epochs == epochs && x.N > 0 && y.N > 0 {
					d.Dots = append(d.Dots, chart.Dot{Label: g.Label(), X: x.Mean, XSD: x.SD, Y: y.Mean, YSD: y.SD, N: y.N})
				}
			}
			sc.Groups = []chart.Dots{d}
			section.Figures = append(section.Figures, drawn(&Figure{ID: fmt.Sprintf("cost-%d-%d", i+1, j+1), Title: fmt.Sprintf("%s, %d epochs", co.Name(), epochs), Chart: sc,
				Caption: "Mean over seeds; lines: ± one standard deviation. Seconds: the sum over a run’s epochs, of training alone, on whatever machine and under whatever load it ran."})...)
		}
	}
	return nonEmpty(section)
}

// figure5 is the time of an evaluation of the surrogate.
func figure5(s *material) []Section {
	section := Section{ID: "figure-5", Heading: "Figure 5: time of an evaluation of the surrogate"}
	for i, co := range s.Cohorts {
		f := figure(co, fmt.Sprintf("figure-5-%d", i+1), "Evaluation of r and ∇r, "+co.Name(), "Seconds of an evaluation", chart.Linear, number.Digits(3),
			ofEpochs(func(e *record.Epoch) float64 { return study.Number(e.SurrogateSeconds) }))
		f.Caption = "The mean of each epoch’s evaluations, of r and its gradient in all parameters. " + f.Caption
		f.Notes = paperNotes(paper.FigureNotes[5])
		section.Figures = append(section.Figures, drawn(f)...)
	}
	return nonEmpty(section)
}
