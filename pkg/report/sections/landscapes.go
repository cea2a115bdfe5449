package sections

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"srn/pkg/compare"
	"srn/pkg/report/chart"
	"srn/pkg/report/load"
	"srn/pkg/report/number"
	"srn/pkg/report/paper"
	"srn/pkg/report/study"
)

// view is what landscapes must have in common to be shown on one scale.
type view struct {
	compare.Condition
	along, normalise string
	directionSeed    int64
	x, y             stretch // no steps of y: a line
}

// stretch is the coordinates along a direction.
type stretch struct {
	from, to float64
	steps    int
}

func viewOf(p *load.Plane) view {
	v := view{Condition: load.ConditionOf(p.Landscape), along: p.Along, normalise: p.Normalise, directionSeed: p.DirectionSeed, x: stretch{p.XMin, p.XMax, p.XSteps}}
	if p.YMin != nil && p.YMax != nil && p.YSteps != nil {
		v.y = stretch{*p.YMin, *p.YMax, *p.YSteps}
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
	return directions + "; " + v.Condition.String()
}

// figure1 shows the landscapes of one network and data set side by side: those
// of the last checkpoints, with the same directions, range and images.
func figure1(s *material) []Section {
	section := Section{ID: "figure-1", Heading: "Figure 1: loss landscapes"}
	for i, co := range s.Cohorts {
		var views []view
		shown := map[view][]labelled{}
		for _, g := range co.Groups {
			for _, r := range g.Drawn() {
				for _, p := range r.Landscapes {
					if load.EpochOf(p.Subject) < r.Last() {
						continue // of another than the last checkpoint
					}
					v := viewOf(p)
					if shown[v] == nil {
						views = append(views, v)
					}
					shown[v] = append(shown[v], labelled{g.Legend(co), r.Seed, p})
				}
			}
		}
		for k, v := range views[:min(len(views), study.MaxConditions)] {
			id := fmt.Sprintf("figure-1-%d-%d", i+1, k+1)
			if v.y.steps > 0 {
				section.Figures = append(section.Figures, drawn(planes(id, co.Name(), v, shown[v]))...)
			} else {
				section.Figures = append(section.Figures, drawn(profiles(id, co.Name(), v, shown[v]))...)
			}
		}
	}
	return nonEmpty(section)
}

type labelled struct {
	label string
	seed  int64
	*load.Plane
}

// maxPanels is how many landscapes a figure shows beside one another.
const maxPanels = 24

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
	missing, without, more := 0, 0, 0
	for _, l := range list {
		if seen[l.label] {
			continue
		}
		seen[l.label] = true
		switch {
		case len(l.Points) == 0:
			without++
			continue
		case len(h.Panels) == maxPanels:
			more++
			continue
		}
		p, lacks := panel(l.Plane, v)
		p.Title = l.label
		if seed := fmt.Sprintf("%d", l.seed); !slices.Contains(seeds, seed) {
			seeds = append(seeds, seed)
		}
		h.Panels, missing = append(h.Panels, p), missing+lacks
	}
	caption := "Loss around the network (cross), on one scale for all panels. " + study.Capital(v.String()) + ". Colours are interpolated between the points. Seed " + strings.Join(seeds, ", ") + "."
	if missing > 0 {
		caption += fmt.Sprintf(" %s of the grid not measured or not finite.", number.Count(missing, "point"))
	}
	if without > 0 {
		caption += fmt.Sprintf(" Not shown: %s without any point.", number.Count(without, "landscape"))
	}
	if more > 0 {
		caption += fmt.Sprintf(" Not shown: %d more.", more)
	}
	return &Figure{ID: id, Title: "Loss landscape, " + where, Chart: h, Caption: caption, Notes: paperNotes(paper.FigureNotes[1])}
}

// panel lays out the cells; missing counts the points without a loss.
func panel(p *load.Plane, v view) (chart.Panel, int) {
	nx, ny := v.x.steps, v.y.steps
	out := chart.Panel{X: v.x.points(), Y: v.y.points(), Z: make([]float64, nx*ny)}
	for i := range out.Z {
		out.Z[i] = math.NaN()
	}
	for _, c := range p.Points {
		j := 0
		if c.J != nil {
			j = *c.J
		}
		if c.I < nx && j < ny {
			out.Z[j*nx+c.I] = c.Loss
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

// points are the coordinates from the first to the last.
func (l stretch) points() []float64 {
	list := make([]float64, l.steps)
	for i := range list {
		t := float64(i) / float64(max(1, len(list)-1))
		list[i] = l.from*(1-t) + l.to*t
	}
	return list
}

// profiles are lines, one of each group, the mean over seeds.
func profiles(id, where string, v view, list []labelled) *Figure {
	l := &chart.Lines{X: chart.Axis{Label: "Along the direction", Scale: chart.Linear, Text: number.Plain}, Y: chart.Axis{Label: "Loss", Scale: chart.Auto, Text: number.Digits(3)}}
	xs := v.x.points()
	var labels []string
	curves := map[string][]map[int]float64{}
	for _, one := range list {
		if curves[one.label] == nil {
			labels = append(labels, one.label)
		}
		curve := map[int]float64{}
		for _, c := range one.Points {
			if c.I < len(xs) && !math.IsNaN(c.Loss) {
				curve[c.I] = c.Loss
			}
		}
		curves[one.label] = append(curves[one.label], curve)
	}
	several := false
	for i, label := range labels {
		several = several || len(curves[label]) > 1
		points := average(curves[label])
		for k := range points {
			points[k].X = xs[int(points[k].X)]
		}
		if len(points) > 1 {
			l.Series = append(l.Series, chart.Series{Label: label, Style: i, Points: points})
		}
	}
	return &Figure{ID: id, Title: "Loss along a direction, " + where, Chart: l, Caption: study.Capital(v.String()) + ". " + bandCaption(several), Notes: paperNotes(paper.FigureNotes[1])}
}
