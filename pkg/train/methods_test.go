package train

import (
	"context"
	"errors"
	"strings"
	"testing"

	"srn/pkg/method"
	"srn/pkg/run/runtest"
)

// settings fit methods to runs of a few steps.
var settings = map[string]string{
	"l-softmax":   "base=1", // λ falls over thousands of steps
	"energy-ood":  "m-in=-5,m-out=-3",
	"energy-in":   "m-in=-5",
	"logitnorm":   "tau=0.2",
	"barron":      "rate=0.1",
	"smooth01":    "warmup=0.5",
	"consistency": "lambda=0.3",
	"ala":         "every=3,val-images=8",
}

// combined are methods of several parts, besides those of one.
var combined = []string{"sam+cutout+label-smoothing", "meta-weight-net+mixup", "spectral-norm+r-drop+logitnorm"}

// TestMethodsLearnAndResume: every method fits the few images well above
// chance, and gives the same bytes when it is stopped and resumed with
// another number of threads.
func TestMethodsLearnAndResume(t *testing.T) {
	names := combined
	for _, m := range method.Methods() {
		names = append(names, m.Name)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			c := testConfig
			c.Method, c.Epochs, c.CheckpointEvery = name, 4, 0
			c.Parameters = map[string]any{}
			for _, set := range strings.Split(settings[name], ",") {
				if key, value, ok := strings.Cut(set, "="); ok {
					c.Parameters[key] = value
				}
			}
			info, err := method.Find(name)
			if err != nil {
				t.Fatal(err)
			}
			if info.Validation {
				c.TrainSplit = "meta_train"
			}
			dir := t.TempDir()
			r := newRun(t, dir, 1, c, false)
			var last Epoch
			r.EpochDone = func(e Epoch) { last = e }
			if err := r.Train(t.Context()); err != nil {
				t.Fatal(err)
			}
			// So few steps leave running statistics near where they begin: the
			// test accuracy says little yet. The classes differ in brightness,
			// which autoaugment takes away.
			if last.TrainTop1 < 0.45 && name != "autoaugment" {
				t.Errorf("accuracy in training %g, where chance has 0.25", last.TrainTop1)
			}
			want := outputs(t, dir)

			dir = t.TempDir()
			r = newRun(t, dir, 1, c, false)
			if err := r.Train(runtest.After(5)); !errors.Is(err, context.Canceled) {
				t.Fatalf("%v, want an interruption", err)
			}
			if err := r.Records.Close(); err != nil {
				t.Fatal(err)
			}
			if err := newRun(t, dir, 2, c, true).Train(t.Context()); err != nil {
				t.Fatal(err)
			}
			sameOutputs(t, "resumed", outputs(t, dir), want)
		})
	}
}
