package devicetest

import (
	"math"
	"math/rand/v2"
	"testing"

	"srn/pkg/device"
)

// steps is buffers that training steps leave, of up to batch images.
type steps struct {
	device.Figures
	be                   device.Backend
	loss, logits, labels []float32
}

func newSteps(be device.Backend, r *rand.Rand, classes, batch int) *steps {
	s := &steps{be: be, loss: random(r, batch), logits: random(r, batch*classes), labels: make([]float32, batch)}
	for i := range s.labels {
		s.labels[i] = float32(r.IntN(classes))
	}
	// Equals, and what compares with nothing.
	copy(s.logits, []float32{1, 3, 3, 3})
	s.labels[0] = 1
	s.logits[classes] = float32(math.NaN())
	s.labels[1] = 0
	s.Figures = device.Figures{Loss: upload(be, s.loss), Logits: upload(be, s.logits), Labels: upload(be, s.labels), Classes: classes,
		Gradient: upload(be, random(r, 5001)), Made: []device.Buffer{upload(be, random(r, 1000)), upload(be, random(r, 3))}}
	return s
}

// add adds a step to sums.
func (s *steps) add(to *device.Sums, n int) {
	for i := range n {
		to.Loss += float64(s.loss[i])
		row := s.logits[i*s.Classes:][:s.Classes]
		best := 0
		for k, v := range row {
			if v > row[best] {
				best = k
			}
		}
		if best == int(s.labels[i]) {
			to.Correct++
		}
	}
	to.GradNorm += math.Sqrt(s.be.Dot(s.Gradient, s.Gradient))
}

// Tally tests sums over steps, which are those of the host to the last bit,
// and that the first fault is held.
func Tally(t *testing.T, be device.Backend) {
	const classes, batch = 7, 300
	r := rand.New(rand.NewPCG(31, 32))
	s := newSteps(be, r, classes, batch)
	tally := be.Tally(s.Figures)
	apart := s.Figures
	apart.Labels, apart.ByStep = nil, true
	byStep := be.Tally(apart)
	read := func(what string, tally device.Tally, want device.Sums) {
		t.Helper()
		if got, fault, found := tally.Read(); got != want || found {
			t.Errorf("%s: %+v, fault %+v (%v), want %+v", what, got, fault, found, want)
		}
	}
	read("no step", tally, device.Sums{})
	want := device.Sums{Loss: 0.1, Correct: 3, GradNorm: 1e3}
	tally.Set(want)
	var wantByStep device.Sums
	for i, n := range []int{batch, 1, 256, 299} {
		tally.Add(i+1, n)
		s.add(&want, n)
		byStep.Add(i+1, n)
		var step device.Sums
		s.add(&step, n)
		wantByStep.Loss += step.Loss
		wantByStep.GradNorm += step.GradNorm
	}
	read("four steps", tally, want)
	read("four steps by themselves, without labels", byStep, wantByStep)
	if _, found := tally.Fault(); found {
		t.Error("a fault in steps without one")
	}

	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		name string
		in   device.Buffer
		at   int
		v    float32
		made int
	}{
		{"loss", s.Loss, 5, nan, -1},
		{"gradient", s.Gradient, 5000, -inf, -1},
		{"gradient too large", s.Gradient, 0, 1e38, 0}, // whose square is a float64
		{"parameters", s.Made[0], 999, inf, 0},
		{"statistics", s.Made[1], 2, nan, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			tally.Set(device.Sums{})
			tally.Add(7, batch)
			place := c.in.Slice(c.at, c.at+1)
			before := download(be, place)
			be.Write(place, []float32{c.v})
			tally.Add(8, batch)
			be.Fill(s.Made[1], nan) // a later fault
			tally.Add(9, batch)
			be.Fill(s.Made[1], 1)
			be.Write(place, before)
			want := device.Fault{Step: 8, Made: c.made}
			if c.name == "gradient too large" {
				want = device.Fault{Step: 9, Made: 1}
			}
			if _, f, found := tally.Read(); !found || f != want {
				t.Errorf("fault %+v (%v), want %+v", f, found, want)
			}
			// Sooner or later it is known without waiting for it.
			for step := 10; ; step++ {
				if f, found := tally.Fault(); found && f == want {
					break
				} else if found || step > 1000 {
					t.Fatalf("by step %d the fault is %+v (%v), want %+v", step, f, found, want)
				}
				tally.Add(step, batch)
			}
		})
	}
}

// Blend tests multiples of a vector that are given, or chosen by norms.
func Blend(t *testing.T, be device.Backend) {
	r := rand.New(rand.NewPCG(33, 34))
	for _, n := range []int{1, 1000, 75_290} {
		blend := be.Blend()
		x, y := random(r, n), random(r, n)
		bx := upload(be, x)
		xNorm := math.Sqrt(be.Dot(bx, bx))
		blend.SetRatios(0.25)
		ratios := 0.25
		for _, c := range []struct{ factor, share float64 }{{-1.5, 0}, {0, 0.1}, {0, 0}} {
			by := upload(be, y)
			norm := math.Sqrt(be.Dot(by, by))
			blend.Add(by, bx, xNorm, c.factor, c.share)
			factor := c.factor
			if c.share != 0 {
				factor = c.share * norm / xNorm
			}
			ratios += math.Abs(factor) * xNorm / norm
			want := make([]float64, n)
			for i := range want {
				want[i] = float64(y[i]) + factor*float64(x[i])
			}
			near(t, "sum", download(be, by), want, 1e-6)
			if got := blend.Ratios(); math.Abs(got-ratios) > 1e-14*ratios {
				t.Errorf("ratios %.17g, want %.17g", got, ratios)
			}
		}
		zero := be.New(n)
		blend.Add(zero, bx, xNorm, 0, 0.1)
		near(t, "a share of nothing", download(be, zero), make([]float64, n), 0)
		if got := blend.Ratios(); math.Abs(got-ratios) > 1e-14*ratios {
			t.Errorf("ratios %.17g after a share of nothing, want %.17g", got, ratios)
		}
	}
}
