package report

import (
	"fmt"
	"math"

	"srn/pkg/artifact"
	"srn/pkg/report/chart"
	"srn/pkg/report/number"
)

// densityPoints is how many points a curve of the spectral density has.
const densityPoints = 400

// spectrum draws the spectral densities of the last checkpoints, smoothed anew
// from their nodes by one bandwidth, because only such curves compare.
func (s *study) spectrum() []Section {
	section := Section{ID: "density", Heading: "Spectral density of the Hessian"}
	for i, co := range s.cohorts {
		for k, cond := range co.conditionsOf("density") {
			of := recordsOf("density", cond)
			var last [][]artifact.Record // by group, of each run the last
			width, low, high := 0.0, math.Inf(1), math.Inf(-1)
			for _, g := range co.groups {
				var list []artifact.Record
				for _, r := range g.drawn() {
					if all := of(r); len(all) > 0 {
						list = append(list, all[len(all)-1])
					}
				}
				for _, rec := range list {
					w, _ := rec.Float("bandwidth")
					lo, hi := nodesRange(rec)
					width, low, high = max(width, w), min(low, lo), max(high, hi)
				}
				last = append(last, list)
			}
			if !(high > low) {
				continue
			}
			if width == 0 {
				width = (high - low) / 80
			}
			f := &chart.Lines{X: chart.Axis{Label: "Eigenvalue", Scale: chart.Linear, Text: number.Digits(3)}, Y: chart.Axis{Label: "Density", Scale: chart.Log, Text: number.Digits(2)}}
			table := Table{Caption: "Spectrum at the last checkpoint, " + co.heading(s.cohorts), Columns: []Column{{Head: "Method"}, {Head: "Smallest Ritz value", Number: true}, {Head: "Largest", Number: true},
				{Head: "Trace", Number: true}, {Head: "Below zero, % of the eigenvalues", Number: true}, {Head: "Seeds", Number: true}},
				Notes: []string{capital(cond.String()) + ". Mean ± standard deviation over seeds. Below zero: by the quadrature’s weights, those that lie beyond −1% of the largest Ritz value."}}
			several := false
			for at, g := range co.groups {
				if len(last[at]) == 0 {
					continue
				}
				several = several || len(last[at]) > 1
				if points := densityCurve(last[at], low-4*width, high+4*width, width); len(points) > 1 {
					f.Series = append(f.Series, chart.Series{Label: g.Legend(co), Style: at, Points: points})
				}
				table.Rows = append(table.Rows, spectrumRow(g.Legend(co), last[at]))
			}
			caption := fmt.Sprintf("At the last checkpoint, by stochastic Lanczos quadrature, smoothed by Gaussians of %s; a level line at the bottom is a density below 10⁻⁹ of the peak. %s. ", number.Significant(width, 2), capital(cond.String()))
			section.Figures = append(section.Figures, drawn(&Figure{ID: fmt.Sprintf("density-%d-%d", i+1, k+1), Title: "Spectral density, " + co.heading(s.cohorts), Chart: f, Caption: caption + bandCaption(several)})...)
			section.Tables = append(section.Tables, table)
		}
	}
	return nonEmpty(section)
}

// quadratures visits all nodes with their weights, those of each record adding
// to 1.
func quadratures(rec artifact.Record, visit func(node, weight float64)) {
	nodes, _ := rec["nodes"].([]any)
	weights, _ := rec["weights"].([]any)
	for i := range nodes {
		x, _ := nodes[i].([]any)
		w, _ := weights[i].([]any)
		for k := range x {
			node, _ := x[k].(float64)
			weight, _ := w[k].(float64)
			visit(node, weight/float64(len(nodes)))
		}
	}
}

func nodesRange(rec artifact.Record) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	quadratures(rec, func(x, _ float64) { low, high = min(low, x), max(high, x) })
	return low, high
}

// densityFloor is the smallest density shown, in parts of the largest: below
// it there is nothing but the tails of the Gaussians.
const densityFloor = 1e-9

// densityCurve is the mean over seeds of the smoothed densities.
func densityCurve(list []artifact.Record, low, high, width float64) []chart.Point {
	points := make([]chart.Point, densityPoints)
	largest := 0.0
	for i := range points {
		x := low + (high-low)*float64(i)/(densityPoints-1)
		var values []float64
		for _, rec := range list {
			sum := 0.0
			quadratures(rec, func(node, weight float64) {
				z := (x - node) / width
				sum += weight * math.Exp(-z*z/2) / (width * math.Sqrt(2*math.Pi))
			})
			values = append(values, sum)
		}
		s := summarise(values)
		points[i] = chart.Point{X: x, Mean: s.Mean, Low: quantile(values, 0), High: quantile(values, 1), N: s.N}
		largest = max(largest, s.Mean)
	}
	for i := range points {
		p := &points[i]
		floor := largest * densityFloor
		p.Mean, p.Low, p.High = max(p.Mean, floor), max(p.Low, floor), max(p.High, floor)
	}
	return points
}

func spectrumRow(label string, list []artifact.Record) []string {
	var low, high, trace, negative []float64
	for _, rec := range list {
		a, b := nodesRange(rec)
		low, high = append(low, a), append(high, b)
		if v, ok := rec.Float("trace"); ok {
			trace = append(trace, v)
		}
		below := 0.0
		quadratures(rec, func(x, w float64) {
			if x < -0.01*b {
				below += w
			}
		})
		negative = append(negative, 100*below)
	}
	return []string{label, plusMinusDigits(summarise(low), 3), plusMinusDigits(summarise(high), 3), plusMinusDigits(summarise(trace), 3), plusMinusDigits(summarise(negative), 2), fmt.Sprint(len(list))}
}
