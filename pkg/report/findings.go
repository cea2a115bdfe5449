package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"srn/pkg/report/chart"
	"srn/pkg/report/number"
)

// Finding is a statement that follows from the numbers alone.
type Finding struct {
	Warning bool   `json:"warning"`
	Text    string `json:"text"`
}

// findings collects statements, warnings first.
type findings []Finding

func (f *findings) warn(format string, a ...any) {
	*f = append(*f, Finding{true, fmt.Sprintf(format, a...)})
}

func (f *findings) note(format string, a ...any) {
	*f = append(*f, Finding{false, fmt.Sprintf(format, a...)})
}

// sorted puts warnings before notes and leaves the order otherwise.
func (f findings) sorted() []Finding {
	slices.SortStableFunc(f, func(a, b Finding) int {
		switch {
		case a.Warning == b.Warning:
			return 0
		case a.Warning:
			return -1
		}
		return 1
	})
	return f
}

// findings of a cohort. Where says which, if there are several.
func (c *cohort) findings(f *findings, where string) {
	for _, g := range c.groups {
		name := where + g.Legend(c)
		g.guidanceFinding(f, name)
		g.incompleteFindings(f, name)
		if len(g.whole()) > 0 && g.over(top1).N == 0 {
			f.note("%s: no test accuracy of the last epoch; run srn-eval on the final checkpoints", name)
		}
	}
	c.seedFindings(f, where)
	c.differenceFindings(f, where)
	c.curvatureFindings(f, where)
}

// guidanceFinding says how strong the SRN term was.
func (g *group) guidanceFinding(f *findings, name string) {
	var all []float64
	below := 0
	for _, r := range g.runs {
		if _, ok := guidanceRatio(r); !ok {
			continue
		}
		for _, v := range fieldValues(r.epochs, "guidance_ratio") {
			all = append(all, v)
			if v < guidanceFloor {
				below++
			}
		}
	}
	switch {
	case len(all) == 0:
	case below == len(all):
		advice := ""
		if g.base() != "srn-untrained" {
			advice = ": before a difference from plain CE is put down to it, compare an untrained surrogate of the same strength (srn-untrained)"
		}
		f.warn("%s: the guidance ratio ‖λ∇r‖/‖∇task‖ stays below 10⁻³ in every epoch (median %s, largest %s)%s",
			name, number.Significant(median(all), 2), number.Significant(slices.Max(all), 2), advice)
	case 2*below > len(all):
		f.warn("%s: the guidance ratio ‖λ∇r‖/‖∇task‖ is below 10⁻³ in %d of %d epochs (median %s)", name, below, len(all), number.Significant(median(all), 2))
	default:
		f.note("%s: the guidance ratio ‖λ∇r‖/‖∇task‖ has a median of %s over epochs", name, number.Significant(median(all), 2))
	}
}

func (g *group) incompleteFindings(f *findings, name string) {
	for _, r := range g.runs {
		if !r.complete() {
			f.warn("%s, seed %d: stopped after epoch %d of %d%s; left out of the tables", name, r.Seed, r.last(), r.Epochs, status(r.fit))
		}
	}
	for _, r := range g.dropped {
		path := "a measurement without training records"
		if r.fit != nil {
			path = r.fit.Path
		}
		f.warn("%s: seed %d is there more than once; %s is left out", name, r.Seed, path)
	}
}

// status is how a stream ended, where that was not well.
func status(s *Source) string {
	switch {
	case s == nil || s.Complete && (s.Status == "" || s.Status == "ok"):
		return ""
	case s.Complete:
		return " (" + s.Status + ")"
	}
	return " (no end record)"
}

// seedFindings names seeds that some groups have and others lack.
func (c *cohort) seedFindings(f *findings, where string) {
	type length struct{ epochs int }
	all := map[length]map[int64]bool{}
	for _, g := range c.groups {
		k := length{g.Epochs}
		if all[k] == nil {
			all[k] = map[int64]bool{}
		}
		for _, r := range g.runs {
			all[k][r.Seed] = true
		}
	}
	single := 0
	for _, g := range c.groups {
		var missing []int64
		for seed := range all[length{g.Epochs}] {
			if !slices.ContainsFunc(g.runs, func(r *run) bool { return r.Seed == seed }) {
				missing = append(missing, seed)
			}
		}
		if len(missing) > 0 {
			slices.Sort(missing)
			list := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(missing)), ", "), "[]")
			f.note("%s%s lacks seed %s, which other methods have", where, g.Legend(c), list)
		}
		if len(g.whole()) == 1 {
			single++
		}
	}
	if single == len(c.groups) && single > 1 {
		f.note("%sone seed each: the scatter between seeds is unknown, so no difference here says that one method is better", where)
	}
}

// differenceFindings puts the paired comparisons of top-1 into words.
func (c *cohort) differenceFindings(f *findings, where string) {
	var tests family
	for i, g := range c.groups {
		if b := c.baseline(g); b != nil {
			if p := g.minus(b, top1); p.N > 1 {
				tests.add(i, p.P)
			}
		}
	}
	tests.each(func(i int, corrected float64) {
		g := c.groups[i]
		b := c.baseline(g)
		p := g.minus(b, top1)
		verdict := "within the scatter between seeds"
		if corrected < 0.05 {
			verdict = "beyond the scatter between seeds"
		}
		probability := "p = " + number.Significant(p.P, 2)
		if len(tests.p) > 1 {
			probability += fmt.Sprintf(", %s corrected for %d comparisons", number.Significant(corrected, 2), len(tests.p))
		}
		f.note("%s%s against %s: %s percentage points of top-1 over %s (95%% interval %s to %s; %s): a difference %s; a true one of %s would be found in 4 of 5 repetitions",
			where, g.Legend(c), b.Legend(c), number.Signed(100*p.Mean, 2), number.Count(p.N, "paired seed"), number.Signed(100*p.Low, 2), number.Signed(100*p.High, 2),
			probability, verdict, number.Fixed(100*p.Detectable, 2))
	})
}

func (c *cohort) curvatureFindings(f *findings, where string) {
	used := conditions(c.groups)
	if len(used) > 1 {
		f.note("%sλ_max was measured under %d conditions, which are kept apart; the comparison table has the most frequent", where, len(used))
	}
	for _, cond := range used {
		var courses, failed []string
		for _, g := range c.groups {
			unconverged, measured := 0, 0
			var curves []map[int]float64
			for _, r := range g.drawn() {
				curve := map[int]float64{}
				for _, t := range r.tops {
					if conditionOf(t) != cond {
						continue
					}
					measured++
					if ok, there := t["converged"].(bool); there && !ok {
						unconverged++
					}
					if v, ok := t.Float("lambda_max"); ok {
						curve[whole(t, "epoch")] = v
					}
				}
				curves = append(curves, curve)
			}
			if unconverged > 0 {
				failed = append(failed, fmt.Sprintf("%s %d of %d", g.Legend(c), unconverged, measured))
			}
			if points := average(curves); len(points) > 2 {
				courses = append(courses, course(g.Legend(c), points))
			}
		}
		if len(failed) > 0 {
			f.warn("%sλ_max (%s) did not converge on some checkpoints: %s; ask srn-hessian for more steps", where, cond, strings.Join(failed, ", "))
		}
		if len(courses) > 0 {
			f.note("%sλ_max (%s) over epochs: %s", where, cond, strings.Join(courses, "; "))
		}
	}
}

// course says where a curve begins, ends and peaks: "ce from 22 (epoch 1) to 14
// (epoch 30), at most 82 (epoch 10)".
func course(name string, points []chart.Point) string {
	peak := slices.MaxFunc(points, func(a, b chart.Point) int { return cmp.Compare(a.Mean, b.Mean) })
	first, last := points[0], points[len(points)-1]
	return fmt.Sprintf("%s from %s (epoch %g) to %s (epoch %g), at most %s (epoch %g)", name,
		number.Significant(first.Mean, 3), first.X, number.Significant(last.Mean, 3), last.X, number.Significant(peak.Mean, 3), peak.X)
}

// metaFindings says where a surrogate cannot have learned or guided.
func metaFindings(f *findings, groups []*metaGroup) {
	for _, g := range groups {
		var flat, ceiling, floored []*Source
		for _, s := range g.sources {
			rounds := s.of("round")
			if !s.Complete {
				f.warn("meta-training of %s, seed %d: stopped after %s%s", g.Label(), s.Header.Seed, number.Count(len(rounds), "round"), status(s))
			}
			if change := relativeRange(fieldValues(rounds, "r")); change < 1e-2 {
				flat = append(flat, s)
			}
			if often(fieldValues(rounds, "fraction_clipped")) {
				ceiling = append(ceiling, s)
			}
			if often(fieldValues(rounds, "fraction_floored")) {
				floored = append(floored, s)
			}
		}
		for _, k := range []struct {
			sources []*Source
			text    string
		}{
			{flat, "r changes by less than 1% of its size over all rounds"},
			{ceiling, "in more than half of the evaluations r is held at its ceiling, where its gradient is zero"},
			{floored, "on average more than half of the validation images have a margin below the floor"},
		} {
			if len(k.sources) > 0 {
				f.warn("meta-training of %s, seed %s: %s", g.Label(), seedsOf(k.sources), k.text)
			}
		}
	}
}

// relativeRange is (max − min)/max|v|, and NaN where there are no two values.
func relativeRange(values []float64) float64 {
	if len(values) < 2 {
		return math.NaN()
	}
	low, high := slices.Min(values), slices.Max(values)
	return (high - low) / math.Max(math.Abs(low), math.Abs(high))
}

// often says that fractions are above one half on average.
func often(values []float64) bool { return len(values) > 0 && summarise(values).Mean > 0.5 }
