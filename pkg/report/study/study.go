// Package study arranges runs for comparison: into cohorts, which are what was
// trained on the same images and network, and in them into groups, which are
// the repetitions of one configuration over seeds. Which baseline a group has,
// it asks package compare. It summarises, and concludes nothing.
package study

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"srn/pkg/compare"
	"srn/pkg/record"
	"srn/pkg/report/load"
)

// Study is everything that was read, arranged.
type Study struct {
	*load.Runs
	Cohorts []*Cohort
	Meta    []*MetaGroup
}

// Arrange sorts runs into cohorts and groups, and finds their baselines.
func Arrange(runs *load.Runs) *Study {
	s := &Study{Runs: runs, Cohorts: cohorts(runs), Meta: metaGroups(runs.Meta)}
	var fits []record.Fit
	var groups []*Group
	for _, c := range s.Cohorts {
		for _, g := range c.Groups {
			fits, groups = append(fits, g.Fit), append(groups, g)
		}
	}
	for _, g := range groups {
		if !g.Known {
			continue
		}
		at, nearest, why := compare.Baseline(g.Fit, fits)
		g.Against = why
		if at >= 0 {
			g.Baseline = groups[at]
		}
		if nearest >= 0 {
			g.Nearest = groups[nearest]
		}
	}
	return s
}

// Cohort is groups trained on the same images and network.
type Cohort struct {
	record.Network
	record.Data
	Known  bool // the groups' trainings are
	Groups []*Group

	name  string
	whole []compare.Condition // see Curvature
}

type cohortKey struct {
	record.Network
	official int // yes, no, not known
	known    bool
	record.Data
}

func (k cohortKey) String() string {
	return fmt.Sprintf("%q %v", fmt.Sprint(k.Network, k.Data), k.known) + fmt.Sprint(k.official)
}

func keyOf(r *load.Run) cohortKey {
	k := cohortKey{Network: r.Network, known: r.Known, Data: r.Data}
	k.Data.DataOfficial = nil // a pointer
	switch {
	case r.DataOfficial == nil:
	case *r.DataOfficial:
		k.official = 1
	default:
		k.official = -1
	}
	return k
}

func cohorts(runs *load.Runs) []*Cohort {
	byKey := map[string][]*load.Run{} // by text, for a number that is NaN is no key
	var keys []cohortKey
	for _, r := range runs.Trainings {
		k := keyOf(r)
		if byKey[k.String()] == nil {
			keys = append(keys, k)
		}
		byKey[k.String()] = append(byKey[k.String()], r)
	}
	slices.SortFunc(keys, func(a, b cohortKey) int {
		return cmp.Or(strings.Compare(a.Dataset, b.Dataset), cmp.Compare(archOrder(a.Arch), archOrder(b.Arch)), strings.Compare(a.Arch, b.Arch), cmp.Compare(a.Classes, b.Classes),
			-cmp.Compare(truth(a.known), truth(b.known)), -cmp.Compare(a.TrainImages, b.TrainImages), strings.Compare(a.DataSHA256, b.DataSHA256),
			-strings.Compare(a.TrainSplit, b.TrainSplit), cmp.Compare(a.TestImages, b.TestImages), cmp.Compare(a.official, b.official), strings.Compare(a.String(), b.String()))
	})
	guides := guideNames(runs)
	var list []*Cohort
	for _, k := range keys {
		all := byKey[k.String()]
		list = append(list, &Cohort{Network: all[0].Network, Data: all[0].Data, Known: all[0].Known, Groups: groups(all, guides)})
	}
	for _, c := range list {
		c.whole = WholeMatrix(Conditions(c.Groups))
	}
	nameCohorts(list)
	return list
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// archOrder sorts resnet8 before resnet20.
func archOrder(arch string) int {
	n := 0
	for _, d := range strings.TrimLeft(arch, "abcdefghijklmnopqrstuvwxyz") {
		if d < '0' || d > '9' || n > 1<<20 {
			break
		}
		n = 10*n + int(d-'0')
	}
	return n
}

// Curvature lists the conditions under which λ_max of all parameters' Hessian
// was measured, the most often used first.
func (c *Cohort) Curvature() []compare.Condition { return c.whole }

// ManyLengths says that the groups are not all of as many epochs.
func (c *Cohort) ManyLengths() bool { return len(c.Lengths()) > 1 }

// Lengths are the numbers of epochs that the groups have, in their order.
func (c *Cohort) Lengths() []int {
	var list []int
	for _, g := range c.Groups {
		if !slices.Contains(list, g.Epochs) {
			list = append(list, g.Epochs)
		}
	}
	return list
}

// Of is the cohort with some of its groups alone.
func (c *Cohort) Of(which func(*Group) bool) *Cohort {
	only := *c
	only.Groups = nil
	for _, g := range c.Groups {
		if which(g) {
			only.Groups = append(only.Groups, g)
		}
	}
	only.whole = WholeMatrix(Conditions(only.Groups))
	return &only
}

// Guided says that a group has a guidance that was measured.
func (c *Cohort) Guided() bool {
	return slices.ContainsFunc(c.Groups, func(g *Group) bool {
		return slices.ContainsFunc(g.Runs, func(r *load.Run) bool { _, ok := GuidanceRatio(r); return ok })
	})
}
