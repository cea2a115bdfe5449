package conclude

import (
	"math"
	"slices"

	"srn/pkg/compare"
	"srn/pkg/report/study"
	"srn/pkg/stats"
)

// Comparison is a conclusion: one configuration against another by top-1, a
// fraction, paired by seed.
type Comparison struct {
	Group *study.Group `json:"-"`
	Other *study.Group `json:"-"` // of several random draws, the first

	Of      string       `json:"of"` // the group's name
	Against string       `json:"against"`
	Role    compare.Role `json:"role"`
	Seeds   []int64      `json:"seeds"` // of the pairs
	stats.Comparison

	Verdict    stats.Verdict `json:"verdict"`
	Corrected  float64       `json:"p_corrected"`            // of the family; 1 where there is no test
	Family     int           `json:"family"`                 // tests that it was corrected for
	Detectable float64       `json:"detectable,omitempty"`   // difference found with 80% power; 0: not told
	Effect     float64       `json:"effect"`                 // difference that a reader asks for
	Needed     int           `json:"seeds_needed,omitempty"` // seeds that show it with 80% power; 0: not told

	// Secondary metrics, over pairs in which neither run failed: neither
	// corrected nor judged.
	Loss   stats.Difference `json:"loss"`
	Lambda stats.Difference `json:"lambda_max_ratio"`

	Draws    int    `json:"draws,omitempty"`    // random initialisations, shared by all seeds, that the other side is the mean of
	Choosers int    `json:"choosers,omitempty"` // seeds that chose the other side, and are not among the pairs
	Shared   bool   `json:"shared,omitempty"`   // one surrogate guided all runs of the group
	Footnote string `json:"footnote,omitempty"` // what else is not the same
}

// Family is comparisons that are corrected for their number together.
type Family []Comparison

// Judge corrects the family's tests by Holm's method, judges each comparison by
// its corrected p, and plans for an effect, a fraction, at the level that each
// of the tests has by itself.
func (f Family) Judge(effect float64) Family {
	var p []float64
	var tested []int
	for i := range f {
		f[i].Corrected = 1
		if v, ok := f[i].P(); ok {
			p, tested = append(p, v), append(tested, i)
		}
	}
	for k, corrected := range stats.Holm(p) {
		f[tested[k]].Corrected = corrected
	}
	level := stats.Level / float64(max(1, len(p)))
	for i := range f {
		c := &f[i]
		c.Family, c.Effect = len(p), effect
		c.Verdict = c.Comparison.Verdict(c.Corrected)
		if c.Draws > 0 {
			continue // more seeds do not answer for more draws
		}
		if v := c.Difference.Detectable(level); !math.IsNaN(v) {
			c.Detectable = v
		}
		c.Needed = c.Difference.Seeds(effect, level)
	}
	return f
}

// Between compares two groups of a cohort, unjudged.
func Between(c *study.Cohort, a, b *study.Group, role compare.Role) Comparison {
	mine, theirs := outcomes(a), outcomes(b)
	k := Comparison{Group: a, Other: b, Of: name(c, a), Against: name(c, b), Role: role, Seeds: common(mine, theirs), Footnote: compare.Trainings(a.Fit, b.Fit).Footnote()}
	var x, y []stats.Outcome
	for _, seed := range k.Seeds {
		x, y = append(x, mine[seed]), append(y, theirs[seed])
	}
	k.Comparison = stats.Compare(x, y, max(resolution(a), resolution(b)))
	k.Loss = Secondary(a, []*study.Group{b}, study.Loss, k.Seeds)
	k.Lambda = lambda(c, a, []*study.Group{b}, k.Seeds)
	k.Shared = shared(a, k.Seeds)
	return k
}

// name is a group's among those of its cohort that are compared: it has the
// number of epochs where those have several.
func name(c *study.Cohort, g *study.Group) string {
	var compared study.Cohort
	for _, o := range c.Groups {
		if o.Baseline != nil {
			compared.Groups = append(compared.Groups, o, o.Baseline)
		}
	}
	return g.Legend(&compared)
}

// lambda compares λ_max, as a ratio, under the condition that the cohort has
// most measurements of.
func lambda(c *study.Cohort, a *study.Group, others []*study.Group, seeds []int64) stats.Difference {
	used := c.Curvature()
	if len(used) == 0 {
		return stats.Difference{}
	}
	return Secondary(a, others, study.Logarithm(study.LambdaMax(used[0])), seeds).Exp()
}

// Secondary compares a metric that is not judged with that of one group, or
// with the mean of several random draws, over the seeds of a comparison.
func Secondary(a *study.Group, others []*study.Group, m study.Metric, seeds []int64) stats.Difference {
	all := []map[int64]float64{values(a, m)}
	for _, b := range others {
		all = append(all, values(b, m))
	}
	var mine []float64
	control := make([][]float64, len(others))
	for _, s := range common(all...) {
		if !slices.Contains(seeds, s) {
			continue
		}
		mine = append(mine, all[0][s])
		for k := range others {
			control[k] = append(control[k], all[k+1][s])
		}
	}
	if len(others) > 1 {
		return stats.AgainstDraws(mine, control, 0)
	}
	for i := range mine {
		mine[i] -= control[0][i]
	}
	return stats.Differences(mine, 0)
}

// shared says that one surrogate guided the runs of several seeds.
func shared(g *study.Group, seeds []int64) bool {
	first := ""
	for i, s := range seeds {
		r := g.Seed(s)
		if r == nil || r.SRN == "" || i > 0 && r.SRN != first {
			return false
		}
		first = r.SRN
	}
	return len(seeds) > 1
}

// Baselines compares each group of a cohort that has a baseline with it, and
// judges them as one family. Controls of a guided group are not among them:
// what they are for is said by [Guided].
func Baselines(c *study.Cohort, effect float64) Family {
	var f Family
	for _, g := range c.Groups {
		if g.Baseline == nil || IsControl(c, g) {
			continue
		}
		if k := ToBaseline(c, g); k.Pairs > 0 {
			f = append(f, k)
		}
	}
	return f.Judge(effect)
}

// ToBaseline compares a group with its baseline, unjudged.
func ToBaseline(c *study.Cohort, g *study.Group) Comparison {
	k := Between(c, g, g.Baseline, compare.PlainRole)
	k.Footnote = g.Against.Footnote()
	return k
}

// IsControl says that a group is an untrained, flipped or shuffled control of a
// guided one.
func IsControl(c *study.Cohort, g *study.Group) bool {
	return slices.ContainsFunc(c.Groups, func(o *study.Group) bool {
		if !o.Known || !compare.Is(o.Fit, "srn") {
			return false
		}
		role := compare.Control(o.Fit, g.Fit)
		return role == compare.Untrained || role == compare.Flipped || role == compare.Shuffled
	})
}
