package sections

import (
	"srn/pkg/compare"
	"srn/pkg/record"
	"srn/pkg/report/conclude"
	"srn/pkg/report/study"
	"srn/pkg/stats"
)

// Result is a group's numbers for machines. Fractions are 0…1; statistics with
// n = 0 were not measured.
type Result struct {
	Dataset     string               `json:"dataset"`
	Arch        string               `json:"arch"`
	DataSHA256  string               `json:"data_sha256"`
	TrainImages int                  `json:"train_images"` // 0: not known
	Official    *bool                `json:"data_official"`
	Method      string               `json:"method"`
	WeightDecay float64              `json:"weight_decay"`
	Epochs      int                  `json:"epochs"`
	Seeds       []int64              `json:"seeds"`  // of complete runs
	Failed      int                  `json:"failed"` // runs that diverged, or ended at chance
	Incomplete  []int64              `json:"incomplete_seeds,omitempty"`
	Top1        stats.Summary        `json:"top1"`
	Top5        stats.Summary        `json:"top5"`
	Loss        stats.Summary        `json:"loss"`
	ECE         stats.Summary        `json:"ece"`
	LambdaMax   stats.Summary        `json:"lambda_max"`
	Condition   string               `json:"lambda_max_measured_on,omitempty"`
	Guidance    stats.Summary        `json:"guidance_ratio"`
	Seconds     stats.Summary        `json:"epoch_seconds"`
	Images      stats.Summary        `json:"images_per_second"`
	Baseline    string               `json:"baseline,omitempty"`
	NoBaseline  string               `json:"no_baseline_because,omitempty"`
	Footnote    string               `json:"footnote,omitempty"`
	Top1Minus   *conclude.Comparison `json:"top1_minus_baseline,omitempty"`
	Quoted      []Quoted             `json:"quoted_percent,omitempty"`
}

// MarshalJSON writes numbers that are not finite as null.
func (r Result) MarshalJSON() ([]byte, error) {
	type plain Result // without this method
	return record.Marshal(plain(r))
}

// Quoted is a test accuracy that the paper prints.
type Quoted struct {
	Table int     `json:"table"`
	Row   string  `json:"row"`  // as the paper names it
	Top1  float64 `json:"top1"` // percent
	SD    float64 `json:"sd"`   // percent; 0 where the paper prints none
}

// results lists the groups' numbers in the report's order.
func results(s *material) []Result {
	var list []Result
	for _, c := range s.Cohorts {
		used := study.Conditions(c.Groups)
		against := map[*study.Group]*conclude.Comparison{}
		for i, k := range s.baselines[c] {
			against[k.Group] = &s.baselines[c][i]
		}
		for _, g := range c.Groups {
			res := Result{
				Dataset: g.Dataset, Arch: g.Arch, DataSHA256: g.DataSHA256, TrainImages: g.TrainImages, Official: g.DataOfficial, Method: g.Label(), WeightDecay: g.WeightDecay, Epochs: g.Epochs,
				Top1: g.Over(study.Top1), Top5: g.Over(study.Top5), Loss: g.Over(study.Loss), ECE: g.Over(study.ECE),
				Guidance: g.Over(study.GuidanceRatio), Seconds: g.Over(study.SecondsPerEpoch), Images: g.Over(study.ImagesPerSecond),
			}
			res.Failed, _ = conclude.Failures(g)
			for _, run := range g.Runs {
				if run.Complete() {
					res.Seeds = append(res.Seeds, run.Seed)
				} else {
					res.Incomplete = append(res.Incomplete, run.Seed)
				}
			}
			if len(used) > 0 {
				res.LambdaMax, res.Condition = g.Over(study.LambdaMax(used[0])), used[0].String()
			}
			if g.Baseline != nil {
				k := against[g]
				if k == nil { // a control, or without a pair
					one := conclude.ToBaseline(c, g)
					one.Corrected, k = 1, &one
				}
				if k.Pairs > 0 {
					res.Baseline, res.Top1Minus, res.Footnote = g.Baseline.Legend(c), k, k.Footnote
				}
			} else if g.Known && compare.Needs(g.Fit) {
				res.NoBaseline = noBaseline(g)
			}
			for _, v := range quotes(g) {
				res.Quoted = append(res.Quoted, Quoted{v.Table, v.Row, v.Value, v.SD})
			}
			list = append(list, res)
		}
	}
	return list
}

// noBaseline says why a group has no baseline.
func noBaseline(g *study.Group) string {
	if g.Nearest == nil {
		return "there is no plain cross-entropy among the records"
	}
	return "the nearest plain training, " + g.Nearest.Name() + ", has " + g.Against.Because()
}
