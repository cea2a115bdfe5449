package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"srn/pkg/report/number"
)

// group is the repetitions of one experiment over seeds.
type group struct {
	runKey
	Variant string // settings in which it differs from groups alike otherwise
	runs    []*run // one a seed, by seed
	dropped []*run // further runs of a seed that is there already
}

// Label names the group in tables and legends: "srn at ratio 0.1 (lr 0.1)".
func (g *group) Label() string {
	s := g.Method
	if g.Ratio != 0 {
		s += " at ratio " + number.Plain(g.Ratio)
	}
	if g.Variant != "" {
		s += " (" + g.Variant + ")"
	}
	return s
}

// Legend is the label with what else tells groups of a cohort apart.
func (g *group) Legend(c *cohort) string {
	s := g.Label()
	if g.WeightDecay != 0 {
		s += ", wd " + number.Plain(g.WeightDecay)
	}
	if c.manyLengths() {
		s += fmt.Sprintf(", %d epochs", g.Epochs)
	}
	return s
}

// whole runs are those that count in the tables.
func (g *group) whole() []*run {
	var list []*run
	for _, r := range g.runs {
		if r.complete() {
			list = append(list, r)
		}
	}
	return list
}

// drawn runs are those in the figures: the complete ones, or all where none is.
func (g *group) drawn() []*run {
	if list := g.whole(); len(list) > 0 {
		return list
	}
	return g.runs
}

// cohort is what may be compared: groups on the same data artifact and network.
type cohort struct {
	Dataset, Data, Arch string
	groups              []*group
}

func (c *cohort) manyLengths() bool {
	for _, g := range c.groups {
		if g.Epochs != c.groups[0].Epochs {
			return true
		}
	}
	return false
}

// cohorts sorts runs into cohorts and groups.
func cohorts(runs []*run) []*cohort {
	byKey := map[runKey][]*run{}
	for _, r := range runs {
		byKey[r.runKey] = append(byKey[r.runKey], r)
	}
	keys := slices.SortedFunc(maps.Keys(byKey), func(a, b runKey) int {
		return cmp.Or(
			strings.Compare(a.Dataset, b.Dataset), cmp.Compare(archOrder(a.Arch), archOrder(b.Arch)), strings.Compare(a.Arch, b.Arch),
			strings.Compare(a.Data, b.Data), cmp.Compare(a.Epochs, b.Epochs),
			cmp.Compare(methodOrder(a.Method), methodOrder(b.Method)), strings.Compare(a.Method, b.Method), cmp.Compare(a.Ratio, b.Ratio), cmp.Compare(a.WeightDecay, b.WeightDecay))
	})
	var list []*cohort
	for _, k := range keys {
		if n := len(list); n == 0 || list[n-1].Dataset != k.Dataset || list[n-1].Arch != k.Arch || list[n-1].Data != k.Data {
			list = append(list, &cohort{Dataset: k.Dataset, Data: k.Data, Arch: k.Arch})
		}
		c := list[len(list)-1]
		c.groups = append(c.groups, splitGroups(k, byKey[k])...)
	}
	return list
}

// splitGroups makes one group of runs alike in everything but the seed, and
// several, named by what differs, where other settings differ too.
func splitGroups(k runKey, runs []*run) []*group {
	var configs []map[string]string
	for _, r := range runs {
		if r.settings != nil {
			configs = append(configs, r.settings)
		}
	}
	keys := differing(configs)
	byVariant := map[string]*group{}
	for _, r := range runs {
		variant := ""
		if r.settings != nil && len(keys) > 0 {
			variant = describe(r.settings, keys)
		}
		g := byVariant[variant]
		if g == nil {
			g = &group{runKey: k, Variant: variant}
			byVariant[variant] = g
		}
		g.runs = append(g.runs, r)
	}
	var list []*group
	for _, v := range slices.Sorted(maps.Keys(byVariant)) {
		g := byVariant[v]
		g.oneASeed()
		list = append(list, g)
	}
	return list
}

// oneASeed keeps of each seed's runs the complete one, or the longest.
func (g *group) oneASeed() {
	slices.SortStableFunc(g.runs, func(a, b *run) int {
		return cmp.Or(cmp.Compare(a.Seed, b.Seed), -cmp.Compare(rank(a), rank(b)))
	})
	var kept []*run
	for _, r := range g.runs {
		if n := len(kept); n > 0 && kept[n-1].Seed == r.Seed {
			g.dropped = append(g.dropped, r)
			continue
		}
		kept = append(kept, r)
	}
	g.runs = kept
}

func rank(r *run) int {
	if r.complete() {
		return 1 << 30
	}
	return r.last()
}

// methodOrder puts plain cross-entropy first.
func methodOrder(method string) int {
	if method == "ce" {
		return 0
	}
	return 1
}

// archOrder sorts resnet8 before resnet20.
func archOrder(arch string) int {
	n := 0
	fmt.Sscanf(strings.TrimLeft(arch, "abcdefghijklmnopqrstuvwxyz"), "%d", &n)
	return n
}

// baseline is the group of plain cross-entropy that g is compared with: of as
// many epochs, with the same weight decay if there is one, else without; nil
// where there is none or g is it.
func (c *cohort) baseline(g *group) *group {
	var found *group
	for _, b := range c.groups {
		if b.Method != "ce" || b.Epochs != g.Epochs || b == g {
			continue
		}
		if b.WeightDecay == g.WeightDecay && g.Method != "ce" {
			return b
		}
		if b.WeightDecay == 0 && found == nil && (g.Method != "ce" || g.WeightDecay != 0) {
			found = b
		}
	}
	return found
}
