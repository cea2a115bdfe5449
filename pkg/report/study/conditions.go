package study

import (
	"cmp"
	"slices"
	"strings"

	"srn/pkg/compare"
	"srn/pkg/record"
	"srn/pkg/report/load"
)

// Conditions lists the conditions under which λ_max of the groups was measured,
// the most often used first.
func Conditions(groups []*Group) []compare.Condition {
	return conditionsOf(groups, func(g *Group) []*load.Run { return g.Runs }, func(r *load.Run) []*record.Top { return r.Tops })
}

// ConditionsOf lists those of other measurements, of the runs that are drawn.
func ConditionsOf[T record.Record](groups []*Group, of func(*load.Run) []T) []compare.Condition {
	return conditionsOf(groups, (*Group).Drawn, of)
}

func conditionsOf[T record.Record](groups []*Group, runs func(*Group) []*load.Run, of func(*load.Run) []T) []compare.Condition {
	count := map[compare.Condition]int{}
	var list []compare.Condition
	for _, g := range groups {
		for _, r := range runs(g) {
			for _, t := range of(r) {
				c := load.ConditionOf(t)
				if count[c]++; count[c] == 1 {
					list = append(list, c)
				}
			}
		}
	}
	slices.SortFunc(list, func(a, b compare.Condition) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), strings.Compare(a.Key(), b.Key()))
	})
	return list[:min(len(list), MaxConditions)]
}

// MaxConditions is how many conditions of one kind of measurement a report
// shows.
const MaxConditions = 24

// Under keeps the measurements of one condition.
func Under[T record.Record](list []T, c compare.Condition) []T {
	return slices.DeleteFunc(slices.Clone(list), func(t T) bool { return load.ConditionOf(t) != c })
}

// WholeMatrix keeps the conditions that are of all parameters' Hessian of the
// loss.
func WholeMatrix(list []compare.Condition) []compare.Condition {
	return slices.DeleteFunc(list, func(c compare.Condition) bool { return !c.Whole() })
}
