package sections

import (
	"maps"
	"slices"
	"strings"

	"srn/pkg/report/conclude"
	"srn/pkg/stats"
)

// Statement is a sentence that the report leads with.
type Statement struct {
	About string `json:"about,omitempty"` // network and images; "" where there are no others, or the one before is about the same
	Text  string `json:"text"`            // without a full stop
}

// lead is the report's result in sentences, of every cohort.
func lead(s *material) []Statement {
	var list []Statement
	guided := false
	for _, c := range s.Cohorts {
		about := ""
		if len(s.Cohorts) > 1 {
			about = c.Name()
		}
		for _, text := range conclude.Lead(c, s.baselines[c], s.guided[c]) {
			list = append(list, Statement{about, text})
			about = ""
		}
		guided = guided || c.Guided()
	}
	if guided && len(list) > 0 {
		list = append(list, Statement{Text: conclude.Surrogate})
	}
	return list
}

// Conclusions are what the report concludes, for machines.
type Conclusions struct {
	Baselines    []Conclusion  `json:"baselines"` // each configuration against plain training, one family a cohort
	Guided       []Conclusion  `json:"guided"`    // each guided one against its controls, one family a cohort
	Curvature    []Curvature   `json:"curvature"` // λ_max at the end of training against plain training
	Associations []Association `json:"associations"`
	Best         []Best        `json:"best"`
}

// Conclusion is a comparison of two configurations.
type Conclusion struct {
	Cohort string `json:"cohort"`
	conclude.Comparison
}

// Curvature is a comparison of λ_max.
type Curvature struct {
	Cohort   string           `json:"cohort"`
	Of       string           `json:"of"`
	Against  string           `json:"against"`
	Seeds    []int64          `json:"seeds"`
	Ratio    stats.Difference `json:"mean_ratio"`
	Variance stats.Difference `json:"variance_ratio"`
	Spikes   stats.Difference `json:"spikes_difference"`
}

// Association is that of top-1 and λ_max over configurations.
type Association struct {
	Cohort string `json:"cohort"`
	Epochs int    `json:"epochs"`
	stats.Association
}

// Best is SRN against the best of the other rows of one of the paper's tables.
type Best struct {
	Table      int     `json:"table"`
	Gap        float64 `json:"gap"`         // the best row's mean less SRN's, percentage points
	ChanceGap  float64 `json:"chance_gap"`  // what chance makes of it on average, were all rows equal
	ChanceTold bool    `json:"chance_told"` // false: not told
}

// concluded gathers what the sections conclude.
func concluded(s *material) Conclusions {
	var all Conclusions
	for _, c := range s.Cohorts {
		for _, k := range s.baselines[c] {
			all.Baselines = append(all.Baselines, Conclusion{c.Name(), k})
		}
		for _, k := range s.guided[c] {
			all.Guided = append(all.Guided, Conclusion{c.Name(), k})
		}
		for _, cond := range figure3Conditions(c) {
			for _, l := range conclude.LateOf(figure3Groups(c), cond) {
				if len(l.Seeds) > 0 {
					all.Curvature = append(all.Curvature, Curvature{c.Name(), l.Group.Legend(c), l.Group.Baseline.Legend(c), l.Seeds, l.Ratio, l.Variance, l.SpikesMore})
				}
			}
		}
		for _, r := range related(c) {
			if r.told {
				all.Associations = append(all.Associations, Association{c.Name(), r.epochs, r.Association})
			}
		}
	}
	for _, n := range slices.Sorted(maps.Keys(comparedTables)) {
		for _, b := range bestOf(gridOf(s.Study, n, true, true)) {
			if b.ours != nil {
				all.Best = append(all.Best, Best{n, b.ours.ours.Mean - b.mine.ours.Mean, b.chance, b.told})
			}
		}
	}
	return all
}

// has says that a table has a column with that head.
func has(t Table, head string) bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool { return strings.Contains(c.Head, head) })
}
