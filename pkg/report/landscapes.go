package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/report/chart"
	"srn/pkg/report/number"
	"srn/pkg/report/paper"
)

// view is what landscapes must have in common to be shown on one scale.
type view struct {
	condition
	along, normalise string
	directionSeed    int
	x, y             [3]float64 // from, to, steps; no steps: a line
}

func (p *plane) view() view {
	v := view{condition: conditionOf(p.Record), along: p.Text("along"), normalise: p.Text("normalise"), directionSeed: whole(p.Record, "direction_seed")}
	for i, k := range []string{"min", "max", "steps"} {
		v.x[i], _ = p.Float("x_" + k)
		v.y[i], _ = p.Float("y_" + k)
	}
	return v
}

// String says what the coordinates mean.
func (v view) String() string {
	directions := v.along + " directions"
	switch v.along {
	case "random":
		directions = fmt.Sprintf("random directions (seed %d)", v.directionSeed)
		switch v.normalise {
		case "filter", "layer":
			directions += ", each " + v.normalise + " with the norm of the network’s own"
		case "none":
			directions += " of length 1"
		}
	case "eigen":
		directions = "the Hessian’s top eigenvectors, of length 1"
	case "to":
		directions = "the line to another checkpoint"
	}
	return directions + "; " + v.condition.String()
}

// figure1 shows the landscapes of one network and data set side by side: those
// of the last checkpoints, with the same directions, range and images.
func (s *study) figure1() []Section {
	section := Section{ID: "figure-1", Heading: "Figure 1: loss landscapes"}
	for i, co := range s.cohorts {
		var views []view
		shown := map[view][]labelled{}
		for _, g := range co.groups {
			for _, r := range g.drawn() {
				for _, p := range r.planes {
					if whole(p.Record, "epoch") < r.last() {
						continue // of another than the last checkpoint
					}
					v := p.view()
					if !slices.Contains(views, v) {
						views = append(views, v)
					}
					shown[v] = append(shown[v], labelled{g.Legend(co), r.Seed, p})
				}
			}
		}
		for k, v := range views {
			id, where := fmt.Sprintf("figure-1-%d-%d", i+1, k+1), co.heading(s.cohorts)
			if v.y[2] > 0 {
				section.Figures = append(section.Figures, drawn(planes(id, where, v, shown[v]))...)
			} else {
				section.Figures = append(section.Figures, drawn(profiles(id, where, v, shown[v]))...)
			}
		}
	}
	return nonEmpty(section)
}

type labelled struct {
	label string
	seed  int64
	*plane
}

// planes are heat maps, one of each group: of several seeds that of the
// lowest, which every group has.
func planes(id, where string, v view, list []labelled) *Figure {
	h := &chart.Heat{
		X:     chart.Axis{Label: "Along the first direction", Text: number.Plain},
		Y:     chart.Axis{Label: "Along the second direction", Text: number.Plain},
		Value: chart.Axis{Label: "Loss", Scale: chart.Auto, Text: number.Digits(3)},
	}
	seen := map[string]bool{}
	var seeds []string
	missing := 0
	for _, l := range list {
		if seen[l.label] {
			continue
		}
		seen[l.label] = true
		p, lacks := l.panel(v)
		p.Title = l.label
		if seed := fmt.Sprintf("%d", l.seed); !slices.Contains(seeds, seed) {
			seeds = append(seeds, seed)
		}
		h.Panels, missing = append(h.Panels, p), missing+lacks
	}
	caption := "Loss around the network (cross), on one scale for all panels. " + capital(v.String()) + ". Colours are interpolated between the points. Seed " + strings.Join(seeds, ", ") + "."
	if missing > 0 {
		caption += fmt.Sprintf(" %s of the grid not measured or not finite.", number.Count(missing, "point"))
	}
	return &Figure{ID: id, Title: "Loss landscape, " + where, Chart: h, Caption: caption, Notes: paperNotes(paper.FigureNotes[1])}
}

// panel lays out the cells; missing counts the points without a loss.
func (p *plane) panel(v view) (chart.Panel, int) {
	nx, ny := int(v.x[2]), int(v.y[2])
	out := chart.Panel{X: axis(v.x), Y: axis(v.y), Z: make([]float64, nx*ny)}
	for i := range out.Z {
		out.Z[i] = math.NaN()
	}
	for _, c := range p.cells {
		i, j := whole(c, "i"), whole(c, "j")
		if loss, ok := c.Float("loss"); ok && i < nx && j < ny {
			out.Z[j*nx+i] = loss
		}
	}
	missing := 0
	for _, z := range out.Z {
		if math.IsNaN(z) {
			missing++
		}
	}
	return out, missing
}

// axis is the coordinates from min to max.
func axis(a [3]float64) []float64 {
	list := make([]float64, int(a[2]))
	for i := range list {
		list[i] = a[0] + (a[1]-a[0])*float64(i)/float64(len(list)-1)
	}
	return list
}

// profiles are lines, one of each group, the mean over seeds.
func profiles(id, where string, v view, list []labelled) *Figure {
	l := &chart.Lines{X: chart.Axis{Label: "Along the direction", Scale: chart.Linear, Text: number.Plain}, Y: chart.Axis{Label: "Loss", Scale: chart.Auto, Text: number.Digits(3)}}
	xs := axis(v.x)
	var labels []string
	curves := map[string][]map[int]float64{}
	for _, one := range list {
		if curves[one.label] == nil {
			labels = append(labels, one.label)
		}
		curve := map[int]float64{}
		addValues(curve, one.cells, "i", "loss", 1)
		curves[one.label] = append(curves[one.label], curve)
	}
	several := false
	for i, label := range labels {
		several = several || len(curves[label]) > 1
		points := average(curves[label])
		for k := range points {
			if at := int(points[k].X); at < len(xs) {
				points[k].X = xs[at]
			}
		}
		if len(points) > 1 {
			l.Series = append(l.Series, chart.Series{Label: label, Style: i, Points: points})
		}
	}
	return &Figure{ID: id, Title: "Loss along a direction, " + where, Chart: l, Caption: capital(v.String()) + ". " + bandCaption(several), Notes: paperNotes(paper.FigureNotes[1])}
}

// capital begins a sentence.
func capital(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return s
	}
	return strings.ToUpper(string(r[0])) + string(r[1:])
}

// recordsOf are a run's measurements of a type under one condition.
func recordsOf(kind string, cond condition) func(*run) []artifact.Record {
	return func(r *run) []artifact.Record {
		return slices.DeleteFunc(slices.Clone(r.measured[kind]), func(rec artifact.Record) bool { return conditionOf(rec) != cond })
	}
}

// conditionsOf lists the conditions of measurements of a type, the most often
// used first.
func (c *cohort) conditionsOf(kind string) []condition {
	all := map[condition][]artifact.Record{}
	for _, g := range c.groups {
		for _, r := range g.drawn() {
			for _, rec := range r.measured[kind] {
				all[conditionOf(rec)] = append(all[conditionOf(rec)], rec)
			}
		}
	}
	return sortedConditions(all)
}
