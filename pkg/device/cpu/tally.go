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
	return &tally{b: b, f: f, loss: host(f.Loss), logits: host(f.Logits), labels: host(f.Labels)}
}

// Add implements device.Tally.
func (t *tally) Add(step, n int) {
	for i, l := range t.loss[:n] {
		t.sums.Loss += float64(l)
		row := t.logits[i*t.f.Classes:][:t.f.Classes]
		best := 0
		for k, v := range row {
			if v > row[best] {
				best = k
			}
		}
		if best == int(t.labels[i]) {
			t.sums.Correct++
		}
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

// Fault implements device.Tally.
func (t *tally) Fault() (device.Fault, bool) { return t.fault, t.fault.Step != 0 }

// Read implements device.Tally.
func (t *tally) Read() (device.Sums, device.Fault, bool) { return t.sums, t.fault, t.fault.Step != 0 }

// Set implements device.Tally.
func (t *tally) Set(s device.Sums) { t.sums, t.fault = s, device.Fault{} }

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
