package conclude

import (
	"fmt"
	"math"
	"strings"

	"srn/pkg/compare"
	"srn/pkg/report/number"
	"srn/pkg/report/study"
	"srn/pkg/stats"
)

// PValue writes a probability.
func PValue(p float64) string {
	if p < 1e-3 {
		return "< 0.001"
	}
	return number.Significant(p, 2)
}

// Points writes a difference of fractions in percentage points.
func Points(v float64) string { return number.Signed(100*v, 2) }

// Size writes a difference without its sign, "over 100" where it is beyond what
// can be.
func Size(v float64) string {
	if v > 1 {
		return "over 100"
	}
	return number.Fixed(100*math.Abs(v), 2)
}

// Interval writes that of a difference, "" where there is none.
func Interval(d stats.Difference, text func(float64) string) string {
	if d.Test == nil {
		return ""
	}
	return text(d.Test.Low) + " to " + text(d.Test.High)
}

// Sentence says a comparison in words, without a full stop.
func (k Comparison) Sentence() string {
	if k.Failed != [2]int{} {
		return k.failureSentence()
	}
	switch k.Verdict {
	case stats.Untested:
		return k.untested()
	case stats.Unresolved:
		return fmt.Sprintf("%s is not told apart from %s: %s points of top-1 (%s)%s", k.Of, k.Against, Points(k.Mean), k.evidence(), k.plan())
	}
	more := "more"
	if k.Mean < 0 {
		more = "less"
	}
	return fmt.Sprintf("%s scores %s points of top-1 %s than %s (%s)", k.Of, Size(k.Mean), more, k.Against, k.evidence())
}

// evidence is interval, pairs and p.
func (k Comparison) evidence() string {
	return fmt.Sprintf("95%% interval %s, %s, %s", Interval(k.Difference, Points), number.Count(k.Pairs, "paired seed"), k.probability())
}

// probability is p and what it is corrected for.
func (k Comparison) probability() string {
	p := PValue(k.Corrected)
	if !strings.HasPrefix(p, "<") {
		p = "= " + p
	}
	p = strings.ReplaceAll(p, " ", "\u00a0")
	if k.Family < 2 {
		return "p\u00a0" + p
	}
	return fmt.Sprintf("p\u00a0%s corrected for %d tests", p, k.Family)
}

// plan says what these seeds would show, and how many more would.
func (k Comparison) plan() string {
	if k.Detectable == 0 {
		return ""
	}
	s := fmt.Sprintf("; a true difference of %s would show with this many seeds, one of %s", Size(k.Detectable), Size(k.Effect))
	if k.Needed == 0 {
		return s + " not even with " + number.Whole(stats.MostSeeds)
	}
	return s + " with " + number.Count(k.Needed, "seed")
}

// untested says why there is no test.
func (k Comparison) untested() string {
	s := fmt.Sprintf("%s against %s: %s points of top-1", k.Of, k.Against, Points(k.Mean))
	switch {
	case k.Draws > 0 && k.Draws < stats.LeastDraws:
		return s + fmt.Sprintf(" over %s; %s not tell how much an initialisation matters, so that the true difference is not told", number.Count(k.Pairs, "paired seed"), doesDo(k.Draws, "initialisation"))
	case k.Pairs == 1:
		return s + " with the one seed that both have; one pair tells nothing of chance"
	}
	return s + fmt.Sprintf(" in each of %s; without scatter the true difference is not told", number.Count(k.Pairs, "pair"))
}

func doesDo(n int, what string) string {
	if n == 1 {
		return "one " + what + " does"
	}
	return fmt.Sprintf("%d %ss do", n, what)
}

// failureSentence leads with the runs that failed.
func (k Comparison) failureSentence() string {
	in := func(n int, of int) string {
		if n == 0 {
			return "none"
		}
		return fmt.Sprintf("%d of %s", n, number.Count(of, "run"))
	}
	s := fmt.Sprintf("%s fails (diverges, or ends at chance) in %s, %s in %s", k.Of, in(k.Failed[0], k.Pairs), k.Against, in(k.Failed[1], k.Pairs*max(1, k.Draws)))
	switch k.Verdict {
	case stats.Untested:
		s += ": not tested"
	case stats.Unresolved:
		s += ": not told apart"
	default:
		s += ": " + k.Verdict.String()
	}
	if k.Rank != nil {
		s += fmt.Sprintf(" (rank-sum test of all, %s)", k.probability())
	}
	if k.N > 0 {
		s += fmt.Sprintf("; in the %s without a failure, %s points of top-1", number.Count(k.N, "pair"), Points(k.Mean))
	}
	return s
}

// Conclusion says what follows from the comparisons of one guided group with
// the untrained control and with plain training, without numbers; "" where it
// was compared with neither.
func Conclusion(list []Comparison) string {
	found := map[compare.Role]Comparison{}
	for _, k := range list {
		found[k.Role] = k
	}
	var parts []string
	if k, ok := found[compare.Untrained]; ok {
		text := map[stats.Verdict]string{
			stats.Untested: "whether meta-training matters is not told", stats.Unresolved: "that meta-training matters is not shown",
			stats.Better: "meta-training helps", stats.Worse: "meta-training hurts",
		}[k.Verdict]
		if k.Shared && (k.Verdict == stats.Better || k.Verdict == stats.Worse) {
			text = "this one surrogate, which all seeds share, is " + k.Verdict.String() + " than untrained ones"
		}
		parts = append(parts, text)
	}
	for _, plain := range []struct {
		role compare.Role
		name string
	}{{compare.PlainRole, "the same training without guidance"}, {Tuned, "tuned plain training"}} {
		if k, ok := found[plain.role]; ok {
			parts = append(parts, map[stats.Verdict]string{
				stats.Untested: "nothing tells it from", stats.Unresolved: "it is not told apart from", stats.Better: "it beats", stats.Worse: "it loses to",
			}[k.Verdict]+" "+plain.name)
		}
	}
	return strings.Join(parts, "; ")
}

// Surrogate says what one is, for who does not know.
const Surrogate = "A surrogate is a small function of a classifier’s weights, learned beforehand; in guided training (srn) the gradient of its score, or a direction that it composes, is added to the gradient of the loss"

// Lead is what a cohort's runs say, the most important first, in sentences
// without a full stop.
func Lead(c *study.Cohort, baselines, guided Family) []string {
	var list []string
	if len(baselines)+len(guided) == 0 {
		return alone(c)
	}
	var rest Family
	for _, k := range baselines {
		if !compare.Is(k.Group.Fit, "srn") {
			rest = append(rest, k)
			continue
		}
		s := k.Sentence()
		var own []Comparison
		for _, g := range guided {
			if g.Group == k.Group && g.Role != compare.PlainRole {
				own = append(own, g)
			}
		}
		if k.Shared {
			s += ". One surrogate guides all these seeds: this is said of it, not of meta-training"
		}
		if text := Conclusion(own); text != "" {
			s += ". Against its controls: " + text
		}
		list = append(list, s)
	}
	if len(list) == 0 && len(rest) <= 3 {
		for _, k := range rest {
			list = append(list, k.Sentence())
		}
		rest = nil
	}
	if len(rest) > 0 {
		list = append(list, tally(rest))
	}
	return list
}

// tally sums up comparisons with cross-entropy.
func tally(rest Family) string {
	const most = 6
	names, count := map[stats.Verdict][]string{}, map[stats.Verdict]int{}
	for _, k := range rest {
		text := k.Of + " (" + Points(k.Mean) + ")"
		if k.Failed[0] > 0 {
			text = fmt.Sprintf("%s (%d of %d failed)", k.Of, k.Failed[0], k.Pairs)
		}
		if count[k.Verdict]++; count[k.Verdict] <= most {
			names[k.Verdict] = append(names[k.Verdict], text)
		}
	}
	var parts []string
	for _, v := range []struct {
		stats.Verdict
		text string
	}{{stats.Better, "better than "}, {stats.Worse, "worse than "}, {stats.Unresolved, "not told apart from "}, {stats.Untested, "not tested against "}} {
		if list := names[v.Verdict]; len(list) > 0 {
			text := v.text + "cross-entropy: " + strings.Join(list, ", ")
			if more := count[v.Verdict] - len(list); more > 0 {
				text += fmt.Sprintf(" and %d more", more)
			}
			parts = append(parts, text)
		}
	}
	return study.Capital(strings.Join(parts, "; "))
}

// alone is what groups say that are compared with nothing.
func alone(c *study.Cohort) []string {
	var parts []string
	for _, g := range c.Groups {
		if s := g.Over(study.Top1); s.N > 0 && len(parts) < 4 {
			text := fmt.Sprintf("%s ends at %s%% top-1", g.Legend(c), number.Fixed(100*s.Mean, 2))
			if s.N > 1 {
				text += " ± " + number.Fixed(100*s.SD, 2)
			}
			parts = append(parts, text+" ("+number.Count(s.N, "seed")+")")
		}
	}
	if len(parts) == 0 {
		return nil
	}
	if len(c.Groups) == 1 {
		return parts
	}
	return append(parts, "no two configurations here may be compared")
}

// Note says what the columns of paired comparisons mean, of those that are
// there.
func Note(effect float64, tested, planned bool) string {
	s := "pp: percentage points of top-1 on test images at the last epoch, over pairs of runs with the same seed."
	if tested {
		s += " Interval: 95%, by Student’s t, each by itself; none of one pair, nor where all pairs differ by the same. " +
			"p: of the same test, two-sided, corrected for all tests of this table by Holm’s method; the verdict goes by it, at 5%."
	} else {
		s += " Neither one pair, nor pairs that all differ by the same, tell anything of chance: there is no test."
	}
	if planned {
		s += " Detectable: a true difference that this many seeds show with 80% power; seeds for " + number.Fixed(100*effect, 2) + ": how many show one of that size; both at the level that the correction leaves a test, and for the upper 80% limit of the scatter."
	}
	return s
}

// FailureNote says how failures count, where a table has any.
const FailureNote = "Failed: runs that diverged or ended at chance (a top-1 of at most half as much again as guessing has), of the configuration and of what it is compared with. Where any did, differences are of the other pairs alone and have no interval; p is that of an exact rank-sum test of all runs, failures sharing the lowest rank, and nothing that fails more often is called better."

// SecondaryNote says what the secondary columns are.
const SecondaryNote = "Secondary metrics (loss, λ_max as a geometric mean ratio) have intervals by themselves, and neither test nor verdict."
