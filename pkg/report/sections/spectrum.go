package sections

import (
	"fmt"
	"math"

	"srn/pkg/record"
	"srn/pkg/report/chart"
	"srn/pkg/report/load"
	"srn/pkg/report/number"
	"srn/pkg/report/study"
	"srn/pkg/stats"
)

// densityPoints is how many points a curve of the spectral density has.
const densityPoints = 400

// spectrum draws the spectral densities of the last checkpoints, smoothed anew
// from their nodes by one bandwidth, because only such curves compare.
func spectrum(s *material) []Section {
	section := Section{ID: "density", Heading: "Spectral density of the Hessian"}
	densities := func(r *load.Run) []*record.Density { return r.Densities }
	for i, co := range s.Cohorts {
		for k, cond := range study.ConditionsOf(co.Groups, densities) {
			var last [][]*record.Density // by group, of each run the last
			width, low, high := 0.0, math.Inf(1), math.Inf(-1)
			for _, g := range co.Groups {
				var list []*record.Density
				for _, r := range g.Drawn() {
					if all := study.Under(r.Densities, cond); len(all) > 0 {
						list = append(list, all[len(all)-1])
					}
				}
				for _, d := range list {
					if w := study.Number(d.Bandwidth); w > width {
						width = w
					}
					lo, hi := nodesRange(d)
					low, high = min(low, lo), max(high, hi)
				}
				last = append(last, list)
			}
			if !(high > low) {
				continue
			}
			span := high/80 - low/80
			caption := ""
			if width == 0 || width > 80*span {
				if width > 0 {
					caption = fmt.Sprintf(" The recorded bandwidth, %s, is wider than the spectrum and not used.", number.Significant(width, 2))
				}
				width = span
			}
			f := &chart.Lines{X: chart.Axis{Label: "Eigenvalue", Scale: chart.Linear, Text: number.Digits(3)}, Y: chart.Axis{Label: "Density", Scale: chart.Log, Text: number.Digits(2)}}
			table := Table{Caption: "Spectrum at the last checkpoint, " + co.Name(), Columns: []Column{{Head: "Method"}, {Head: "Smallest Ritz value", Number: true}, {Head: "Largest", Number: true},
				{Head: "Trace", Number: true}, {Head: "Below zero, % of the eigenvalues", Number: true}, {Head: "Seeds", Number: true}},
				Notes: []string{study.Capital(cond.String()) + ". Mean ± standard deviation over seeds. Below zero: by the quadrature’s weights, those that lie beyond −1% of the largest Ritz value."}}
			several := false
			for at, g := range co.Groups {
				if len(last[at]) == 0 {
					continue
				}
				several = several || len(last[at]) > 1
				if points := densityCurve(last[at], low-4*width, high+4*width, width); len(points) > 1 {
					f.Series = append(f.Series, chart.Series{Label: g.Legend(co), Style: at, Points: points})
				}
				table.Rows = append(table.Rows, spectrumRow(g.Legend(co), last[at]))
			}
			caption = fmt.Sprintf("At the last checkpoint, by stochastic Lanczos quadrature, smoothed by Gaussians of %s; a level line at the bottom is a density below 10⁻⁹ of the peak. %s. %s%s",
				number.Significant(width, 2), study.Capital(cond.String()), bandCaption(several), caption)
			section.Figures = append(section.Figures, drawn(&Figure{ID: fmt.Sprintf("density-%d-%d", i+1, k+1), Title: "Spectral density, " + co.Name(), Chart: f, Caption: caption})...)
			section.Tables = append(section.Tables, table)
		}
	}
	return nonEmpty(section)
}

// quadratures visits all nodes with their weights, those of each record adding
// to 1.
func quadratures(d *record.Density, visit func(node, weight float64)) {
	for i := range d.Nodes {
		for k, node := range d.Nodes[i] {
			if weight := d.Weights[i][k]; !math.IsNaN(node) && !math.IsNaN(weight) {
				visit(node, weight/float64(len(d.Nodes)))
			}
		}
	}
}

func nodesRange(d *record.Density) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	quadratures(d, func(x, _ float64) { low, high = min(low, x), max(high, x) })
	return low, high
}

// densityFloor is the smallest density shown, in parts of the largest: below
// it there is nothing but the tails of the Gaussians.
const densityFloor = 1e-9

// densityCurve is the mean over seeds of the smoothed densities; none where
// they have no finite peak.
func densityCurve(list []*record.Density, low, high, width float64) []chart.Point {
	points := make([]chart.Point, densityPoints)
	largest := 0.0
	for i := range points {
		t := float64(i) / (densityPoints - 1)
		x := low*(1-t) + high*t
		var values []float64
		for _, d := range list {
			sum := 0.0
			quadratures(d, func(node, weight float64) {
				z := (x - node) / width
				sum += weight * math.Exp(-z*z/2) / (width * math.Sqrt(2*math.Pi))
			})
			values = append(values, sum)
		}
		s := stats.Summarise(values)
		points[i] = chart.Point{X: x, Mean: s.Mean, Low: stats.Quantile(values, 0), High: stats.Quantile(values, 1), N: s.N}
		largest = max(largest, s.Mean)
	}
	if !(largest > 0) || math.IsInf(largest, 0) {
		return nil
	}
	for i := range points {
		p := &points[i]
		floor := largest * densityFloor
		p.Mean, p.Low, p.High = max(p.Mean, floor), max(p.Low, floor), max(p.High, floor)
	}
	return points
}

func spectrumRow(label string, list []*record.Density) []string {
	var low, high, trace, negative []float64
	for _, d := range list {
		a, b := nodesRange(d)
		low, high = append(low, a), append(high, b)
		if !math.IsNaN(d.Trace) {
			trace = append(trace, d.Trace)
		}
		below := 0.0
		quadratures(d, func(x, w float64) {
			if x < -0.01*b {
				below += w
			}
		})
		negative = append(negative, 100*below)
	}
	return []string{label, plusMinusDigits(stats.Summarise(low), 3), plusMinusDigits(stats.Summarise(high), 3), plusMinusDigits(stats.Summarise(trace), 3), plusMinusDigits(stats.Summarise(negative), 2), fmt.Sprint(len(list))}
}
