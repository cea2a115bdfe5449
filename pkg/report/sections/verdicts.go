package sections

import (
	"fmt"
	"math"
	"strings"

	"srn/pkg/report/conclude"
	"srn/pkg/report/number"
	"srn/pkg/report/study"
)

// verdicts judge each guided experiment from the differences to its controls
// and to plain training, paired by seed.
func verdicts(s *study.Study) []Section {
	section := Section{ID: "verdicts", Heading: "Does the guidance help?"}
	for _, c := range s.Cohorts {
		t := judged(c)
		t.Caption = "Guided training against its controls and plain training, paired by seed: " + c.Name()
		section.Tables = append(section.Tables, withRows(t)...)
	}
	return nonEmpty(section)
}

func judged(c *study.Cohort) Table {
	t := Table{
		Columns: []Column{{Head: "Guided"}, {Head: "Against"}, {Head: "Pairs n", Number: true}, {Head: "Top-1 difference, pp", Number: true},
			{Head: "95% interval", Number: true}, {Head: "p, Holm", Number: true}, {Head: "Seeds to resolve", Number: true}, {Head: "Loss difference", Number: true},
			{Head: "λ_max ratio", Number: true}, {Head: "Verdict"}},
	}
	comparisons := conclude.Judge(c)
	var arms []*study.Group
	byArm := map[*study.Group][]conclude.Comparison{}
	for _, k := range comparisons {
		if byArm[k.Arm] == nil {
			arms = append(arms, k.Arm)
		}
		byArm[k.Arm] = append(byArm[k.Arm], k)
		row := []string{armName(c, k.Arm), k.Against, fmt.Sprint(k.Top1.N), number.Signed(100*k.Top1.Mean, 2), "", "", "", "", "", k.Verdict.String()}
		if k.Top1.N > 1 {
			row[4] = number.Signed(100*k.Top1.Low, 2) + " to " + number.Signed(100*k.Top1.High, 2)
			row[5], row[6] = conclude.PValue(k.P), conclude.SeedsToResolve(k.Top1)
		}
		if k.Loss.N > 0 {
			row[7] = number.Signed(k.Loss.Mean, 3)
		}
		if k.Lambda.N > 0 {
			row[8] = number.Fixed(math.Exp(k.Lambda.Mean), 2)
		}
		t.Rows = append(t.Rows, row)
	}
	for _, arm := range arms {
		if s := conclude.Conclusion(byArm[arm]); s != "" {
			t.Notes = append(t.Notes, armName(c, arm)+": "+s)
		}
	}
	t.DropEmpty(3)
	t.Notes = append(t.Notes, conclude.VerdictNote)
	return t
}

// armName is a guided group's legend with the kind of its surrogate.
func armName(c *study.Cohort, g *study.Group) string {
	name := g.Legend(c)
	if g.Surrogate != "" && !strings.Contains(name, g.Surrogate) {
		name = g.Surrogate + ", " + name
	}
	return name
}
