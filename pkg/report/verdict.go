package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"srn/pkg/artifact"
	"srn/pkg/report/number"
)

// rival is what a guided arm is compared with: an experiment, or several with
// one value a seed, or an epoch of one chosen by held-out images.
type rival struct {
	role, name string
	runs       func(seed int64) []*run // to be averaged; all must have the metric
	stopped    bool                    // at the epoch with the best held-out accuracy
}

// verdicts judge each guided experiment from the differences to its controls
// and to plain training, paired by seed.
func (s *study) verdicts() []Section {
	section := Section{ID: "verdicts", Heading: "Does the guidance help?"}
	for _, c := range s.cohorts {
		t := c.judged()
		if len(t.Rows) == 0 {
			continue
		}
		t.Caption = "Guided training against its controls and plain training, paired by seed: " + c.heading(s.cohorts)
		section.Tables = append(section.Tables, t)
	}
	return nonEmpty(section)
}

func (c *cohort) judged() Table {
	t := Table{
		Columns: []Column{{Head: "Guided"}, {Head: "Against"}, {Head: "Pairs n", Number: true}, {Head: "Top-1 difference, pp", Number: true},
			{Head: "95% interval", Number: true}, {Head: "p, Holm", Number: true}, {Head: "Seeds to resolve", Number: true}, {Head: "Loss difference", Number: true},
			{Head: "λ_max ratio", Number: true}, {Head: "Verdict"}},
	}
	type comparison struct {
		arm, role string
		Paired
		verdict verdict
	}
	var comparisons []comparison // a row each
	var tests family
	tuned := c.tuned()
	for _, arm := range c.groups {
		if arm.base() != "srn" || len(arm.whole()) == 0 {
			continue
		}
		name := arm.Legend(c)
		if kind := arm.kind(); kind != "" && !strings.Contains(name, kind) {
			name = kind + ", " + name
		}
		for _, r := range append(c.controls(arm), tuned...) {
			accuracy := r.differences(arm, top1)
			if accuracy.N == 0 {
				continue
			}
			row := []string{name, r.name, fmt.Sprint(accuracy.N), number.Signed(100*accuracy.Mean, 2), "", "", "", "", "", single.String()}
			if accuracy.N > 1 {
				row[4] = number.Signed(100*accuracy.Low, 2) + " to " + number.Signed(100*accuracy.High, 2)
				row[6] = seedsText(seedsToResolve(accuracy))
				tests.add(len(t.Rows), accuracy.P)
			}
			if loss := r.differences(arm, testLoss); loss.N > 0 {
				row[7] = number.Signed(loss.Mean, 3)
			}
			if used := conditions(c.groups); len(used) > 0 {
				if l := r.differences(arm, logarithm(lambdaMax(used[0]))); l.N > 0 {
					row[8] = number.Fixed(math.Exp(l.Mean), 2)
				}
			}
			t.Rows, comparisons = append(t.Rows, row), append(comparisons, comparison{arm: name, role: r.role, Paired: accuracy})
		}
	}
	tests.each(func(row int, p float64) {
		k := &comparisons[row]
		k.verdict = judge(k.Mean, p)
		t.Rows[row][5], t.Rows[row][9] = pValue(p), k.verdict.String()
	})
	for len(comparisons) > 0 {
		arm, found := comparisons[0].arm, map[string]verdict{}
		for len(comparisons) > 0 && comparisons[0].arm == arm {
			found[comparisons[0].role], comparisons = comparisons[0].verdict, comparisons[1:]
		}
		if s := conclusion(found); s != "" {
			t.Notes = append(t.Notes, arm+": "+s)
		}
	}
	t.DropEmpty(3)
	t.Notes = append(t.Notes, "Differences of the last epoch on test images; intervals by Student’s t over the pairs, each by itself; p of the same test corrected for all comparisons of this table by Holm’s method, and the verdict by that, at 5%. "+
		"Seeds to resolve: pairs with which a true difference as large as the measured one is found with 80% power at 5%, were it the only one. "+
		"Tuned: of all plain training here, with and without weight decay, at every learning rate and length, and stopped early, that with the best mean accuracy on held-out images. "+
		"λ_max ratio: the geometric mean over pairs.")
	return t
}

// base is a group's method without its parameters.
func (g *group) base() string { name, _, _ := strings.Cut(g.Method, "("); return name }

// kind is the surrogate's: what it was fitted to and its form.
func (g *group) kind() string { return g.recorded("surrogate") }

// recorded is a setting of the group's first training.
func (g *group) recorded(key string) string {
	for _, r := range g.runs {
		if r.fit != nil {
			config, _ := r.fit.Header.Config.(map[string]any)
			return artifact.Record(config).Text(key)
		}
	}
	return ""
}

// form is the last word of a surrogate's kind.
func form(kind string) string { return kind[strings.LastIndex(kind, " ")+1:] }

// alike says that two groups differ in nothing but what guides them.
func (g *group) alike(o *group) bool {
	return g.Epochs == o.Epochs && g.WeightDecay == o.WeightDecay && g.recorded("split") == o.recorded("split") &&
		g.recorded("augment") == o.recorded("augment") && number.Plain(g.rate()) == number.Plain(o.rate())
}

// rate is the learning rate at the beginning.
func (g *group) rate() float64 {
	for _, r := range g.runs {
		if r.fit != nil {
			config, _ := r.fit.Header.Config.(map[string]any)
			v, _ := artifact.Record(config).Float("lr")
			return v
		}
	}
	return 0
}

// of is a rival that is one group.
func (g *group) of(role, name string) rival {
	return rival{role: role, name: name, runs: func(seed int64) []*run {
		for _, r := range g.whole() {
			if r.Seed == seed {
				return []*run{r}
			}
		}
		return nil
	}}
}

// controls are the rivals of an arm that tell what its effect is owed to.
func (c *cohort) controls(arm *group) []rival {
	var list []rival
	var draws []*group
	add := func(role, name string, fits func(*group) bool) {
		for _, g := range c.groups {
			if g != arm && g.alike(arm) && fits(g) {
				list = append(list, g.of(role, name))
				return
			}
		}
	}
	for _, g := range c.groups {
		if g.base() == "srn-untrained" && g.alike(arm) && g.Ratio == arm.Ratio && form(g.kind()) == form(arm.kind()) {
			draws = append(draws, g)
		}
	}
	if len(draws) > 0 {
		list = append(list, rival{role: "untrained", name: "untrained, mean of " + number.Count(len(draws), "draw"), runs: func(seed int64) []*run {
			var all []*run
			for _, g := range draws {
				found := g.of("", "").runs(seed)
				if found == nil {
					return nil
				}
				all = append(all, found...)
			}
			return all
		}})
	}
	for _, control := range []string{"flipped", "shuffled"} {
		add(control, control, func(g *group) bool {
			return g.base() == "srn-"+control && g.Ratio == arm.Ratio && g.kind() == arm.kind()
		})
	}
	add("weight decay of the same ratio", "weight decay of the same ratio", func(g *group) bool {
		return g.base() == "weight-decay-ratio" && arm.Ratio != 0 && g.recorded("parameters") == "ratio="+number.Plain(arm.Ratio)
	})
	add("cross-entropy", "cross-entropy", func(g *group) bool { return g.base() == "ce" })
	return list
}

// tuned is the plain training that held-out images choose, or none where it
// was not measured on them.
func (c *cohort) tuned() []rival {
	var best []rival
	highest, most := math.Inf(-1), 0
	for _, g := range c.groups {
		most = max(most, len(g.whole()))
	}
	consider := func(r rival, g *group, m metric) {
		if s := g.over(m); s.N == len(g.whole()) && s.N > 0 && s.N >= min(most, 2) && s.Mean > highest {
			highest, best = s.Mean, []rival{r}
		}
	}
	for _, g := range c.groups {
		if g.base() != "ce" && g.base() != "weight-decay" {
			continue
		}
		name := fmt.Sprintf("tuned: %s, lr %s, wd %s, %d epochs", g.base(), number.Plain(g.rate()), number.Plain(g.WeightDecay), g.Epochs)
		consider(g.of("tuned", name), g, func(r *run) (float64, bool) { return at(r.held, r.Epochs, "top1") })
		early := g.of("tuned", name+", stopped early")
		early.stopped = true
		consider(early, g, func(r *run) (float64, bool) {
			epoch, ok := r.bestHeld()
			if !ok {
				return 0, false
			}
			return at(r.held, epoch, "top1")
		})
	}
	return best
}

// at is a field of the record of an epoch.
func at(list []artifact.Record, epoch int, key string) (float64, bool) {
	for _, r := range list {
		if whole(r, "epoch") == epoch {
			return r.Float(key)
		}
	}
	return 0, false
}

// bestHeld is the epoch, of several measured, with the best accuracy on
// held-out images.
func (r *run) bestHeld() (epoch int, ok bool) {
	best := math.Inf(-1)
	for _, rec := range r.held {
		if v, found := rec.Float("top1"); found && v > best {
			best, epoch = v, whole(rec, "epoch")
		}
	}
	return epoch, len(r.held) > 1
}

// differences are an arm's values minus the rival's.
func (v rival) differences(arm *group, m metric) Paired {
	var list []float64
	for _, r := range arm.whole() {
		mine, ok := m(r)
		others := v.runs(r.Seed)
		if !ok || len(others) == 0 {
			continue
		}
		sum, complete := 0.0, true
		for _, o := range others {
			theirs, ok := v.value(o, m)
			sum += theirs / float64(len(others))
			complete = complete && ok
		}
		if complete {
			list = append(list, mine-sum)
		}
	}
	return paired(list)
}

// value is a metric of the last epoch, or of the one at which held-out images
// stop the run.
func (v rival) value(r *run, m metric) (float64, bool) {
	if !v.stopped {
		return m(r)
	}
	epoch, ok := r.bestHeld()
	if !ok {
		return 0, false
	}
	until := func(list []artifact.Record) []artifact.Record {
		return slices.DeleteFunc(slices.Clone(list), func(rec artifact.Record) bool { return whole(rec, "epoch") > epoch })
	}
	stopped := &run{runKey: r.runKey, Seed: r.Seed, evals: until(r.evals), tops: until(r.tops)}
	stopped.Epochs = epoch
	return m(stopped)
}

func logarithm(m metric) metric {
	return func(r *run) (float64, bool) {
		v, ok := m(r)
		return math.Log(v), ok && v > 0
	}
}

// verdict is what a test says of a difference.
type verdict int

const (
	single     verdict = iota // one pair: no test
	unresolved                // it may be chance
	better
	worse
)

func (v verdict) String() string {
	return [...]string{"one pair tells nothing", "not resolved", "better", "worse"}[v]
}

// judge is the verdict on a mean difference by its corrected p.
func judge(mean, p float64) verdict {
	switch {
	case p >= 0.05:
		return unresolved
	case mean > 0:
		return better
	}
	return worse
}

// mostSeeds is where counting them ends.
const mostSeeds = 10000

// seedsToResolve is the least number of pairs whose detectable difference is
// the measured mean; 0 where there is none up to mostSeeds.
func seedsToResolve(p Paired) int {
	for n := 2; n <= mostSeeds; n = max(n+1, n+n/50) {
		t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}
		if (t.Quantile(0.975)+t.Quantile(0.8))*p.SD/math.Sqrt(float64(n)) <= math.Abs(p.Mean) {
			return n
		}
	}
	return 0
}

func seedsText(n int) string {
	if n == 0 {
		return "> " + fmt.Sprint(mostSeeds)
	}
	return fmt.Sprint(n)
}

// conclusion says what follows from the verdicts against the untrained control
// and tuned plain training.
func conclusion(v map[string]verdict) string {
	var parts []string
	if control, ok := v["untrained"]; ok {
		parts = append(parts, map[verdict]string{
			single: "one pair does not tell whether meta-training matters", unresolved: "that meta-training matters is not shown",
			better: "meta-training helps", worse: "meta-training hurts",
		}[control]+" (against untrained guidance)")
	}
	for _, plain := range []struct{ role, name string }{{"cross-entropy", "the same training without guidance"}, {"tuned", "tuned plain training"}} {
		if found, ok := v[plain.role]; ok {
			parts = append(parts, map[verdict]string{
				single: "one pair does not tell it from", unresolved: "it is not told apart from", better: "it beats", worse: "it loses to",
			}[found]+" "+plain.name)
		}
	}
	return strings.Join(parts, "; ")
}
