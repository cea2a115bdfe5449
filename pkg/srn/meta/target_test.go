package meta

import (
	"math"
	"testing"
)

func TestMargins(t *testing.T) {
	// Margins 2, 0.5 (tie broken by index: correct), -1, and below the floor.
	logits := []float32{
		3, 1, 0,
		0.5, 1, 0.25,
		0, 1, -3,
		0.05, 0, -1,
	}
	labels := []int32{0, 1, 0, 0}
	lse := func(v ...float64) float64 {
		sum := 0.0
		for _, x := range v {
			sum += math.Exp(x)
		}
		return math.Log(sum)
	}
	float := float64(float32(0.05))
	for _, test := range []struct {
		config  MarginConfig
		value   float64
		floored bool
	}{
		{MarginConfig{"correct", 0.1, 1}, (2 + 0.5 + float) / 3, false},
		{MarginConfig{"correct", 1, 1}, 1, true},
		{MarginConfig{"clamped", 0.1, 1}, (2 + 0.5 - 1 + float) / 4, false},
		{MarginConfig{"clamped", 3, 1}, 3, true},
		{MarginConfig{"plain", 3, 1}, (2 + 0.5 - 1 + float) / 4, false}, // Eq. 15's batch mean: no floor
		{MarginConfig{"smooth", 0.01, 1}, (3 - lse(1, 0) + 1 - lse(0.5, 0.25) + float - lse(0, -1)) / 3, false},
	} {
		m := test.config.Measure(logits, labels)
		if math.Abs(m.Value-test.value) > 1e-9 || m.Floored != test.floored {
			t.Errorf("%+v: %+v, want %g, floored %v", test.config, m, test.value, test.floored)
		}
		if m.Top1 != 0.75 {
			t.Errorf("%+v: top1 %g", test.config, m.Top1)
		}
	}
	if m := (MarginConfig{"correct", 0.1, 1}).Measure(logits, labels); m.BelowFloor != 0.5 {
		t.Errorf("%g below the floor, want 0.5", m.BelowFloor)
	}
	if m := (MarginConfig{"correct", 0.1, 1}).Measure([]float32{0, 1}, []int32{0}); m.Value != 0.1 || !m.Floored {
		t.Errorf("nothing correct: %+v", m)
	}
	if m := (MarginConfig{"plain", 0.1, 1}).Measure([]float32{0, 1}, []int32{0}); m.Value != -1 || m.Floored {
		t.Errorf("plain margin of an image that is wrong: %+v", m)
	}
	nan := float32(math.NaN())
	if m := (MarginConfig{"correct", 0.1, 1}).Measure([]float32{nan, nan}, []int32{0}); !math.IsNaN(m.Value) {
		t.Errorf("NaN logits: margin %g", m.Value)
	}
}

func TestMarginGradient(t *testing.T) {
	logits := []float32{3, 1, 0, 0.5, 1, 0.25, 0, 1, -3, 2, 0, -1}
	labels := []int32{0, 1, 0, 0}
	const h = 1.0 / 1024
	for _, kind := range []string{"correct", "smooth", "clamped", "plain"} {
		c := MarginConfig{kind, 0.01, 2}
		grad := make([]float32, len(logits))
		c.addGrad(grad, logits, labels, c.Measure(logits, labels), 3)
		for i, z := range logits {
			logits[i] = z + h
			up := c.Measure(logits, labels).Value
			logits[i] = z - h
			down := c.Measure(logits, labels).Value
			logits[i] = z
			if want := 3 * (up - down) / (2 * h); math.Abs(float64(grad[i])-want) > 1e-4 {
				t.Errorf("%s: logit %d: %g, by differences %g", kind, i, grad[i], want)
			}
		}
	}
}

func TestTarget(t *testing.T) {
	losses := []float64{2, 1, 1.5, 1.2}
	// z of a value within a list of values.
	z := func(v []float64, floor float64) float64 {
		mean, variance := 0.0, 0.0
		for _, x := range v {
			mean += x / float64(len(v))
		}
		for _, x := range v {
			variance += (x - mean) * (x - mean) / float64(len(v))
		}
		return (v[len(v)-1] - mean) / max(math.Sqrt(variance), floor)
	}
	for _, kind := range []string{"running", "window", "none", "ema"} {
		c := DefaultTarget()
		c.Z, c.ZWindow, c.GammaMar = kind, 2, 0.5
		target := NewTarget(c)
		emaMean, emaVar := losses[0], 0.0
		for i, l := range losses {
			s := target.Next(l, 7)
			var want float64
			switch kind {
			case "running":
				want = z(losses[:i+1], c.ZFloor)
			case "window":
				want = z(losses[max(0, i-1):i+1], c.ZFloor)
			case "none":
				want = l
			case "ema": // the recursion for an exponentially weighted variance
				d := l - emaMean
				emaMean += 0.1 * d
				emaVar = 0.9 * (emaVar + 0.1*d*d)
				want = (l - emaMean) / max(math.Sqrt(emaVar), c.ZFloor)
			}
			if math.Abs(s.ZLoss-want) > 1e-12 {
				t.Errorf("%s: round %d: z = %g, want %g", kind, i+1, s.ZLoss, want)
			}
			inverse := 0.0 // a constant is at its mean
			if kind == "none" {
				inverse = 7
			}
			if math.Abs(s.SMeta-(want+0.5*inverse)) > 1e-12 {
				t.Errorf("%s: round %d: s_meta = %g", kind, i+1, s.SMeta)
			}
			// The statistics survive a restart.
			for _, z := range []*zScore{&target.loss, &target.inverse} {
				var again zScore
				if err := again.restore(c, z.state()); err != nil {
					t.Fatal(err)
				}
				*z = again
			}
		}
	}
}

func TestZFloorKeepsNoiseSmall(t *testing.T) {
	target := NewTarget(DefaultTarget())
	target.Next(2.300, 10)
	if s := target.Next(2.301, 10); math.Abs(s.SMeta) > 0.02 {
		t.Errorf("s_meta = %g of losses that hardly differ", s.SMeta)
	}
}
