package sections

import (
	"fmt"
	"slices"
	"strings"

	"srn/pkg/report/conclude"
	"srn/pkg/report/number"
	"srn/pkg/report/study"
	"srn/pkg/stats"
)

// verdicts judge each guided configuration from the differences to its controls
// and to plain training, paired by seed.
func verdicts(s *material) []Section {
	section := Section{ID: "verdicts", Heading: "Does the guidance help?"}
	for _, c := range s.Cohorts {
		section.Tables = append(section.Tables, withRows(judged(c, s.guided[c], s.effect))...)
	}
	return nonEmpty(section)
}

func judged(c *study.Cohort, list conclude.Family, effect float64) Table {
	t := pairedTable("Guided training against its controls and plain training, paired by seed: "+c.Name(), "Guided", list, effect, armName)
	var names []string
	byArm := map[string][]conclude.Comparison{}
	for _, k := range list {
		name := armName(k)
		if byArm[name] == nil {
			names = append(names, name)
		}
		byArm[name] = append(byArm[name], k)
	}
	var first []string
	for _, name := range names {
		if s := conclude.Conclusion(byArm[name]); s != "" {
			first = append(first, name+": "+s+".")
		}
	}
	t.Notes = append(first, t.Notes...)
	for _, k := range list {
		if k.Choosers > 0 {
			t.Notes = append(t.Notes, "Tuned: of all plain training here that has every seed of the guided one, with and without weight decay, at every learning rate and length, and stopped early, that with the best mean accuracy on held-out images over the lower half of the seeds, which take no part in the comparison.")
			break
		}
	}
	if slices.ContainsFunc(list, func(k conclude.Comparison) bool { return k.Draws > 0 }) {
		t.Notes = append(t.Notes, "Untrained: where initialisations were each run with all seeds, they are a sample of their own: the variance of their means is part of the interval and of p (after Cochran and Cox). Fewer than three do not tell it, so that there is no test.")
	}
	if slices.ContainsFunc(list, func(k conclude.Comparison) bool { return k.Shared }) {
		t.Notes = append(t.Notes, "One surrogate guides all seeds of some configurations: what is said of those is said of that surrogate, not of meta-training.")
	}
	return t
}

// pairedTable is a table of paired comparisons: a row each, columns that no row
// fills left out, notes of those that are there alone.
func pairedTable(caption, of string, list conclude.Family, effect float64, name func(conclude.Comparison) string) Table {
	t := Table{
		Caption: caption,
		Columns: []Column{{Head: of}, {Head: "Against"}, {Head: "Pairs n", Number: true}, {Head: "Top-1 difference, pp", Number: true}, {Head: "Verdict"},
			{Head: "95% interval", Number: true}, {Head: "p, Holm", Number: true}, {Head: "Failed, of it"}, {Head: "Failed, of the other"}, {Head: "Detectable, pp", Number: true}, {Head: "Seeds for " + number.Fixed(100*effect, 2), Number: true},
			{Head: "Loss difference", Number: true, Group: "Secondary"}, {Head: "λ_max ratio", Number: true, Group: "Secondary"}},
	}
	var noted marks
	failed := false
	for _, k := range list {
		pairs := fmt.Sprint(k.Pairs) + noted.of(seedsNote(k)) + noted.of(k.Footnote)
		row := []string{name(k), k.Against, pairs, "", verdictText(k.Verdict), conclude.Interval(k.Difference, conclude.Points), "", "", "", "", "", secondary(k.Loss, func(v float64) string { return number.Signed(v, 3) }), secondary(k.Lambda, number.Decimals(2))}
		if k.N > 0 {
			row[3] = conclude.Points(k.Mean)
		}
		if _, ok := k.P(); ok {
			row[6] = conclude.PValue(k.Corrected)
		}
		if k.Failed != [2]int{} {
			failed = true
			row[7], row[8] = fmt.Sprintf("%d of %d", k.Failed[0], k.Pairs), fmt.Sprintf("%d of %d", k.Failed[1], k.Pairs*max(1, k.Draws))
		}
		if k.Detectable > 0 {
			row[9] = conclude.Size(k.Detectable)
			row[10] = "> " + number.Whole(stats.MostSeeds)
			if k.Needed > 0 {
				row[10] = number.Whole(k.Needed)
			}
		}
		t.Rows = append(t.Rows, row)
	}
	t.DropEmpty(5)
	if len(t.Rows) == 0 {
		return t
	}
	t.Notes = []string{conclude.Note(effect, has(t, "p, Holm"), has(t, "Detectable"))}
	if failed {
		t.Notes = append(t.Notes, conclude.FailureNote)
	}
	if has(t, "Loss") || has(t, "λ_max") {
		t.Notes = append(t.Notes, conclude.SecondaryNote)
	}
	t.Notes = append(t.Notes, noted.notes()...)
	return t
}

// seedsNote says over which seeds a difference is, where one of the two
// configurations has others.
func seedsNote(k conclude.Comparison) string {
	_, mine := conclude.Failures(k.Group)
	_, theirs := conclude.Failures(k.Other)
	switch {
	case k.Choosers > 0:
		return fmt.Sprintf("of seed %s; the other %d chose", study.Seeds(k.Seeds), k.Choosers)
	case mine == k.Pairs && theirs == k.Pairs:
		return ""
	}
	return fmt.Sprintf("of seed %s alone, which both have", study.Seeds(k.Seeds))
}

func verdictText(v stats.Verdict) string {
	return map[stats.Verdict]string{stats.Untested: "not tested", stats.Unresolved: "not resolved", stats.Better: "better", stats.Worse: "worse"}[v]
}

// secondary is a difference with its interval in brackets.
func secondary(d stats.Difference, text func(float64) string) string {
	if d.N == 0 {
		return ""
	}
	s := text(d.Mean)
	if i := conclude.Interval(d, text); i != "" {
		s += " (" + i + ")"
	}
	return s
}

// armName is a guided group's name with the kind of its surrogate.
func armName(k conclude.Comparison) string {
	kind := k.Group.Surrogate
	if kind == "" || strings.Contains(k.Of, kind) {
		return k.Of
	}
	return kind + ", " + k.Of
}
