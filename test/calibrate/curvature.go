package main

import (
	"fmt"
	"math"
	"slices"

	"srn/pkg/report/sections"
)

// curvature: λ_max over the epochs, and beside accuracy.
func curvature() []quantity {
	// curve is λ_max at epochs of a step: around a level, with spikes.
	curve := func(w *world, level float64, step int) map[int]float64 {
		m := map[int]float64{}
		for epoch := step; epoch <= 30; epoch += step {
			v := level * math.Exp(0.1*w.NormFloat64())
			if w.Float64() < 0.15 {
				v *= 3
			}
			m[epoch] = v
		}
		return m
	}
	pair := func(w *world, n int, factor float64, step int) sections.Conclusions {
		common := w.common(n)
		ce, srn := w.arm(plain("ce"), common, base, 0.5), w.arm(func(seed int) run { return guided("srn", seed) }, common, base, 0.5)
		for i := range ce {
			level := 50 * math.Exp(0.3*w.NormFloat64())
			ce[i].lambda = curve(w, level*math.Exp(0.1*w.NormFloat64()), 1)
			srn[i].lambda = curve(w, factor*level*math.Exp(0.1*w.NormFloat64()), step)
		}
		return w.report(slices.Concat(ce, srn))
	}
	var list []quantity
	for _, n := range []int{3, 5, 10} {
		list = append(list, quantity{fmt.Sprintf("95%% interval of λ_max’s ratio holds a true −20%%, %d seeds", n), 0.95, 1, func(w *world) (bool, bool) {
			late := pair(w, n, 0.8, 1).Curvature
			return len(late) == 1 && holds(late[0].Ratio, 0.8), len(late) == 1
		}})
	}
	list = append(list, quantity{"spikes of one process are told apart, checkpoints of 1 and of 3 epochs, 5 seeds", 0, 0.05, func(w *world) (bool, bool) {
		late := pair(w, 5, 1, 3).Curvature
		return len(late) == 1 && late[0].Spikes.Test != nil && !holds(late[0].Spikes, 0), len(late) == 1
	}})
	for _, k := range []struct {
		name string
		p    func(sections.Association) float64
	}{
		{"Spearman", func(a sections.Association) float64 { return a.Spearman.P }},
		{"Kendall", func(a sections.Association) float64 { return a.Kendall.P }},
	} {
		list = append(list, quantity{k.name + "’s correlation of unrelated accuracy and λ_max, 8 methods of 5 runs, has p < 0.05", 0, 0.05, func(w *world) (bool, bool) {
			common := w.common(5)
			var runs []run
			for _, method := range []string{"ce", "label-smoothing", "focal", "mixup", "cutout", "cutmix", "sam", "center-loss"} {
				arm := w.arm(plain(method), common, base+0.01*w.NormFloat64(), 0.5)
				level := 50 * math.Exp(0.5*w.NormFloat64())
				for i := range arm {
					arm[i].lambda = map[int]float64{30: level * math.Exp(0.1*w.NormFloat64())}
				}
				runs = append(runs, arm...)
			}
			a := w.report(runs).Associations
			return len(a) == 1 && k.p(a[0]) < 0.05, len(a) == 1
		}})
	}
	return list
}
