package cpu

import (
	"math"

	"srn/pkg/device"
)

// tally adds up at once.
type tally struct {
	b                    *Backend
	f                    device.Figures
	loss, logits, labels []float32
	sums                 device.Sums
	fault                device.Fault
}

// Tally implements device.Tallies.
func (b *Backend) Tally(f device.Figures) device.Tally {
	t := &tally{b: b, f: f, loss: host(f.Loss)}
	if f.Labels != nil {
		t.logits, t.labels = host(f.Logits), host(f.Labels)
	}
	return t
}

// Add implements device.Tally.
func (t *tally) Add(step, n int) {
	sum := t.sums.Loss
	if t.f.ByStep {
		sum = 0
	}
	for _, l := range t.loss[:n] {
		sum += float64(l)
	}
	if t.f.ByStep {
		sum += t.sums.Loss
	}
	t.sums.Loss = sum
	if t.f.Labels != nil {
		t.sums.Correct += t.correct(n)
	}
	norm := math.Sqrt(t.b.Dot(t.f.Gradient, t.f.Gradient))
	t.sums.GradNorm += norm
	if t.fault.Step != 0 {
		return
	}
	if !finite(t.sums.Loss + norm) {
		t.fault = device.Fault{Step: step, Made: -1}
		return
	}
	for i, made := range t.f.Made {
		if !finite(t.b.Dot(made, made)) {
			t.fault = device.Fault{Step: step, Made: i}
			return
		}
	}
}

// correct is the number of right predictions among the first n images.
func (t *tally) correct(n int) (correct float64) {
	for i := range n {
		row := t.logits[i*t.f.Classes:][:t.f.Classes]
		best := 0
		for k, v := range row {
			if v > row[best] {
				best = k
			}
		}
		if best == int(t.labels[i]) {
			correct++
		}
	}
	return correct
}

// Fault implements device.Tally.
func (t *tally) Fault() (device.Fault, bool) { return t.fault, t.fault.Step != 0 }

// Read implements device.Tally.
func (t *tally) Read() (device.Sums, device.Fault, bool) { return t.sums, t.fault, t.fault.Step != 0 }

// Set implements device.Tally.
func (t *tally) Set(s device.Sums) { t.sums, t.fault = s, device.Fault{} }

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
