package sections

import (
	"fmt"
	"slices"
	"strings"

	"srn/pkg/compare"
	"srn/pkg/report/paper"
)

// table1 sets the settings of the runs read, and their data, beside those of
// the paper's Table 1 and sections 4.1 and A.3.
func table1(s *material) []Section {
	t := Table{
		Caption: "Table 1: settings, the paper’s (quoted) and those of the runs read",
		Columns: []Column{{Head: "Setting"}, {Head: "The paper, quoted", Quoted: true}, {Head: "Runs read"}, {Head: ""}},
		Breaks:  map[int]string{},
	}
	trainings := 0
	for _, r := range s.Trainings {
		if r.Trained != nil {
			trainings++
		}
	}
	block := ""
	for _, k := range paper.Protocol {
		var values []string
		var states []compare.State
		add := func(v any, external bool) {
			if text := compare.Text(v); !slices.Contains(values, text) {
				values = append(values, text)
			}
			states = append(states, k.Check(v, external))
		}
		for _, r := range s.Trainings {
			if k.Fit != nil && r.Trained != nil && (!k.Guided || compare.Guided(r.Fit)) {
				add(k.Fit(r.Fit), compare.External(r.Fit))
			}
		}
		for _, src := range s.Runs.Meta {
			if m, ok := src.Meta(); ok && k.Meta != nil {
				add(k.Meta(m), false)
			}
		}
		slices.Sort(values)
		if k.Block != block {
			block = k.Block
			t.Breaks[len(t.Rows)] = block
		}
		t.Rows = append(t.Rows, []string{k.Name, k.Quoted, strings.Join(values, "; "), string(worst(states))})
	}
	t.Notes = append([]string{fmt.Sprintf("Runs read: %d of srn-fit, %d of srn-meta. Several values: runs differ.", trainings, len(s.Runs.Meta))}, paperNotes(paper.Notes[1])...)
	return []Section{{ID: "table-1", Heading: "Table 1: settings", Tables: []Table{t}, Unmeasured: trainings+len(s.Runs.Meta) == 0}}
}

// worst is what several runs' agreement with the paper comes to.
func worst(states []compare.State) compare.State {
	for _, s := range []compare.State{compare.Differs, compare.NotKnown, compare.AsStated} {
		if slices.Contains(states, s) {
			return s
		}
	}
	return compare.NotStated
}
