package train

import (
	"errors"
	"math"
	"strings"
	"testing"

	kernels "srn/kernels/cpu"
)

// A shadow on plain Go kernels agrees with every set, whatever the method, and
// changes nothing; a kernel that is off by a little is found in the first step,
// with the tensor.
func TestShadow(t *testing.T) {
	for _, name := range []string{"ce", "srn", "sam", "mixup", "l2t-dln"} {
		c := testConfig
		c.Method, c.Epochs, c.EvalEvery = name, 1, 0
		if name == "l2t-dln" {
			c.TrainSplit = "meta_train"
		}
		plain := t.TempDir()
		if err := newRun(t, plain, 1, c, false).Train(t.Context()); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		r := newRun(t, dir, 1, c, false)
		r.Shadow = newRunOn(t, t.TempDir(), 1, c, false, generic(t))
		if err := r.Train(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if a := r.Agreement; a.Steps != 1 || a.What == "" || !(a.Difference <= ShadowTolerance) {
			t.Errorf("%s: %+v", name, a)
		}
		sameOutputs(t, name, outputs(t, dir), outputs(t, plain))
	}

	for factor, want := range map[float32]string{
		1.1:                  "the gradient of ",
		float32(math.Inf(1)): "loss or gradient is not finite, but",
		float32(math.NaN()):  "loss or gradient is not finite, but",
	} {
		broken := *kernels.Best()
		broken.GemmT = func(g *kernels.GemmT) {
			kernels.Best().GemmT(g)
			for i := range g.C {
				g.C[i] *= factor
			}
		}
		c := testConfig
		c.Method, c.Epochs, c.EvalEvery = "ce", 1, 0
		r := newRunOn(t, t.TempDir(), 1, c, false, &broken)
		r.Shadow = newRunOn(t, t.TempDir(), 1, c, false, generic(t))
		var wrong *ShadowError
		if err := r.Train(t.Context()); !errors.As(err, &wrong) || wrong.Step != 1 || !strings.HasPrefix(wrong.What+" "+wrong.Problem, want) {
			t.Errorf("a kernel off by %g: %v", factor, err)
		}
	}
}

func generic(t *testing.T) *kernels.Set {
	t.Helper()
	set, err := kernels.Named("generic")
	if err != nil {
		t.Fatal(err)
	}
	return set
}
