package sections

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"srn/pkg/compare"
	"srn/pkg/record"
	"srn/pkg/report/chart"
	"srn/pkg/report/conclude"
	"srn/pkg/report/load"
	"srn/pkg/report/number"
	"srn/pkg/report/study"
	"srn/pkg/stats"
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

// reportFindings are what follows from the numbers.
func reportFindings(s *study.Study) []Finding {
	var f findings
	f.ofSources(s)
	for _, co := range s.Cohorts {
		where := ""
		if len(s.Cohorts) > 1 {
			where = co.Name() + ": "
		}
		f.ofCohort(co, where)
	}
	f.ofMeta(s.Meta)
	return f.sorted()
}

// ofSources are what the whole set of records calls for.
func (f *findings) ofSources(s *study.Study) {
	data := map[[2]string][]string{}
	for _, co := range s.Cohorts {
		k := [2]string{co.Dataset, co.Arch}
		if sum := cmp.Or(study.Short(co.DataSHA256), "unknown"); !slices.Contains(data[k], sum) {
			data[k] = append(data[k], sum)
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(data), func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) }) {
		if len(data[k]) > 1 {
			f.warn("%s on %s: the records come from %d dataset files (%s); they are kept apart, not compared",
				study.ArchName(k[1]), study.DatasetName(k[0]), len(data[k]), strings.Join(data[k], ", "))
		}
	}
	if s.Ambiguous > 0 {
		f.warn("%s fit several training runs alike and are left out; give the training records of one experiment at a time", number.Count(s.Ambiguous, "measurement"))
	}
	if s.Elsewhere > 0 {
		f.note("%s on other splits than test are not shown", number.Count(s.Elsewhere, "evaluation"))
	}
	versions := map[string]bool{}
	untraceable := map[string]bool{}
	for _, src := range s.Sources {
		versions[src.Header.Version] = true
		if src.Development() {
			untraceable[src.Path] = true
		}
		if _, training := src.Fit(); src.State() != "" && !training && src.Header.Tool != metaTool {
			f.warn("%s is %s: what it would have measured further is not shown", src.Path, src.State())
		}
	}
	if len(versions) > 1 {
		f.note("the records were made by %d versions of the tools: %s", len(versions), strings.Join(slices.Sorted(maps.Keys(versions)), ", "))
	}
	if len(untraceable) > 0 {
		f.note("%s made by development versions, which name no revision: what made them cannot be traced", isAre(len(untraceable), "record file"))
	}
}

// metaTool is the command whose streams are findings of their own.
const metaTool = "srn-meta"

// isAre writes 1 file is, 2 files are.
func isAre(n int, what string) string {
	if n == 1 {
		return number.Count(n, what) + " is"
	}
	return number.Count(n, what) + " are"
}

// ofCohort is what follows from a cohort's numbers. Where says which, if there
// are several.
func (f *findings) ofCohort(c *study.Cohort, where string) {
	if d := dataDeviations(c.Groups[0]); c.Known && len(d) > 0 {
		f.note("%simages other than the paper’s, or not known to be its: %s", where, strings.Join(d, ", "))
	}
	var alike shared
	for _, g := range c.Groups {
		name := g.Legend(c)
		f.ofGuidance(g, where+name, &alike)
		f.ofIncomplete(g, where+name)
		if len(g.Complete()) > 0 && g.Over(study.Top1).N == 0 {
			alike.add(name, "no test accuracy of the last epoch; run srn-eval on the final checkpoints")
		}
		if notes := g.Footnotes(); len(notes) > 0 {
			alike.add(name, strings.Join(notes, "; "))
		}
	}
	alike.note(f, where, len(c.Groups))
	f.ofBaselines(c, where)
	f.ofSeeds(c, where)
	f.ofCurvature(c, where)
}

// shared are statements with the names that each is true of.
type shared struct {
	texts []string
	names map[string][]string
}

func (s *shared) add(name, text string) {
	if s.names == nil {
		s.names = map[string][]string{}
	}
	if s.names[text] == nil {
		s.texts = append(s.texts, text)
	}
	s.names[text] = append(s.names[text], name)
}

// note writes each statement once; all is how many names there are.
func (s *shared) note(f *findings, where string, all int) {
	for _, text := range s.texts {
		names := strings.Join(s.names[text], ", ")
		switch n := len(s.names[text]); {
		case n == all && n > 2:
			names = fmt.Sprintf("all %d configurations", n)
		case n > 6:
			names = fmt.Sprintf("%s and %d others of %d configurations", s.names[text][0], n-1, all)
		}
		f.note("%s%s: %s", where, names, text)
	}
}

// ofBaselines names groups that lack the plain training that they would be
// compared with, together where they lack it for one reason.
func (f *findings) ofBaselines(c *study.Cohort, where string) {
	reasons := map[string][]string{}
	var order []string
	for _, g := range c.Groups {
		if !g.Known || g.Baseline != nil || !compare.Needs(g.Fit) {
			continue
		}
		why := noBaseline(g)
		if reasons[why] == nil {
			order = append(order, why)
		}
		reasons[why] = append(reasons[why], g.Legend(c))
	}
	for _, why := range order {
		f.warn("%sno baseline for %s: %s", where, strings.Join(reasons[why], ", "), why)
	}
}

// ofGuidance says how strong the SRN term was.
func (f *findings) ofGuidance(g *study.Group, name string, alike *shared) {
	var all []float64
	below := 0
	for _, r := range g.Runs {
		if _, ok := study.GuidanceRatio(r); !ok {
			continue
		}
		for _, v := range study.Ratios(r) {
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
		if !compare.Is(g.Fit, "srn-untrained") {
			advice = ": before a difference from plain CE is put down to it, compare an untrained surrogate of the same strength (srn-untrained)"
		}
		f.warn("%s: the guidance ratio ‖λ∇r‖/‖∇task‖ stays below 10⁻³ in every epoch (median %s, largest %s)%s",
			name, number.Significant(stats.Median(all), 2), number.Significant(slices.Max(all), 2), advice)
	case 2*below > len(all):
		f.warn("%s: the guidance ratio ‖λ∇r‖/‖∇task‖ is below 10⁻³ in %d of %d epochs (median %s)", name, below, len(all), number.Significant(stats.Median(all), 2))
	default:
		alike.add(g.Name(), "the guidance ratio ‖λ∇r‖/‖∇task‖ has a median of "+number.Significant(stats.Median(all), 2)+" over epochs")
	}
}

func (f *findings) ofIncomplete(g *study.Group, name string) {
	for _, r := range g.Runs {
		if !r.Complete() {
			state := ""
			if s := r.Trained.State(); s != "" {
				state = " (" + s + ")"
			}
			becomes := "left out of the tables"
			if conclude.Failed(r) {
				becomes = "counted as failed"
			}
			f.warn("%s, seed %d: stopped after epoch %d of %d%s; %s", name, r.Seed, r.Last(), r.Epochs, state, becomes)
		}
	}
	for _, r := range g.Dropped {
		path := "a measurement without training records"
		if r.Trained != nil {
			path = r.Trained.Path
		}
		f.warn("%s: seed %d is there more than once; %s is left out", name, r.Seed, path)
	}
}

// ofSeeds names seeds that some groups have and others lack.
func (f *findings) ofSeeds(c *study.Cohort, where string) {
	all := map[int]map[int64]bool{} // by length
	for _, g := range c.Groups {
		if all[g.Epochs] == nil {
			all[g.Epochs] = map[int64]bool{}
		}
		for _, r := range g.Runs {
			all[g.Epochs][r.Seed] = true
		}
	}
	single := 0
	var alike shared
	for _, g := range c.Groups {
		own := map[int64]bool{}
		for _, r := range g.Runs {
			own[r.Seed] = true
		}
		var missing []int64
		for seed := range all[g.Epochs] {
			if !own[seed] {
				missing = append(missing, seed)
			}
		}
		if len(missing) > 0 && g.Known {
			alike.add(g.Legend(c), "no run of seed "+study.Seeds(missing)+", which other configurations have")
		}
		if len(g.Complete()) == 1 {
			single++
		}
	}
	alike.note(f, where, len(c.Groups))
	if single == len(c.Groups) && single > 1 {
		f.note("%sone seed each: the scatter between seeds is unknown, so no difference here says that one method is better", where)
	}
}

func (f *findings) ofCurvature(c *study.Cohort, where string) {
	used := study.Conditions(c.Groups)
	if len(used) > 1 {
		f.note("%sλ_max was measured under %d conditions, which are kept apart; the comparison table has the most frequent", where, len(used))
	}
	for _, cond := range used {
		var courses, failed []string
		for _, g := range c.Groups {
			unconverged, measured := 0, 0
			var curves []map[int]float64
			for _, r := range g.Drawn() {
				curves = append(curves, curveOf(r, func(r *load.Run, add func(int, float64)) {
					for _, t := range study.Under(r.Tops, cond) {
						measured++
						if !t.Converged {
							unconverged++
						}
						add(load.EpochOf(t.Subject), t.LambdaMax)
					}
				}))
			}
			if unconverged > 0 {
				failed = append(failed, fmt.Sprintf("%s %d of %d", g.Legend(c), unconverged, measured))
			}
			if points := average(curves); len(points) > 2 {
				courses = append(courses, courseText(g.Legend(c), points))
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

// courseText says where a curve begins, ends and peaks: "ce from 22 (epoch 1) to
// 14 (epoch 30), at most 82 (epoch 10)".
func courseText(name string, points []chart.Point) string {
	peak := slices.MaxFunc(points, func(a, b chart.Point) int { return cmp.Compare(a.Mean, b.Mean) })
	first, last := points[0], points[len(points)-1]
	at := func(p chart.Point) string {
		return number.Significant(p.Mean, 3) + " (epoch " + number.Fixed(p.X, 0) + ")"
	}
	return fmt.Sprintf("%s from %s to %s, at most %s", name, at(first), at(last), at(peak))
}

// ofMeta says where a surrogate cannot have learned or guided.
func (f *findings) ofMeta(groups []*study.MetaGroup) {
	for _, g := range groups {
		var flat, ceiling, floored []*load.Source
		for _, s := range g.Sources {
			rounds := load.Of[record.Round](s)
			if s.State() != "" {
				f.warn("meta-training of %s, seed %d: stopped after %s (%s)", g.Label(), s.Header.Seed, number.Count(len(rounds), "round"), s.State())
			}
			values := func(of func(*record.Round) float64) []float64 {
				var list []float64
				for _, r := range rounds {
					if v := of(r); !math.IsNaN(v) {
						list = append(list, v)
					}
				}
				return list
			}
			if change := relativeRange(values(func(r *record.Round) float64 { return study.Number(r.R) })); change < 1e-2 {
				flat = append(flat, s)
			}
			if often(values(func(r *record.Round) float64 { return r.FractionClipped })) {
				ceiling = append(ceiling, s)
			}
			if often(values(func(r *record.Round) float64 { return r.FractionFloored })) {
				floored = append(floored, s)
			}
		}
		for _, k := range []struct {
			sources []*load.Source
			text    string
		}{
			{flat, "r changes by less than 1% of its size over all rounds"},
			{ceiling, "in more than half of the evaluations r is held at its ceiling, where its gradient is zero"},
			{floored, "on average more than half of the validation images have a margin below the floor"},
		} {
			if len(k.sources) > 0 {
				f.warn("meta-training of %s, seed %s: %s", g.Label(), study.SeedsOf(k.sources), k.text)
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
	return (high/2 - low/2) / (math.Max(math.Abs(low), math.Abs(high)) / 2)
}

// often says that fractions are above one half on average.
func often(values []float64) bool { return len(values) > 0 && stats.Summarise(values).Mean > 0.5 }
