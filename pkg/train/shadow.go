package train

import (
	"errors"
	"fmt"
	"math"

	"srn/pkg/device"
)

// A shadow is a second run of the same configuration on another backend, such
// as the plain Go kernels. It takes every shadowEvery-th step of an epoch from
// the state that the run is in, and both must come to the same numbers.
const shadowEvery = 100

// ShadowTolerance is how far what the two compute may lie apart, relative to
// its norm. Rounding stays below a tenth of it in all that was tried.
const ShadowTolerance = 1e-2

// ShadowError says that the two did not come to the same.
type ShadowError struct {
	Epoch, Step int
	What        string // such as "the gradient of conv1.weight"
	Problem     string
}

func (e *ShadowError) Error() string {
	return fmt.Sprintf("epoch %d, step %d: %s %s", e.Epoch, e.Step, e.What, e.Problem)
}

// Agreement is what a run and its shadow came to so far.
type Agreement struct {
	Steps      int     // compared
	What       string  // differed most
	Difference float64 // of it, relative to its norm
}

// checkedStep takes a step, and where it is due lets the shadow take it too.
// Numbers that are not finite in one of them alone are a difference as well.
func (r *Run) checkedStep(lr float32) error {
	if r.Shadow == nil || r.step%shadowEvery != 0 {
		return r.trainStep(lr)
	}
	before, err := r.state(r.epoch, r.step)
	if err != nil {
		return err
	}
	if err := r.Shadow.adopt(before, "the state in memory"); err != nil {
		return err
	}
	failed, shadowFailed := r.trainStep(lr), r.Shadow.trainStep(lr)
	var diverged, shadowDiverged *DivergedError
	switch here, there := errors.As(failed, &diverged), errors.As(shadowFailed, &shadowDiverged); {
	case here && shadowFailed == nil:
		return &ShadowError{r.epoch, r.step + 1, diverged.What, "not finite, but finite in plain Go"}
	case there && failed == nil:
		return &ShadowError{r.epoch, r.step + 1, shadowDiverged.What, "finite, but not finite in plain Go"}
	case failed != nil:
		return failed
	case shadowFailed != nil:
		return shadowFailed
	}
	return r.compare(r.Shadow)
}

// compare compares what a step has left in two networks: each tensor of the
// gradient and of the running statistics, logits and losses.
func (r *Run) compare(shadow *Run) error {
	gradient, reference := values(r, (*Run).gradient), values(shadow, (*Run).gradient)
	whole := norm(reference)
	check := func(what string, got, want []float32, floor float64) error {
		var square float64
		for i, v := range want {
			d := float64(got[i]) - float64(v)
			square += d * d
		}
		d := math.Sqrt(square) / (norm(want) + floor)
		if !(d <= ShadowTolerance) {
			return &ShadowError{r.epoch, r.step + 1, what,
				fmt.Sprintf("lies %.1e of its norm from what plain Go computes, more than rounding does (%g)", d, ShadowTolerance)}
		}
		if d > r.Agreement.Difference {
			r.Agreement.What, r.Agreement.Difference = what, d
		}
		return nil
	}
	for _, p := range r.Net.Layout() {
		// A tensor whose gradient all but vanishes is held to its share of the whole.
		share := 0.1 * whole * math.Sqrt(float64(p.Len())/float64(len(reference)))
		if err := check("the gradient of "+p.Name, gradient[p.Offset:][:p.Len()], reference[p.Offset:][:p.Len()], share); err != nil {
			return err
		}
	}
	for _, v := range []struct {
		what string
		of   func(*Run) device.Buffer
	}{
		{"the running statistics", func(r *Run) device.Buffer { return r.Net.Running() }},
		{"the parameters", func(r *Run) device.Buffer { return r.Net.Params() }},
		{"the logits", func(r *Run) device.Buffer { return r.Net.Logits().Slice(0, len(r.picks)*r.Net.Classes) }},
		{"the losses", func(r *Run) device.Buffer { return r.Net.Loss().Slice(0, len(r.picks)) }},
	} {
		if err := check(v.what, values(r, v.of), values(shadow, v.of), 0); err != nil {
			return err
		}
	}
	r.Agreement.Steps++
	return nil
}

func (r *Run) gradient() device.Buffer { return r.Net.Grad() }

func values(r *Run, of func(*Run) device.Buffer) []float32 {
	b := of(r)
	v := make([]float32, b.Len())
	r.be.Read(v, b)
	return v
}

func norm(v []float32) float64 {
	var s float64
	for _, x := range v {
		s += float64(x) * float64(x)
	}
	return math.Sqrt(s)
}
