package conclude

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"srn/pkg/compare"
	"srn/pkg/record"
	"srn/pkg/report/load"
	"srn/pkg/report/number"
	"srn/pkg/report/study"
)

// Comparison is a guided group set against a control or plain training.
type Comparison struct {
	Arm     *study.Group
	Against string
	Role    compare.Role
	Top1    Paired // differences of the fraction
	Loss    Paired
	Lambda  Paired // of the logarithm of λ_max; no pairs where it was not measured
	P       float64
	Verdict Verdict
}

// tuned is the role of the plain training that held-out images choose.
const tuned compare.Role = "tuned"

// control is what a guided group is compared with: a group, or several with
// one value a seed, or an epoch of one chosen by held-out images.
type control struct {
	role    compare.Role
	name    string
	runs    func(seed int64) []*load.Run // to be averaged; all must have the metric
	stopped bool                         // at the epoch with the best held-out accuracy
}

// Judge compares each group of a cohort that a trained surrogate guides with
// its controls and with plain training. The p-values of all are corrected
// together.
func Judge(c *study.Cohort) []Comparison {
	var list []Comparison
	var tests Family
	used := study.Conditions(c.Groups)
	for _, arm := range c.Groups {
		if !compare.Is(arm.Fit, "srn") || len(arm.Complete()) == 0 {
			continue
		}
		for _, k := range append(controls(c, arm), tunedPlain(c, arm)...) {
			accuracy := k.differences(arm, study.Top1)
			if accuracy.N == 0 {
				continue
			}
			one := Comparison{Arm: arm, Against: k.name, Role: k.role, Top1: accuracy, Loss: k.differences(arm, study.Loss)}
			if len(used) > 0 {
				one.Lambda = k.differences(arm, study.Logarithm(study.LambdaMax(used[0])))
			}
			if accuracy.N > 1 {
				tests.Add(len(list), accuracy.P)
			}
			list = append(list, one)
		}
	}
	tests.Each(func(i int, p float64) { list[i].P, list[i].Verdict = p, judge(list[i].Top1.Mean, p) })
	return list
}

// one is a control that is one group.
func one(g *study.Group, role compare.Role, name string) control {
	return control{role: role, name: name, runs: func(seed int64) []*load.Run {
		if r := g.Seed(seed); r != nil {
			return []*load.Run{r}
		}
		return nil
	}}
}

// controls are those of a guided group that tell what its effect is owed to.
func controls(c *study.Cohort, arm *study.Group) []control {
	byRole := map[compare.Role][]*study.Group{}
	for _, g := range c.Groups {
		if g == arm || !g.Known {
			continue
		}
		role := compare.Control(arm.Fit, g.Fit)
		byRole[role] = append(byRole[role], g)
	}
	var list []control
	if initialisations := byRole[compare.Untrained]; len(initialisations) > 0 {
		list = append(list, control{role: compare.Untrained, name: "untrained, mean of " + number.Count(len(initialisations), "initialisation seed"), runs: func(seed int64) []*load.Run {
			var all []*load.Run
			for _, g := range initialisations {
				r := g.Seed(seed)
				if r == nil {
					return nil
				}
				all = append(all, r)
			}
			return all
		}})
	}
	for _, role := range []compare.Role{compare.Flipped, compare.Shuffled, compare.DecayRatio, compare.PlainRole} {
		if found := byRole[role]; len(found) > 0 {
			list = append(list, one(found[0], role, string(role)))
		}
	}
	return list
}

// tunedPlain is the plain training that held-out images choose, or none where
// it was not measured on them.
func tunedPlain(c *study.Cohort, arm *study.Group) []control {
	var best []control
	highest, most := math.Inf(-1), 0
	for _, g := range c.Groups {
		most = max(most, len(g.Complete()))
	}
	consider := func(k control, g *study.Group, m study.Metric) {
		if s := g.Over(m); s.N == len(g.Complete()) && s.N > 0 && s.N >= min(most, 2) && s.Mean > highest {
			highest, best = s.Mean, []control{k}
		}
	}
	for _, g := range c.Groups {
		if !g.Known || !compare.Tuned(arm.Fit, g.Fit).Comparable() {
			continue
		}
		name := fmt.Sprintf("tuned: %s, lr %s, wd %s, %s", g.Method, number.Plain(g.LR), number.Plain(g.WeightDecay), number.Count(g.Epochs, "epoch"))
		consider(one(g, tuned, name), g, func(r *load.Run) (float64, bool) { return heldOutAt(r, r.Epochs) })
		early := one(g, tuned, name+", stopped early")
		early.stopped = true
		consider(early, g, func(r *load.Run) (float64, bool) {
			epoch, ok := bestHeldOut(r)
			if !ok {
				return 0, false
			}
			return heldOutAt(r, epoch)
		})
	}
	return best
}

// heldOutAt is the accuracy on held-out images of an epoch's checkpoint.
func heldOutAt(r *load.Run, epoch int) (float64, bool) {
	for _, e := range r.HeldOut {
		if load.EpochOf(e.Subject) == epoch {
			return e.Top1, !math.IsNaN(e.Top1)
		}
	}
	return 0, false
}

// bestHeldOut is the epoch, of several measured, with the best accuracy on
// held-out images.
func bestHeldOut(r *load.Run) (epoch int, ok bool) {
	best := math.Inf(-1)
	for _, e := range r.HeldOut {
		if e.Top1 > best {
			best, epoch = e.Top1, load.EpochOf(e.Subject)
		}
	}
	return epoch, len(r.HeldOut) > 1
}

// differences are an arm's values minus the control's.
func (k control) differences(arm *study.Group, m study.Metric) Paired {
	var list []float64
	for _, r := range arm.Complete() {
		mine, ok := m(r)
		others := k.runs(r.Seed)
		if !ok || len(others) == 0 {
			continue
		}
		sum, complete := 0.0, true
		for _, o := range others {
			theirs, ok := k.value(o, m)
			sum += theirs / float64(len(others))
			complete = complete && ok
		}
		if complete {
			list = append(list, mine-sum)
		}
	}
	return Pair(list)
}

// value is a metric of the last epoch, or of the one at which held-out images
// stop the run.
func (k control) value(r *load.Run, m study.Metric) (float64, bool) {
	if !k.stopped {
		return m(r)
	}
	epoch, ok := bestHeldOut(r)
	if !ok {
		return 0, false
	}
	stopped := *r
	stopped.Epochs, stopped.Curve = epoch, nil
	stopped.Tests = slices.DeleteFunc(slices.Clone(r.Tests), func(e *record.Eval) bool { return load.EpochOf(e.Subject) > epoch })
	stopped.Tops = slices.DeleteFunc(slices.Clone(r.Tops), func(t *record.Top) bool { return load.EpochOf(t.Subject) > epoch })
	return m(&stopped)
}

// Verdict is what a test says of a difference.
type Verdict int

const (
	Single     Verdict = iota // one pair: no test
	Unresolved                // it may be chance
	Better
	Worse
)

func (v Verdict) String() string {
	return [...]string{"one pair tells nothing", "not resolved", "better", "worse"}[v]
}

// judge is the verdict on a mean difference by its corrected p.
func judge(mean, p float64) Verdict {
	switch {
	case p >= 0.05:
		return Unresolved
	case mean > 0:
		return Better
	}
	return Worse
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

// SeedsToResolve writes how many pairs would find a true difference as large as
// the measured one.
func SeedsToResolve(p Paired) string {
	n := seedsToResolve(p)
	if n == 0 {
		return "> " + fmt.Sprint(mostSeeds)
	}
	return fmt.Sprint(n)
}

// Conclusion says what follows from the comparisons of one guided group.
func Conclusion(list []Comparison) string {
	v := map[compare.Role]Verdict{}
	for _, k := range list {
		v[k.Role] = k.Verdict
	}
	var parts []string
	if control, ok := v[compare.Untrained]; ok {
		parts = append(parts, map[Verdict]string{
			Single: "one pair does not tell whether meta-training matters", Unresolved: "that meta-training matters is not shown",
			Better: "meta-training helps", Worse: "meta-training hurts",
		}[control]+" (against untrained guidance)")
	}
	for _, plain := range []struct {
		role compare.Role
		name string
	}{{compare.PlainRole, "the same training without guidance"}, {tuned, "tuned plain training"}} {
		if found, ok := v[plain.role]; ok {
			parts = append(parts, map[Verdict]string{
				Single: "one pair does not tell it from", Unresolved: "it is not told apart from", Better: "it beats", Worse: "it loses to",
			}[found]+" "+plain.name)
		}
	}
	return strings.Join(parts, "; ")
}

// VerdictNote says what the columns of verdicts are.
const VerdictNote = "Differences of the last epoch on test images; intervals by Student’s t over the pairs, each by itself; p of the same test corrected for all comparisons of this table by Holm’s method, and the verdict by that, at 5%. " +
	"Seeds to resolve: pairs with which a true difference as large as the measured one is found with 80% power at 5%, were it the only one. " +
	"Tuned: of all plain training here, with and without weight decay, at every learning rate and length, and stopped early, that with the best mean accuracy on held-out images. " +
	"λ_max ratio: the geometric mean over pairs."
