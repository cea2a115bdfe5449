package train

import (
	"errors"
	"strings"
	"testing"

	kernels "srn/kernels/cpu"
)

// A shadow on plain Go kernels agrees with every set, whatever the method, and
// changes nothing; a kernel that is off by a little is found in the first step,
// with the tensor.
func TestShadow(t *testing.T) {
	for _, name := range []string{"ce", "srn", "sam", "mixup", "l2t-dln-like"} {
		c := testConfig
		c.Method, c.Epochs, c.EvalEvery = name, 1, 0
		if name == "l2t-dln-like" {
			c.Split = "meta_train"
		}
		plain := t.TempDir()
		if err := newRun(t, plain, 1, c, false).Train(); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		r := newRun(t, dir, 1, c, false)
		r.Shadow = newRunOn(t, t.TempDir(), 1, c, false, generic(t))
		if err := r.Train(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		sameOutputs(t, name, outputs(t, dir), outputs(t, plain))
	}

	broken := *kernels.Best()
	broken.GemmT = func(g *kernels.GemmT) {
		kernels.Best().GemmT(g)
		for i := range g.C {
			g.C[i] *= 1.1
		}
	}
	c := testConfig
	c.Method, c.Epochs, c.EvalEvery = "ce", 1, 0
	r := newRunOn(t, t.TempDir(), 1, c, false, &broken)
	r.Shadow = newRunOn(t, t.TempDir(), 1, c, false, generic(t))
	var wrong *ShadowError
	if err := r.Train(); !errors.As(err, &wrong) || wrong.Step != 1 || !strings.HasPrefix(wrong.What, "the gradient of ") {
		t.Errorf("a broken kernel: %v", err)
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
