package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"srn/pkg/artifact"
)

// condition is how λ_max was measured. Values under different conditions are
// never compared.
type condition struct {
	Split, Subset, BN, Operator string
	N                           int
	SubsetSeed                  int
	Batch                       int // where BN uses the batch's statistics
	L2                          float64
	Params, Block               string // the part of the parameters; empty: all
	Objective                   string // empty: the mean cross-entropy
}

func conditionOf(r artifact.Record) condition {
	c := condition{Split: r.Text("split"), Subset: r.Text("subset"), BN: r.Text("bn"), Operator: r.Text("operator"), N: whole(r, "n"), SubsetSeed: whole(r, "subset_seed")}
	c.L2, _ = r.Float("l2_term")
	c.Params, c.Block = r.Text("params"), r.Text("block")
	if c.BN == "train" {
		c.Batch = whole(r, "batch")
	}
	if c.Objective = r.Text("objective"); c.Objective == "cross_entropy_mean" {
		c.Objective = ""
	}
	if c.Operator == "hessian" {
		c.Operator = ""
	}
	return c
}

// String says it as a column's head does: "test split, N = 1000 (subset seed
// 0), BN eval".
func (c condition) String() string {
	s := fmt.Sprintf("%s split, N = %d", strings.ReplaceAll(cmp.Or(c.Split, "unknown"), "_", "-"), c.N)
	switch {
	case strings.HasPrefix(c.Subset, "first"):
		s += " (the first)"
	case c.Subset != "" && c.Subset != "all":
		s += fmt.Sprintf(" (subset seed %d)", c.SubsetSeed)
	}
	s += ", BN " + cmp.Or(c.BN, "unknown")
	if c.Batch != 0 {
		s += fmt.Sprintf(" (batches of %d)", c.Batch)
	}
	if c.Operator != "" {
		s += ", of the " + c.Operator
	}
	if c.Objective != "" {
		s += ", of " + strings.ReplaceAll(c.Objective, "_", " ")
	}
	if c.L2 != 0 {
		s += fmt.Sprintf(", with L2 term %g", c.L2)
	}
	if c.Block != "" || c.Params != "" {
		s += ", parameters of " + cmp.Or(c.Block, c.Params)
	}
	return s
}

// byCondition sorts measurements by epoch, and of several for one epoch and
// condition keeps the last written.
func byCondition(list []artifact.Record) []artifact.Record {
	split := map[condition][]artifact.Record{}
	for _, r := range list {
		c := conditionOf(r)
		split[c] = append(split[c], r)
	}
	var kept []artifact.Record
	for _, c := range sortedConditions(split) {
		kept = append(kept, byEpoch(split[c])...)
	}
	slices.SortStableFunc(kept, func(a, b artifact.Record) int { return cmp.Compare(whole(a, "epoch"), whole(b, "epoch")) })
	return kept
}

// sortedConditions puts the most often used first.
func sortedConditions(m map[condition][]artifact.Record) []condition {
	var list []condition
	for c := range m {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b condition) int {
		return cmp.Or(cmp.Compare(len(m[b]), len(m[a])), strings.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	})
	return list
}

// conditions lists the conditions under which the runs were measured, the most
// often used first.
func conditions(groups []*group) []condition {
	all := map[condition][]artifact.Record{}
	for _, g := range groups {
		for _, r := range g.runs {
			for _, t := range r.tops {
				all[conditionOf(t)] = append(all[conditionOf(t)], t)
			}
		}
	}
	return sortedConditions(all)
}
