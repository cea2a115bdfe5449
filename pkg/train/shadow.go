package train

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"srn/pkg/artifact"
	"srn/pkg/device"
	"srn/pkg/rng"
)

// A shadow is a second run of the same configuration on another backend, such
// as the plain Go kernels. It takes every shadowEvery-th step of an epoch from
// the state that the run is in, and both must come to the same numbers.
const shadowEvery = 100

// ShadowTolerance is how far what the two compute may lie apart, relative to
// its norm, without a further look. Gradients may lie further apart at times:
// where rounding takes a unit's input from one side of zero to the other, the
// unit's share of a gradient comes or goes. So a difference beyond it counts
// only if it is more than several times what plain Go itself comes to from
// parameters that differ by sway, some hundred times what rounding does.
const (
	ShadowTolerance = 1e-2
	sway            = 1. / (1 << 15)
	several         = 3
)

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
		return &ShadowError{diverged.Epoch, diverged.Step, diverged.What, "not finite, but finite in plain Go"}
	case there && failed == nil:
		return &ShadowError{shadowDiverged.Epoch, shadowDiverged.Step, shadowDiverged.What, "finite, but not finite in plain Go"}
	case failed != nil:
		return failed
	case shadowFailed != nil:
		return shadowFailed
	}
	return r.compare(before, lr)
}

// compare compares what a step from a state has left in the run and in its
// shadow.
func (r *Run) compare(before *artifact.File, lr float32) error {
	names, got := r.figures()
	_, want := r.Shadow.figures()
	difference := distances(got, want)
	r.Agreement.Steps++
	for i, d := range difference {
		if d > r.Agreement.Difference {
			r.Agreement.What, r.Agreement.Difference = names[i], d
		}
	}
	if slices.Max(difference) <= ShadowTolerance {
		return nil
	}
	allowed := make([]float64, len(names))
	for _, by := range []float32{sway, -sway} {
		swayed, err := r.Shadow.swayed(before, lr, by)
		if err != nil {
			return err
		}
		for i, d := range distances(swayed, want) {
			allowed[i] = max(allowed[i], several*d, ShadowTolerance)
		}
	}
	for i, d := range difference {
		if !(d <= allowed[i]) {
			return &ShadowError{r.epoch, r.step + 1, names[i],
				fmt.Sprintf("lies %.1e of its norm from what plain Go computes, where rounding explains %.1e", d, allowed[i])}
		}
	}
	return nil
}

// swayed is what a step from a state leaves where each parameter is larger or
// smaller by a fraction.
func (r *Run) swayed(before *artifact.File, lr, by float32) ([]figure, error) {
	if err := r.adopt(before, "the state in memory"); err != nil {
		return nil, err
	}
	v := values(r.be, r.Net.Params())
	random := rng.New(uint64(r.Config.Seed), rng.Stream("sway"))
	for i := range v {
		if random.Uint64()&1 == 0 {
			v[i] *= 1 + by
		} else {
			v[i] *= 1 - by
		}
	}
	r.be.Write(r.Net.Params(), v)
	r.Net.Load()
	if err := r.trainStep(lr); err != nil {
		return nil, err
	}
	_, f := r.figures()
	return f, nil
}

// figure is a vector that a step leaves. Its differences are relative to its
// norm and that of others beside it.
type figure struct {
	values []float32
	beside float64
}

// figures are each tensor of the gradient, the running statistics, the
// parameters, logits and losses.
func (r *Run) figures() (names []string, list []figure) {
	add := func(name string, values []float32, beside float64) {
		names, list = append(names, name), append(list, figure{values, beside})
	}
	gradient := values(r.be, r.Net.Grad())
	whole := norm(gradient)
	for _, p := range r.Net.Layout() {
		// A tensor whose gradient all but vanishes is held to its share of the whole.
		share := 0.1 * whole * math.Sqrt(float64(p.Len())/float64(len(gradient)))
		add("the gradient of "+p.Name, gradient[p.Offset:][:p.Len()], share)
	}
	n := len(r.picks)
	logits := values(r.be, r.Net.Logits().Slice(0, n*r.Net.Classes))
	add("the running statistics", values(r.be, r.Net.Running()), 0)
	add("the parameters", values(r.be, r.Net.Params()), 0)
	add("the logits", logits, 0)
	// Where images are classified well, losses are differences of logits that
	// leave next to nothing.
	add("the losses", values(r.be, r.Net.Loss().Slice(0, n)), norm(logits))
	return names, list
}

// distances are those of figures from what they should be.
func distances(got, want []figure) []float64 {
	d := make([]float64, len(want))
	for i, w := range want {
		var square float64
		for k, v := range w.values {
			x := float64(got[i].values[k]) - float64(v)
			square += x * x
		}
		if square != 0 { // else also of a vector of zeros
			d[i] = math.Sqrt(square) / (norm(w.values) + w.beside)
		}
	}
	return d
}

func values(be device.Backend, b device.Buffer) []float32 {
	v := make([]float32, b.Len())
	be.Read(v, b)
	return v
}

func norm(v []float32) float64 {
	var s float64
	for _, x := range v {
		s += float64(x) * float64(x)
	}
	return math.Sqrt(s)
}
