// Package conclude says what follows from groups of runs: by how much one
// configuration is better than another, how sure that is, and where nothing
// can be said; and puts it into words. It compares what package compare lets be
// compared, by the rules of package stats.
package conclude

import (
	"slices"

	"srn/pkg/record"
	"srn/pkg/report/load"
	"srn/pkg/report/study"
	"srn/pkg/stats"
)

// Failed says that a run diverged, or ended no better than chance would: with
// a top-1 of at most half as much again as guessing has, or of 5 points more
// where that is less.
func Failed(r *load.Run) bool {
	if diverged(r) {
		return true
	}
	top1, ok := study.Top1(r)
	if !ok || r.Classes < 2 {
		return false
	}
	chance := 1 / float64(r.Classes)
	return top1 <= chance+min(chance/2, 0.05)
}

func diverged(r *load.Run) bool {
	return r.Trained != nil && r.Trained.Complete && r.Trained.Status == record.Diverged
}

// Failures counts the group's runs that failed, and those whose end is known.
func Failures(g *study.Group) (failed, ended int) {
	for _, o := range outcomes(g) {
		ended++
		if o.Failed {
			failed++
		}
	}
	return failed, ended
}

// outcomes are the ends of the runs that have one, by seed: those that were
// stopped halfway, or not evaluated, have none.
func outcomes(g *study.Group) map[int64]stats.Outcome {
	all := map[int64]stats.Outcome{}
	for _, r := range g.Runs {
		if diverged(r) {
			all[r.Seed] = stats.Outcome{Failed: true}
		} else if v, ok := study.Top1(r); ok && r.Complete() {
			all[r.Seed] = stats.Outcome{Value: v, Failed: Failed(r)}
		}
	}
	return all
}

// values are a metric of the runs that are complete and did not fail, by seed;
// none of a metric that is nil.
func values(g *study.Group, m study.Metric) map[int64]float64 {
	all := map[int64]float64{}
	for _, r := range g.Runs {
		if m == nil || !r.Complete() || Failed(r) {
			continue
		}
		if v, ok := m(r); ok {
			all[r.Seed] = v
		}
	}
	return all
}

// heldOut is top-1 on held-out images at the last epoch.
func heldOut(r *load.Run) (float64, bool) {
	n := len(r.HeldOut)
	if n == 0 || load.EpochOf(r.HeldOut[n-1].Subject) < r.Epochs {
		return 0, false
	}
	v := r.HeldOut[n-1].Top1
	return v, v == v
}

// resolution is the step of a share of the group's test images, 0 where their
// number is not known.
func resolution(g *study.Group) float64 {
	images := g.TestImages
	for _, r := range g.Runs {
		for _, e := range r.Tests {
			images = max(images, e.Images)
		}
	}
	if images == 0 {
		return 0
	}
	return 1 / float64(images)
}

// common lists the seeds that are keys of all maps, in order.
func common[V any](maps ...map[int64]V) []int64 {
	var list []int64
	for seed := range maps[0] {
		if !slices.ContainsFunc(maps[1:], func(m map[int64]V) bool { _, ok := m[seed]; return !ok }) {
			list = append(list, seed)
		}
	}
	slices.Sort(list)
	return list
}
