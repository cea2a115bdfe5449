package sections

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"srn/pkg/record"
	"srn/pkg/report/chart"
	"srn/pkg/report/load"
	"srn/pkg/report/number"
	"srn/pkg/report/study"
	"srn/pkg/stats"
)

// course gives a run's values by epoch; the first value of an epoch counts.
type course func(r *load.Run, add func(epoch int, v float64))

// ofEpochs is the course of a field of the training's epochs.
func ofEpochs(of func(*record.Epoch) float64) course {
	return func(r *load.Run, add func(int, float64)) {
		for _, e := range r.Curve {
			add(e.Epoch, of(e))
		}
	}
}

// ofTests is the course of a field of evaluations, and where there is none of
// one that the training recorded itself.
func ofTests(of func(*record.Eval) float64, own func(*record.Epoch) *float64, factor float64) course {
	return func(r *load.Run, add func(int, float64)) {
		for _, e := range r.Tests {
			add(load.EpochOf(e.Subject), factor*of(e))
		}
		for _, e := range r.Curve {
			add(e.Epoch, factor*study.Number(own(e)))
		}
	}
}

// figures are a cohort's charts; those without a value are left out.
func figures(c *study.Cohort, prefix string) []*Figure {
	list := []*Figure{
		figure(c, "test-top1", "Test accuracy", "Top-1 accuracy on the test split, %", chart.Linear, number.Decimals(2),
			ofTests(func(e *record.Eval) float64 { return e.Top1 }, func(e *record.Epoch) *float64 { return e.TestTop1 }, 100)),
		figure(c, "train-top1", "Training accuracy", "Top-1 accuracy on training batches, %", chart.Linear, number.Decimals(2),
			ofEpochs(func(e *record.Epoch) float64 { return 100 * e.TrainTop1 })),
		figure(c, "test-loss", "Test loss", "Mean cross-entropy on the test split, nats", chart.Auto, number.Digits(4),
			ofTests(func(e *record.Eval) float64 { return e.Loss }, func(e *record.Epoch) *float64 { return e.TestLoss }, 1)),
		figure(c, "train-loss", "Training loss", "Mean cross-entropy on training batches, nats", chart.Auto, number.Digits(4),
			ofEpochs(func(e *record.Epoch) float64 { return e.TrainLoss })),
	}
	for i, cond := range study.Conditions(c.Groups) {
		f := figure(c, fmt.Sprintf("lambda-max-%d", i+1), "Largest Hessian eigenvalue", "λ_max of the mean loss", chart.Auto, number.Digits(3), func(r *load.Run, add func(int, float64)) {
			for _, t := range study.Under(r.Tops, cond) {
				add(load.EpochOf(t.Subject), t.LambdaMax)
			}
		})
		f.Caption = "λ_max: " + cond.String() + ". " + f.Caption
		list = append(list, f)
	}
	list = append(list, strength(c))
	list = drawn(list...)
	for _, f := range list {
		f.ID = prefix + "-" + f.ID
	}
	return list
}

// figure draws, for each group, the mean over seeds at each epoch.
func figure(c *study.Cohort, id, title, ylabel string, s chart.Scale, text func(float64) string, of course) *Figure {
	l := &chart.Lines{X: chart.WholeAxis("Epoch"), Y: chart.Axis{Label: ylabel, Scale: s, Text: text}}
	several := false
	for i, g := range c.Groups {
		var curves []map[int]float64
		for _, r := range g.Drawn() {
			if curve := curveOf(r, of); len(curve) > 0 {
				curves = append(curves, curve)
			}
		}
		several = several || len(curves) > 1
		if points := average(curves); len(points) > 0 {
			l.Series = append(l.Series, chart.Series{Label: g.Legend(c), Style: i, Points: points})
		}
	}
	return &Figure{ID: id, Title: title, Caption: bandCaption(several), Chart: l}
}

// curveOf is a run's finite values by epoch.
func curveOf(r *load.Run, of course) map[int]float64 {
	curve := map[int]float64{}
	of(r, func(epoch int, v float64) {
		if _, there := curve[epoch]; !there && !math.IsNaN(v) && !math.IsInf(v, 0) {
			curve[epoch] = v
		}
	})
	return curve
}

func bandCaption(several bool) string {
	if several {
		return "Line: mean over seeds; band: lowest to highest seed."
	}
	return "One seed each."
}

// average is the mean over seeds at each x where as many seeds have a value as
// at any other, so that a mean never jumps because a seed is missing.
func average(curves []map[int]float64) []chart.Point {
	byX := map[int][]float64{}
	most := 0
	for _, c := range curves {
		for x, v := range c {
			byX[x] = append(byX[x], v)
			most = max(most, len(byX[x]))
		}
	}
	var points []chart.Point
	for x, values := range byX {
		if len(values) == most {
			slices.Sort(values) // sums do not depend on the map's order
			points = append(points, chart.Point{X: float64(x), Mean: stats.Summarise(values).Mean, Low: values[0], High: values[len(values)-1], N: len(values)})
		}
	}
	slices.SortFunc(points, func(a, b chart.Point) int { return cmp.Compare(a.X, b.X) })
	return points
}

// guidanceFloor is the ratio below which an effect of the SRN term wants a control of the same strength.
const guidanceFloor = 1e-3

// strength shows ‖λ∇r‖/‖∇task‖ of the guided groups, and weight decay's share
// of the decayed ones on the same scale.
func strength(c *study.Cohort) *Figure {
	f := figure(c, "guidance", "Strength of the guidance", "‖λ∇r‖ / ‖∇task‖", chart.Log, number.Digits(2), func(r *load.Run, add func(int, float64)) {
		if _, ok := study.GuidanceRatio(r); ok {
			ofEpochs(func(e *record.Epoch) float64 { return study.Number(e.GuidanceRatio) })(r, add)
		}
	})
	l := f.Chart.(*chart.Lines)
	for i, s := range l.Series {
		l.Series[i].Points = slices.DeleteFunc(s.Points, func(p chart.Point) bool { return p.Low <= 0 })
	}
	l.Series = slices.DeleteFunc(l.Series, func(s chart.Series) bool { return len(s.Points) == 0 })
	if len(l.Series) == 0 {
		return f
	}
	for i, g := range c.Groups {
		if points := average(decayShares(g)); len(points) > 0 {
			l.Series = append(l.Series, chart.Series{Label: g.Legend(c) + ": weight decay’s share", Style: i + len(c.Groups), Points: points})
		}
	}
	l.Marks = []chart.Mark{{At: guidanceFloor, Label: "a thousandth of the task gradient"}}
	f.Caption += " Weight decay’s share, where there is one, is wd·‖θ‖ / ‖∇task‖."
	return f
}

// decayShares are wd·‖θ‖/‖∇task‖ by epoch, for each run of a decayed group.
func decayShares(g *study.Group) []map[int]float64 {
	if g.WeightDecay == 0 {
		return nil
	}
	var curves []map[int]float64
	for _, r := range g.Drawn() {
		curves = append(curves, curveOf(r, func(r *load.Run, add func(int, float64)) {
			for _, e := range r.Curve {
				if v := g.WeightDecay * e.ThetaNorm / e.GradNorm; v > 0 {
					add(e.Epoch, v)
				}
			}
		}))
	}
	return curves
}
