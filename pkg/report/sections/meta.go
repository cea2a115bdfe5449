package sections

import (
	"srn/pkg/record"
	"srn/pkg/report/chart"
	"srn/pkg/report/load"
	"srn/pkg/report/number"
	"srn/pkg/report/study"
)

// metaFigures are the curves of meta-training, a line for each group.
func metaFigures(groups []*study.MetaGroup) []*Figure {
	var list []*Figure
	for _, k := range []struct {
		id, title, ylabel string
		text              func(float64) string
		of                func(*record.Round) float64
	}{
		{"s-meta", "Meta-target", "s_meta", number.Digits(4), func(r *record.Round) float64 { return study.Number(r.SMeta) }},
		{"r", "Surrogate’s output", "r(Θ; φ)", number.Digits(6), func(r *record.Round) float64 { return study.Number(r.R) }},
		{"val-loss", "Loss on meta-validation images", "Mean cross-entropy, nats", number.Digits(4), func(r *record.Round) float64 { return r.ValLoss }},
		{"margin", "Margin on meta-validation images", "Margin, logits", number.Digits(4), func(r *record.Round) float64 { return r.Margin }},
	} {
		l := &chart.Lines{X: chart.WholeAxis("Round"), Y: chart.Axis{Label: k.ylabel, Scale: chart.Linear, Text: k.text}}
		several := false
		for i, g := range groups {
			var curves []map[int]float64
			for _, s := range g.Sources {
				curve := curveOf(nil, func(_ *load.Run, add func(int, float64)) {
					for _, r := range load.Of[record.Round](s) {
						add(r.Round, k.of(r))
					}
				})
				if len(curve) > 0 {
					curves = append(curves, curve)
				}
			}
			several = several || len(curves) > 1
			if points := average(curves); len(points) > 0 {
				l.Series = append(l.Series, chart.Series{Label: g.Label(), Style: i, Points: points})
			}
		}
		list = append(list, &Figure{ID: "meta-" + k.id, Title: k.title, Caption: bandCaption(several), Chart: l})
	}
	return drawn(list...)
}
