package study

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"srn/pkg/compare"
	"srn/pkg/record"
	"srn/pkg/report/load"
	"srn/pkg/report/number"
)

// Group is the repetitions of one configuration over seeds.
type Group struct {
	record.Fit             // of its first run
	Known      bool        // see load.Run
	Guide      string      // what tells its surrogates from others, "" where nothing need
	Variant    string      // settings in which it differs from groups that are called the same otherwise
	Runs       []*load.Run // one a seed, by seed
	Dropped    []*load.Run // further runs of a seed that is there already

	Baseline *Group         // the plain training that it is compared with; nil: none
	Nearest  *Group         // the plain training nearest to being its baseline; nil: there is none at all
	Against  compare.Answer // what is to be said of the comparison with Baseline, or why Nearest is none
}

// groups sorts the runs of a cohort.
func groups(runs []*load.Run, guides map[*load.Source]string) []*Group {
	byKey := map[string]*Group{}
	var list []*Group
	for _, r := range runs {
		guide := guides[r.Surrogate]
		k := compare.Key(r.Fit) + guide
		if !r.Known {
			k = r.Method
		}
		g := byKey[k]
		if g == nil {
			g = &Group{Fit: r.Fit, Known: r.Known, Guide: guide}
			byKey[k], list = g, append(list, g)
		}
		g.Runs = append(g.Runs, r)
	}
	for _, g := range list {
		g.oneASeed()
	}
	nameVariants(list)
	slices.SortStableFunc(list, func(a, b *Group) int {
		return cmp.Or(compare.Order(a.Fit, b.Fit), strings.Compare(a.Variant, b.Variant))
	})
	return list
}

// nameVariants names what groups differ in that would be called the same.
func nameVariants(list []*Group) {
	type called struct {
		label  string
		decay  float64
		epochs int
	}
	byName := map[called][]*Group{}
	for _, g := range list {
		k := called{compare.Label(g.Fit), g.WeightDecay, g.Epochs}
		byName[k] = append(byName[k], g)
	}
	for _, alike := range byName {
		var fits []record.Fit
		for _, g := range alike {
			f := g.Fit
			f.Surrogate = cmp.Or(g.Guide, f.Surrogate)
			fits = append(fits, f)
		}
		differ := compare.Differing(fits)
		for i, g := range alike {
			var parts []string
			for _, f := range differ {
				parts = append(parts, described(f, &fits[i]))
			}
			g.Variant = strings.Join(parts, ", ")
		}
	}
}

// described is a setting with its value: "lr 0.06".
func described(f record.Field, of any) string {
	v := compare.Text(compare.Value(f, of))
	if v == "" {
		v = "unset"
	}
	return compare.Name(f) + " " + v
}

// oneASeed keeps of each seed's runs the complete one, or the longest.
func (g *Group) oneASeed() {
	slices.SortStableFunc(g.Runs, func(a, b *load.Run) int {
		return cmp.Or(cmp.Compare(a.Seed, b.Seed), -cmp.Compare(truth(a.Complete()), truth(b.Complete())), -cmp.Compare(a.Last(), b.Last()))
	})
	var kept []*load.Run
	for _, r := range g.Runs {
		if n := len(kept); n > 0 && kept[n-1].Seed == r.Seed {
			g.Dropped = append(g.Dropped, r)
			continue
		}
		kept = append(kept, r)
	}
	g.Runs = kept
}

// Label names the group in tables: "srn at ratio 0.1 (lr 0.1)".
func (g *Group) Label() string {
	s := compare.Label(g.Fit)
	if g.Variant != "" {
		s += " (" + g.Variant + ")"
	}
	return s
}

// Legend is the label with what else tells groups of a cohort apart.
func (g *Group) Legend(c *Cohort) string {
	s := g.Label()
	if g.WeightDecay != 0 {
		s += ", wd " + number.Plain(g.WeightDecay)
	}
	if c.ManyLengths() {
		s += ", " + number.Count(g.Epochs, "epoch")
	}
	return s
}

// Name names the group among those of all cohorts and lengths.
func (g *Group) Name() string {
	s := g.Label()
	if g.WeightDecay != 0 && !compare.Is(g.Fit, "weight-decay") {
		s += ", weight decay " + number.Plain(g.WeightDecay)
	}
	return s
}

// Complete runs are those that count in the tables.
func (g *Group) Complete() []*load.Run {
	var list []*load.Run
	for _, r := range g.Runs {
		if r.Complete() {
			list = append(list, r)
		}
	}
	return list
}

// Drawn runs are those in the figures: the complete ones, or all where none is.
func (g *Group) Drawn() []*load.Run {
	if list := g.Complete(); len(list) > 0 {
		return list
	}
	return g.Runs
}

// Seed is the complete run of a seed, nil where there is none.
func (g *Group) Seed(seed int64) *load.Run {
	for _, r := range g.Runs {
		if r.Seed == seed && r.Complete() {
			return r
		}
	}
	return nil
}

// Footnotes are what the group's runs differ in though it is one configuration,
// and what of its settings is not known: "kernels avx2 against avx512".
func (g *Group) Footnotes() []string {
	var list []string
	for _, r := range g.Runs {
		if !g.Known {
			break
		}
		for _, d := range compare.Trainings(g.Fit, r.Fit).Footnotes {
			if s := d.String(); !slices.Contains(list, s) {
				list = append(list, s)
			}
		}
	}
	return list
}

// Seeds lists seeds for reading: "0, 1, 2".
func Seeds(seeds []int64) string {
	seeds = slices.Sorted(slices.Values(seeds))
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(seeds)), ", "), "[]")
}
