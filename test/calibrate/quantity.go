package main

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// quantity is a rate that the report states, measured over simulated reports.
type quantity struct {
	name      string
	low, high float64 // between which the rate is to be
	// trial simulates one report and says whether what is counted occurred, and
	// whether the report counts at all.
	trial func(w *world) (hit, counts bool)
}

// nominal is the rate that is stated.
func (q quantity) nominal() string {
	switch {
	case q.low == q.high:
		return fmt.Sprintf("%.2f", q.low)
	case q.low <= 0:
		return fmt.Sprintf("≤ %.2f", q.high)
	case q.high < 1:
		return fmt.Sprintf("%.2f to %.2f", q.low, q.high)
	default:
		return fmt.Sprintf("≥ %.2f", q.low)
	}
}

// rate is a share of trials.
type rate struct{ hits, of int }

func (r rate) value() float64 {
	if r.of == 0 {
		return math.NaN()
	}
	return float64(r.hits) / float64(r.of)
}

// error is the rate's standard error, for a true rate of p.
func (r rate) error(p float64) float64 { return math.Sqrt(p * (1 - p) / float64(r.of)) }

// measure runs the trials.
func (q quantity) measure(w *world, trials int) (rate, error) {
	var r rate
	for range trials {
		hit, counts := q.trial(w)
		if w.err != nil {
			return r, fmt.Errorf("%s: %w", q.name, w.err)
		}
		if counts {
			r.of++
		}
		if hit && counts {
			r.hits++
		}
	}
	return r, nil
}

// holds says whether a measured rate agrees with what is stated, within so many
// standard errors.
func (q quantity) holds(r rate, errors float64) bool {
	v := r.value()
	return v >= q.low-errors*r.error(q.low) && v <= q.high+errors*r.error(q.high)
}

// world draws runs and reports on them.
type world struct {
	*rand.Rand
	folder string  // for record files
	effect float64 // that plans are to be for, a fraction; 0: the report's own
	err    error   // the first that occurred
}

// sd is the standard deviation of a simulated run's top-1 over seeds.
const sd = 0.005

// common draws what the runs of each seed have in common.
func (w *world) common(n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = w.NormFloat64()
	}
	return list
}

// scatter is a deviation in standard deviations, of which a share of the
// variance is common to the runs of a seed.
func (w *world) scatter(share, common float64) float64 {
	return math.Sqrt(share)*common + math.Sqrt(1-share)*w.NormFloat64()
}

// arm draws runs of n seeds: of a mean top-1 and a share of the variance that
// is common to the runs of a seed.
func (w *world) arm(of func(seed int) run, common []float64, mean, share float64) []run {
	list := make([]run, len(common))
	for i := range list {
		list[i] = of(i)
		list[i].top1 = shown(mean + sd*w.scatter(share, common[i]))
	}
	return list
}

// plain is a method without a surrogate.
func plain(method string) func(seed int) run {
	return func(seed int) run { return protocol(method, seed) }
}
