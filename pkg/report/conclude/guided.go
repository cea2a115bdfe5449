package conclude

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"srn/pkg/compare"
	"srn/pkg/record"
	"srn/pkg/report/load"
	"srn/pkg/report/number"
	"srn/pkg/report/study"
	"srn/pkg/stats"
)

// Tuned is the role of plain training that held-out images chose.
const Tuned compare.Role = "tuned"

// Guided compares each group of a cohort that a learned surrogate guides with
// its controls, with the same training without guidance, and with tuned plain
// training, and judges them as one family.
func Guided(c *study.Cohort, effect float64) Family {
	var f Family
	for _, g := range c.Groups {
		if !compare.Is(g.Fit, "srn") || len(outcomes(g)) == 0 {
			continue
		}
		byRole := map[compare.Role][]*study.Group{}
		for _, o := range c.Groups {
			if o != g && o.Known {
				role := compare.Control(g.Fit, o.Fit)
				byRole[role] = append(byRole[role], o)
			}
		}
		if draws := byRole[compare.Untrained]; len(draws) > 0 {
			f = append(f, untrained(c, g, draws))
		}
		for _, role := range []compare.Role{compare.Flipped, compare.Shuffled, compare.DecayRatio, compare.RandomPush, compare.PlainRole} {
			for _, o := range byRole[role] {
				k := Between(c, g, o, role)
				if len(byRole[role]) == 1 {
					k.Against = string(role)
				}
				f = append(f, k)
			}
		}
		if k, ok := tuned(c, g); ok {
			f = append(f, k)
		}
	}
	f = slices.DeleteFunc(f, func(k Comparison) bool { return k.Pairs == 0 })
	return f.Judge(effect)
}

// untrained compares a group with untrained surrogates. Where each run has an
// initialisation of its own, it is as fresh as the seed's learned surrogate, and
// pairs are independent. Where each initialisation was run with every seed,
// they are a sample of their own (see [stats.AgainstDraws]).
func untrained(c *study.Cohort, g *study.Group, draws []*study.Group) Comparison {
	if fresh := ownDraws(draws); fresh != nil {
		k := Between(c, g, fresh, compare.Untrained)
		k.Against = "untrained, a fresh initialisation for each seed"
		return k
	}
	k := Comparison{Group: g, Other: draws[0], Of: name(c, g), Against: "untrained, mean of " + number.Count(len(draws), "initialisation"), Role: compare.Untrained,
		Draws: len(draws), Footnote: compare.Trainings(g.Fit, draws[0].Fit).Footnote()}
	mine := outcomes(g)
	all := []map[int64]stats.Outcome{mine}
	for _, d := range draws {
		all = append(all, outcomes(d))
	}
	k.Seeds = common(all...)
	k.Pairs = len(k.Seeds)
	var ours []float64
	control := make([][]float64, len(draws))
	for _, s := range k.Seeds {
		failed := mine[s].Failed
		if failed {
			k.Failed[0]++
		}
		for _, o := range all[1:] {
			if o[s].Failed {
				k.Failed[1]++
				failed = true
			}
		}
		if failed {
			continue
		}
		ours = append(ours, mine[s].Value)
		for i := range draws {
			control[i] = append(control[i], all[i+1][s].Value)
		}
	}
	k.Difference = stats.AgainstDraws(ours, control, resolution(g))
	if k.Failed != [2]int{} {
		k.Test = nil
	}
	k.Loss, k.Lambda = Secondary(g, draws, study.Loss, k.Seeds), lambda(c, g, draws, k.Seeds)
	k.Shared = shared(g, k.Seeds)
	return k
}

// ownDraws is the group whose runs have an initialisation each, or all groups as
// one where no two were run with the same seed; nil where initialisations are
// crossed with seeds.
func ownDraws(draws []*study.Group) *study.Group {
	for _, d := range draws {
		if d.Parameters["srn-untrained.init-seed"] == "run" {
			return d
		}
	}
	pooled, seen := *draws[0], map[int64]bool{}
	pooled.Runs = nil
	for _, d := range draws {
		for seed := range outcomes(d) {
			if seen[seed] {
				return nil
			}
			seen[seed] = true
		}
		pooled.Runs = append(pooled.Runs, d.Runs...)
	}
	if len(draws) < 2 {
		return nil
	}
	return &pooled
}

// tuned compares a group with the plain training that held-out images choose:
// of all that tuning may choose among, with every seed that the group has, each
// also stopped at the epoch that held-out images choose. The lower half of the
// seeds choose it, by their mean, and the others alone are compared.
func tuned(c *study.Cohort, g *study.Group) (k Comparison, ok bool) {
	mine := outcomes(g)
	seeds := slices.Sorted(maps.Keys(mine))
	choosing := stats.Choosing(len(seeds))
	if choosing == 0 {
		return k, false
	}
	var best candidate
	highest := math.Inf(-1)
	for _, o := range c.Groups {
		if !o.Known || !compare.Tuned(g.Fit, o.Fit).Comparable() || len(common(mine, outcomes(o))) < len(seeds) {
			continue
		}
		for _, one := range candidates(o) {
			held := values(one.Group, heldOut)
			sum := 0.0
			for _, s := range seeds[:choosing] {
				v, ok := held[s]
				if !ok { // failed, or not measured
					v = math.Inf(-1)
				}
				sum += v
			}
			if sum > highest {
				best, highest = one, sum
			}
		}
	}
	if math.IsInf(highest, -1) {
		return k, false
	}
	testing := *g
	testing.Runs = slices.DeleteFunc(slices.Clone(g.Runs), func(r *load.Run) bool { return slices.Contains(seeds[:choosing], r.Seed) })
	k = Between(c, &testing, best.Group, Tuned)
	k.Group = g
	k.Against, k.Choosers, k.Footnote = best.name, choosing, compare.Tuned(g.Fit, best.Fit).Footnote()
	return k, true
}

// candidate is a plain training that tuning may choose.
type candidate struct {
	*study.Group
	name string
}

// candidates are a group and, where it was measured at several epochs, the same
// with each run ended after the epoch that is best on held-out images.
func candidates(g *study.Group) []candidate {
	called := fmt.Sprintf("tuned: %s, lr %s, wd %s, %s", g.Method, number.Plain(g.LR), number.Plain(g.WeightDecay), number.Count(g.Epochs, "epoch"))
	list := []candidate{{g, called}}
	early := *g
	early.Runs = nil
	for _, r := range g.Runs {
		if len(r.HeldOut) < 2 {
			return list
		}
		best := slices.MaxFunc(r.HeldOut, func(x, y *record.Eval) int { return cmp.Compare(x.Top1, y.Top1) })
		cut := *r
		cut.Epochs = load.EpochOf(best.Subject)
		cut.Curve = slices.DeleteFunc(slices.Clone(r.Curve), func(e *record.Epoch) bool { return e.Epoch > cut.Epochs })
		cut.Tests, cut.HeldOut = until(r.Tests, cut.Epochs), until(r.HeldOut, cut.Epochs)
		cut.Tops = slices.DeleteFunc(slices.Clone(r.Tops), func(t *record.Top) bool { return load.EpochOf(t.Subject) > cut.Epochs })
		early.Runs = append(early.Runs, &cut)
	}
	return append(list, candidate{&early, called + ", stopped early"})
}

func until(list []*record.Eval, epoch int) []*record.Eval {
	return slices.DeleteFunc(slices.Clone(list), func(e *record.Eval) bool { return load.EpochOf(e.Subject) > epoch })
}
