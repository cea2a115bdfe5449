package sections

import (
	"slices"
	"strings"

	"srn/pkg/compare"
	"srn/pkg/record"
	"srn/pkg/report/number"
	"srn/pkg/report/paper"
	"srn/pkg/report/study"
)

// deviations lists in what a group differs from the protocol that the paper
// states for its row, each with the paper's setting in brackets, and from the
// parameters of the method's source. Of what the paper does not state, only
// what changes a row's meaning is named.
func deviations(g *study.Group) []string {
	length := 1 + slices.IndexFunc(paper.Protocol, func(s compare.Stated) bool { return s.Name == paper.Length })
	guidance := slices.DeleteFunc(slices.Clone(paper.Protocol), func(s compare.Stated) bool { return !s.Guided })
	list := compare.Deviations(g.Fit, paper.Protocol[:length])
	if n := len(g.Complete()); n != paper.Seeds {
		list = append(list, number.Count(n, "seed")+" ("+number.Whole(paper.Seeds)+")")
	}
	list = append(list, compare.Deviations(g.Fit, slices.DeleteFunc(slices.Clone(paper.Protocol[length:]), func(s compare.Stated) bool { return s.Guided }))...)
	row := compare.Row(g.Fit)
	switch {
	case g.WeightDecay != 0 && row == "Weight Decay":
		list = append(list, "coefficient "+number.Plain(g.WeightDecay)+" (not stated)")
	case g.WeightDecay != 0:
		list = append(list, "weight decay "+number.Plain(g.WeightDecay)+" (not stated)")
	}
	for _, p := range compare.Parameters(g.Fit) {
		list = append(list, p.String())
	}
	if row == "SRN" {
		list = append(list, compare.Deviations(g.Fit, guidance)...)
		list = append(list, surrogateDeviations(g)...)
	}
	return list
}

// dataDeviations are those of the images alone, with which a group is not the
// paper's experiment whatever its settings.
func dataDeviations(g *study.Group) []string {
	return compare.Deviations(g.Fit, slices.DeleteFunc(slices.Clone(paper.Protocol), func(s compare.Stated) bool { return s.Block != "Data" }))
}

// surrogateDeviations are those of the surrogates that guided the runs.
func surrogateDeviations(g *study.Group) []string {
	var list []string
	for _, m := range surrogates(g) {
		if m == nil {
			return []string{"the surrogate’s own records are not among the files"}
		}
		for _, d := range compare.MetaDeviations(*m, paper.Protocol) {
			if !slices.Contains(list, d) {
				list = append(list, d)
			}
		}
	}
	return list
}

// surrogates are the meta-trainings of the surrogates that guided the complete
// runs, nil where one is not known.
func surrogates(g *study.Group) []*record.Meta {
	var list []*record.Meta
	for _, r := range g.Complete() {
		var m *record.Meta
		if r.Surrogate != nil {
			if known, ok := r.Surrogate.Meta(); ok {
				m = &known
			}
		}
		list = append(list, m)
	}
	return list
}

// surrogateIs says that all surrogates of a group are known and fit.
func surrogateIs(g *study.Group, fits func(m *record.Meta) bool) bool {
	all := surrogates(g)
	return len(all) > 0 && !slices.ContainsFunc(all, func(m *record.Meta) bool { return m == nil || !fits(m) })
}

// fitsSetting says whether the surrogate is that of a column of the ablation.
func fitsSetting(g *study.Group, setting string) bool {
	name, value, _ := strings.Cut(setting, " ")
	switch name {
	case "":
		return true
	case "r_max":
		return surrogateIs(g, func(m *record.Meta) bool {
			return m.Surrogate == "conv" && number.Plain(m.RMax) == value && m.GammaMar == 1
		})
	case "γ_mar":
		return surrogateIs(g, func(m *record.Meta) bool {
			return m.Surrogate == "conv" && m.RMax == 10 && number.Plain(m.GammaMar) == value
		})
	case "MLP", "Conv":
		return surrogateIs(g, func(m *record.Meta) bool { return m.Surrogate == strings.ToLower(name) && m.RMax == 10 })
	}
	return false
}
