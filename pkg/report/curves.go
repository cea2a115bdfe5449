package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"srn/pkg/artifact"
	"srn/pkg/report/chart"
	"srn/pkg/report/number"
)

// figures are a cohort's charts; those without a value are left out.
func (c *cohort) figures(prefix string) []*Figure {
	fit := func(r *run) []artifact.Record { return r.epochs }
	evals := func(r *run) []artifact.Record { return r.evals }
	list := []*Figure{
		c.figure("test-top1", "Test accuracy", "Top-1 accuracy on the test split, %", chart.Linear, number.Decimals(2),
			source{evals, "top1", 100}, source{fit, "test_top1", 100}),
		c.figure("train-top1", "Training accuracy", "Top-1 accuracy on training batches, %", chart.Linear, number.Decimals(2),
			source{fit, "train_top1", 100}),
		c.figure("test-loss", "Test loss", "Mean cross-entropy on the test split, nats", chart.Auto, number.Digits(4),
			source{evals, "loss", 1}, source{fit, "test_loss", 1}),
		c.figure("train-loss", "Training loss", "Mean cross-entropy on training batches, nats", chart.Auto, number.Digits(4),
			source{fit, "train_loss", 1}),
	}
	for i, cond := range conditions(c.groups) {
		tops := func(r *run) []artifact.Record {
			return slices.DeleteFunc(slices.Clone(r.tops), func(t artifact.Record) bool { return conditionOf(t) != cond })
		}
		f := c.figure(fmt.Sprintf("lambda-max-%d", i+1), "Largest Hessian eigenvalue", "λ_max of the mean loss", chart.Auto, number.Digits(3), source{tops, "lambda_max", 1})
		f.Caption = "λ_max: " + cond.String() + ". " + f.Caption
		list = append(list, f)
	}
	list = append(list, c.guidance())
	list = drawn(list...)
	for _, f := range list {
		f.ID = prefix + "-" + f.ID
	}
	return list
}

// source is where a figure's values may be found: under a key of some of a
// run's records, multiplied by factor.
type source struct {
	records func(*run) []artifact.Record
	key     string
	factor  float64
}

// figure draws, for each group, the mean over seeds of the first source that
// has a value at an epoch.
func (c *cohort) figure(id, title, ylabel string, s chart.Scale, text func(float64) string, from ...source) *Figure {
	l := &chart.Lines{X: chart.WholeAxis("Epoch"), Y: chart.Axis{Label: ylabel, Scale: s, Text: text}}
	several := false
	for i, g := range c.groups {
		var curves []map[int]float64
		for _, r := range g.drawn() {
			curve := map[int]float64{}
			for _, src := range from {
				addValues(curve, src.records(r), "epoch", src.key, src.factor)
			}
			if len(curve) > 0 {
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

func bandCaption(several bool) string {
	if several {
		return "Line: mean over seeds; band: lowest to highest seed."
	}
	return "One seed each."
}

// addValues puts records' values under their x, where there is none yet.
func addValues(curve map[int]float64, list []artifact.Record, x, key string, factor float64) {
	for _, rec := range list {
		v, ok := rec.Float(key)
		if _, there := curve[whole(rec, x)]; ok && !there {
			curve[whole(rec, x)] = v * factor
		}
	}
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
			points = append(points, chart.Point{X: float64(x), Mean: summarise(values).Mean, Low: values[0], High: values[len(values)-1], N: len(values)})
		}
	}
	slices.SortFunc(points, func(a, b chart.Point) int { return cmp.Compare(a.X, b.X) })
	return points
}

// guidanceFloor is the ratio below which an effect of the SRN term wants a control of the same strength.
const guidanceFloor = 1e-3

// guidance shows ‖λ∇r‖/‖∇task‖ of the guided groups, and weight decay's share
// of the decayed ones on the same scale.
func (c *cohort) guidance() *Figure {
	epochs := func(r *run) []artifact.Record {
		if _, ok := guidanceRatio(r); !ok {
			return nil
		}
		return r.epochs
	}
	f := c.figure("guidance", "Strength of the guidance", "‖λ∇r‖ / ‖∇task‖", chart.Log, number.Digits(2), source{epochs, "guidance_ratio", 1})
	l := f.Chart.(*chart.Lines)
	for i, s := range l.Series {
		l.Series[i].Points = slices.DeleteFunc(s.Points, func(p chart.Point) bool { return p.Low <= 0 })
	}
	l.Series = slices.DeleteFunc(l.Series, func(s chart.Series) bool { return len(s.Points) == 0 })
	if len(l.Series) == 0 {
		return f
	}
	for i, g := range c.groups {
		if points := average(decayShares(g)); len(points) > 0 {
			l.Series = append(l.Series, chart.Series{Label: g.Legend(c) + ": weight decay’s share", Style: i + len(c.groups), Points: points})
		}
	}
	l.Marks = []chart.Mark{{At: guidanceFloor, Label: "a thousandth of the task gradient"}}
	f.Caption += " Weight decay’s share, where there is one, is wd·‖θ‖ / ‖∇task‖."
	return f
}

// decayShares are wd·‖θ‖/‖∇task‖ by epoch, for each run of a decayed group.
func decayShares(g *group) []map[int]float64 {
	if g.WeightDecay == 0 {
		return nil
	}
	var curves []map[int]float64
	for _, r := range g.drawn() {
		curve := map[int]float64{}
		for _, rec := range r.epochs {
			theta, ok := rec.Float("theta_norm")
			grad, ok2 := rec.Float("grad_norm")
			if v := g.WeightDecay * theta / grad; ok && ok2 && v > 0 && !math.IsInf(v, 0) {
				curve[whole(rec, "epoch")] = v
			}
		}
		curves = append(curves, curve)
	}
	return curves
}
