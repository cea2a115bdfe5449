package main

import (
	"fmt"
	"slices"

	"srn/pkg/record"
	"srn/pkg/stats"
)

// base is the mean top-1 of every configuration where nothing differs.
const base = 0.85

// quantities lists what is measured.
func quantities() []quantity {
	var list []quantity
	list = append(list, differences()...)
	list = append(list, plans()...)
	list = append(list, families()...)
	list = append(list, protocols()...)
	list = append(list, failing()...)
	list = append(list, controls()...)
	list = append(list, choices()...)
	list = append(list, curvature()...)
	return list
}

// differences: two methods, paired by seed.
func differences() []quantity {
	var list []quantity
	for _, n := range []int{3, 5, 10, 20} {
		for _, share := range []float64{0, 0.5, 0.9} {
			list = append(list, quantity{fmt.Sprintf("verdict on two equal methods, %d seeds, common part %g", n, share), 0, 0.05, func(w *world) (bool, bool) {
				common := w.common(n)
				c := w.one(w.arm(plain("ce"), common, base, share), w.arm(plain("label-smoothing"), common, base, share))
				return decided(c), true
			}})
		}
	}
	for _, n := range []int{3, 5, 20} {
		list = append(list, quantity{fmt.Sprintf("95%% interval holds a true +0.50, %d seeds", n), 0.95, 1, func(w *world) (bool, bool) {
			common := w.common(n)
			c := w.one(w.arm(plain("ce"), common, base, 0.5), w.arm(plain("label-smoothing"), common, base+0.005, 0.5))
			return holds(c.Difference, 0.005), c.Test != nil
		}})
	}
	list = append(list, quantity{"95% interval holds a true +0.50, seeds 0–4 against 2–9, common part 0.9", 0.95, 1, func(w *world) (bool, bool) {
		common := w.common(10)
		c := w.one(w.arm(plain("ce"), common, base, 0.9)[2:], w.arm(plain("label-smoothing"), common, base+0.005, 0.9)[:5])
		return holds(c.Difference, 0.005), c.Test != nil
	}})
	list = append(list, quantity{"interval or p where all pairs differ by the same", 0, 0, func(w *world) (bool, bool) {
		common := w.common(2)
		a := w.arm(plain("ce"), common, base, 0)
		b := w.arm(plain("label-smoothing"), common, base, 0)
		for i := range b {
			b[i].top1 = a[i].top1 + 0.0025
		}
		c := w.one(a, b)
		return c.Test != nil || decided(c), true
	}})
	return list
}

// plans: what is detectable, and how many seeds an effect needs. The true
// standard deviation of a difference without common part is √2·sd.
func plans() []quantity {
	var list []quantity
	for _, n := range []int{3, 5, 10, 20} {
		list = append(list, quantity{fmt.Sprintf("power at the stated detectable difference, %d seeds", n), 0.8, 1, func(w *world) (bool, bool) {
			common := w.common(n)
			first := w.one(w.arm(plain("ce"), common, base, 0.5), w.arm(plain("label-smoothing"), common, base, 0.5))
			if first.Detectable == 0 {
				return false, false
			}
			second := w.one(w.arm(plain("ce"), common, base, 0.5), w.arm(plain("label-smoothing"), common, base+first.Detectable, 0.5))
			return second.Verdict == stats.Better, true
		}})
	}
	// Pairs that a difference of 0.7 points with a standard deviation of 0.707 needs, at 5% with 80% power: 11.
	for _, n := range []int{3, 5, 10} {
		list = append(list, quantity{fmt.Sprintf("stated seeds to resolve +0.70 are as many as it takes (11), %d seeds", n), 0.8, 1, func(w *world) (bool, bool) {
			w.effect = 0.007
			defer func() { w.effect = 0 }()
			common := w.common(n)
			c := w.one(w.arm(plain("ce"), common, base, 0), w.arm(plain("label-smoothing"), common, base, 0))
			return c.Needed >= 11, c.Needed > 0
		}})
	}
	return list
}

// families: several comparisons of one report.
func families() []quantity {
	methods := []string{"label-smoothing", "focal", "mixup", "cutout", "cutmix", "sam", "center-loss", "manifold-mixup", "max-norm", "spectral-norm"}
	return []quantity{
		{"any verdict on ten equal methods, 5 seeds", 0, 0.05, func(w *world) (bool, bool) {
			common := w.common(5)
			runs := w.arm(plain("ce"), common, base, 0.5)
			for _, m := range methods {
				runs = append(runs, w.arm(plain(m), common, base, 0.5)...)
			}
			return slices.ContainsFunc(w.report(runs).Baselines, decided), true
		}},
		{"any verdict on one equal method by top-1, loss and λ_max, 5 seeds", 0, 0.05, func(w *world) (bool, bool) {
			common := w.common(5)
			runs := slices.Concat(w.arm(plain("ce"), common, base, 0.5), w.arm(plain("label-smoothing"), common, base, 0.5))
			for i := range runs {
				runs[i].loss = 0.5 + 0.01*w.NormFloat64()
				runs[i].lambda = map[int]float64{runs[i].Epochs: 50 + 5*w.NormFloat64()}
			}
			return slices.ContainsFunc(w.report(runs).Baselines, decided), true
		}},
		{"best of ten others above an eleventh equal one by more than is stated of chance", 0.4, 0.6, func(w *world) (bool, bool) {
			common := w.common(5)
			runs := w.arm(func(seed int) run { return guided("srn", seed) }, common, base, 0.5)
			for i := range runs { // the paper's own: λ of 1
				runs[i].GuidanceRatio = 0
			}
			for _, m := range methods {
				runs = append(runs, w.arm(plain(m), common, base, 0.5)...)
			}
			b := w.report(runs).Best
			if len(b) == 0 || !b[0].ChanceTold {
				return false, false
			}
			return b[0].Gap > b[0].ChanceGap, true
		}},
	}
}

// protocols: runs that may not be compared.
func protocols() []quantity {
	return []quantity{
		{"verdict where the only cross-entropy has another learning rate", 0, 0, func(w *world) (bool, bool) {
			common := w.common(5)
			other := w.arm(plain("ce"), common, base+0.01, 0.5)
			for i := range other {
				other[i].LR = 0.03
			}
			r := w.report(slices.Concat(other, w.arm(func(seed int) run { return guided("srn", seed) }, common, base, 0.5)))
			return slices.ContainsFunc(slices.Concat(r.Baselines, r.Guided), decided), true
		}},
	}
}

// failing: runs that diverge or end at chance.
func failing() []quantity {
	broken := func(w *world, runs []run, p float64) []run {
		for i := range runs {
			if w.Float64() >= p {
				continue
			}
			if w.Float64() < 0.5 {
				runs[i].failed = record.Diverged
			} else {
				runs[i].top1 = shown(0.1 + 0.003*w.NormFloat64())
			}
		}
		return runs
	}
	var list []quantity
	for _, n := range []int{5, 10} {
		list = append(list, quantity{fmt.Sprintf("verdict on two equal methods of which 3 of 10 runs fail, %d seeds", n), 0, 0.05, func(w *world) (bool, bool) {
			common := w.common(n)
			c := w.one(broken(w, w.arm(plain("ce"), common, base, 0.5), 0.3), broken(w, w.arm(plain("sam"), common, base, 0.5), 0.3))
			return decided(c), true
		}})
	}
	list = append(list, quantity{"better, where 2 of 5 runs fail and the others gain a point", 0, 0, func(w *world) (bool, bool) {
		common := w.common(5)
		method := w.arm(plain("sam"), common, base+0.01, 0.9)
		method[1].failed, method[3].failed = record.Diverged, record.Diverged
		c := w.one(w.arm(plain("ce"), common, base, 0.9), method)
		return c.Verdict == stats.Better, true
	}})
	for _, k := range []int{4, 5} {
		low := map[int]float64{4: 0.5, 5: 0.99}[k]
		list = append(list, quantity{fmt.Sprintf("worse, where %d of 5 runs end at chance", k), low, 1, func(w *world) (bool, bool) {
			common := w.common(5)
			method := w.arm(plain("sam"), common, base, 0.5)
			for i := range k {
				method[i].top1 = shown(0.1 + 0.003*w.NormFloat64())
			}
			c := w.one(w.arm(plain("ce"), common, base, 0.5), method)
			return c.Verdict == stats.Worse, true
		}})
	}
	return list
}

// controls: untrained surrogates, which are drawn at random.
func controls() []quantity {
	var list []quantity
	verdict := func(w *world, runs []run) (bool, bool) {
		c, ok := role(w.report(runs), "untrained")
		return ok && decided(c), ok
	}
	for _, n := range []int{5, 10} {
		for _, spread := range []float64{0, 0.5, 1, 2} {
			list = append(list, quantity{fmt.Sprintf("verdict on meta-training that does nothing: three initialisations shared by %d seeds, scattering %g times as much as these", n, spread), 0, 0.05, func(w *world) (bool, bool) {
				common := w.common(n)
				learned := w.arm(func(seed int) run { return guided("srn", seed) }, common, base, 0)
				for i := range learned { // an initialisation of its own for each seed
					learned[i].top1 = shown(learned[i].top1 + spread*sd*w.NormFloat64())
				}
				runs := learned
				for draw := range 3 {
					at := base + spread*sd*w.NormFloat64()
					runs = append(runs, w.arm(func(seed int) run { return untrained(draw+1, seed) }, common, at, 0)...)
				}
				return verdict(w, runs)
			}})
		}
	}
	list = append(list, quantity{"verdict on meta-training that does nothing: a fresh initialisation for each of 5 seeds, scattering as much as these", 0, 0.05, func(w *world) (bool, bool) {
		common := w.common(5)
		fresh := w.arm(func(seed int) run { return untrained(seed+1, seed) }, common, base, 0.5)
		learned := w.arm(func(seed int) run { return guided("srn", seed) }, common, base, 0.5)
		for i := range learned {
			learned[i].top1 = shown(learned[i].top1 + sd*w.NormFloat64())
			fresh[i].top1 = shown(fresh[i].top1 + sd*w.NormFloat64())
		}
		return verdict(w, slices.Concat(learned, fresh))
	}})
	return list
}

// choices: a baseline that held-out images choose.
func choices() []quantity {
	decays := []float64{1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2}
	tuned := func(w *world, n, configurations int) []run {
		common := w.common(n)
		held := func(runs []run) []run {
			for i := range runs { // the run's own part shows on held-out images too
				runs[i].held = min(1, runs[i].top1+0.1*sd*w.NormFloat64())
			}
			return runs
		}
		runs := held(w.arm(plain("ce"), common, base, 0.5))
		for _, wd := range decays[:configurations-1] {
			runs = append(runs, held(w.arm(func(seed int) run {
				r := protocol("weight-decay", seed)
				r.WeightDecay = wd
				return r
			}, common, base, 0.5))...)
		}
		return append(runs, w.arm(func(seed int) run { return guided("srn", seed) }, common, base, 0.5)...)
	}
	var list []quantity
	for _, n := range []int{5, 10} {
		list = append(list, quantity{fmt.Sprintf("verdict against the best of twelve equal baselines, %d seeds", n), 0, 0.05, func(w *world) (bool, bool) {
			c, ok := role(w.report(tuned(w, n, 12)), "tuned")
			return ok && decided(c), ok
		}})
	}
	list = append(list, quantity{"a baseline with 2 of 5 seeds is chosen", 0, 0, func(w *world) (bool, bool) {
		runs := tuned(w, 5, 6)
		runs = slices.DeleteFunc(runs, func(r run) bool { return r.WeightDecay == decays[0] && r.Seed > 1 })
		c, ok := role(w.report(runs), "tuned")
		return ok && c.Pairs < 3, ok
	}})
	return list
}
