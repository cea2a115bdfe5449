package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"srn/pkg/checkpoint"
	"srn/pkg/record"
	"srn/pkg/run"
	"srn/pkg/run/runtest"
)

// TestStepsAsPyTorchTakesThem: a weight of 0.5 and a scale of -0.25, three
// steps along gradients of 3k and 4k, k from 1, at 0.1, 0.1 and 0.01, momentum
// 0.9, weight decay 0.01. The numbers are those of torch.optim.SGD,
// clip_grad_norm_ and MultiStepLR in float64, PyTorch 1.12.
func TestStepsAsPyTorchTakesThem(t *testing.T) {
	for _, c := range []struct {
		nesterov bool
		clip     float64
		of       string
		want     [3][2]float64
	}{
		{false, 0, "", [3][2]float64{{0.1995, -0.64975}, {-0.6711495, -1.80887525}, {-0.83944084, -2.033015635}}},
		{false, 0, "weights", [3][2]float64{{0.1995, -0.65}, {-0.6711495, -1.81}, {-0.83944084, -2.0344}}},
		{false, 8, "", [3][2]float64{{0.1995, -0.64975}, {-0.551149452, -1.648875186}, {-0.666652785, -1.802631561}}},
		{true, 0, "", [3][2]float64{{-0.07095, -1.009525}, {-1.454220195, -2.851404403}, {-1.695444596, -3.172722639}}},
		{true, 0, "weights", [3][2]float64{{-0.07095, -1.01}, {-1.454220195, -2.854}, {-1.695444596, -3.17596}}},
		{true, 8, "weights", [3][2]float64{{-0.07095, -1.01}, {-1.226220104, -2.549999878}, {-1.377967815, -2.752599865}}},
	} {
		t.Run(fmt.Sprint(c.nesterov, c.clip, c.of), func(t *testing.T) {
			config := testConfig
			config.Method, config.WeightDecay, config.LR, config.Epochs, config.Schedule = "ce", 0.01, 0.1, 3, "step"
			config.Recipe = record.Recipe{Milestones: []int{2}, LRDrop: 0.1, Nesterov: c.nesterov, ClipNorm: c.clip, DecayOf: c.of}
			if err := config.Check(); err != nil {
				t.Fatal(err)
			}
			r := newRun(t, t.TempDir(), 1, config, false)
			weight, scale := r.Net.Layout()[0], r.Net.Layout()[1]
			p, g := make([]float32, r.Net.Params().Len()), make([]float32, r.Net.Params().Len())
			p[weight.Offset], p[scale.Offset] = 0.5, -0.25
			r.be.Write(r.Net.Params(), p)
			for k, want := range c.want {
				g[weight.Offset], g[scale.Offset] = float32(3*(k+1)), float32(4*(k+1))
				r.be.Write(r.Net.Grad(), g)
				r.descent.step(float32(config.Rate(k + 1)))
				p = values(r.be, r.Net.Params())
				for i, at := range []int{weight.Offset, scale.Offset} {
					if math.Abs(float64(p[at])-want[i]) > 1e-6 {
						t.Errorf("step %d: %g, want %g", k+1, p[at], want[i])
					}
				}
			}
		})
	}
}

func TestRatesOfRecipes(t *testing.T) {
	c := Config{record.Fit{Training: record.Training{LR: 0.1, Epochs: 200, Schedule: "step", Recipe: record.Recipe{Milestones: []int{100, 150}, LRDrop: 0.1, Warmup: 2}}}}
	for _, at := range []struct {
		epoch, step int
		want        float64
	}{{1, 0, 0.1 / 20}, {1, 9, 0.05}, {2, 8, 0.095}, {2, 9, 0.1}, {3, 0, 0.1}, {100, 5, 0.1}, {101, 0, 0.01}, {150, 0, 0.01}, {151, 0, 0.001}} {
		if got := c.StepRate(at.epoch, at.step, 10); math.Abs(got-at.want) > 1e-15 {
			t.Errorf("epoch %d, step %d: rate %g, want %g", at.epoch, at.step, got, at.want)
		}
	}
}

// TestAverageIsKept: the checkpoint holds the average of what every step left,
// and training goes on from the parameters themselves.
func TestAverageIsKept(t *testing.T) {
	c := testConfig
	c.Method, c.EMA = "ce", 0.8
	dir := t.TempDir()
	r := newRun(t, dir, 1, c, false)
	average := values(r.be, r.Net.Params())
	asked := runtest.When(func() bool { // after each step but an epoch's last, and after the epoch
		for i, v := range values(r.be, r.Net.Params()) {
			average[i] = 0.8*average[i] + 0.2*v
		}
		return false
	})
	if err := r.Train(asked); err != nil {
		t.Fatal(err)
	}
	last := values(r.be, r.Net.Params()) // of which nobody was told
	kept, err := checkpoint.Load(filepath.Join(dir, "net.safetensors"), checkpoint.Overrides{Mean: &r.Data.Mean, Std: &r.Data.Std})
	if err != nil {
		t.Fatal(err)
	}
	worst, moved := 0.0, 0.0
	for i, v := range last {
		average[i] = 0.8*average[i] + 0.2*v
		worst = max(worst, math.Abs(float64(average[i]-kept.Params[i])))
		moved = max(moved, math.Abs(float64(v-kept.Params[i])))
	}
	if worst > 1e-6 || moved < 1e-4 {
		t.Errorf("the checkpoint is %g from the average, %g from the last parameters", worst, moved)
	}

	plain := c
	plain.EMA = 0
	s := newRun(t, t.TempDir(), 1, plain, false)
	if err := s.Train(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(values(s.be, s.Net.Params()), last) {
		t.Error("the average has changed what is trained")
	}
}

// TestRecipesResume: the same bytes, whatever the recipe, after an interruption.
func TestRecipesResume(t *testing.T) {
	c := testConfig
	c.Schedule = "step"
	c.Recipe = record.Recipe{Milestones: []int{1}, LRDrop: 0.2, Warmup: 0.7, Nesterov: true, DecayOf: "weights", ClipNorm: 1, EMA: 0.9}
	dir := t.TempDir()
	if err := newRun(t, dir, 1, c, false).Train(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := outputs(t, dir)
	for stop := 1; stop <= 5; stop++ {
		dir := t.TempDir()
		r := newRun(t, dir, 1+stop%3, c, false)
		if err := r.Train(runtest.After(stop)); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if err := r.Records.Close(); err != nil {
			t.Fatal(err)
		}
		if stop == 1 {
			other := c
			other.Milestones, other.Nesterov = []int{2}, false
			files := r.Files
			files.Provenance.Config = other.Fit
			var differs *run.DifferentError
			if _, err := files.Begin(run.Resume); !errors.As(err, &differs) || len(differs.Differences) != 2 || differs.Differences[0].String() != "milestones was [1] and is now [2]" {
				t.Errorf("resumed with another recipe: %v", err)
			}
		}
		if err := newRun(t, dir, 1+(stop+1)%3, c, true).Train(t.Context()); err != nil {
			t.Fatal(err)
		}
		sameOutputs(t, "resumed", outputs(t, dir), want)
	}
}

// TestFromACheckpoint: training begins at its parameters and statistics.
func TestFromACheckpoint(t *testing.T) {
	c := testConfig
	c.Method, c.Epochs = "ce", 1
	dir := t.TempDir()
	r := newRun(t, dir, 1, c, false)
	if err := r.Train(t.Context()); err != nil {
		t.Fatal(err)
	}
	trained, running := values(r.be, r.Net.Params()), values(r.be, r.Net.Running())
	from, err := checkpoint.Load(filepath.Join(dir, "net.safetensors"), checkpoint.Overrides{Mean: &r.Data.Mean, Std: &r.Data.Std})
	if err != nil {
		t.Fatal(err)
	}
	s := newRun(t, t.TempDir(), 1, c, false)
	s.From = from
	if err := s.Prepare(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(values(s.be, s.Net.Params()), trained) || !slices.Equal(values(s.be, s.Net.Running()), running) {
		t.Error("it does not begin at the checkpoint")
	}
}

func TestCheckRefusesRecipes(t *testing.T) {
	for _, change := range []func(*Config){
		func(c *Config) { c.Schedule, c.LRDrop = "step", 0.1 },
		func(c *Config) { c.Schedule, c.Milestones, c.LRDrop = "step", []int{3, 2}, 0.1 },
		func(c *Config) { c.Schedule, c.Milestones, c.LRDrop = "step", []int{3}, 2 },
		func(c *Config) { c.Warmup = -1 }, func(c *Config) { c.ClipNorm = math.NaN() }, func(c *Config) { c.EMA = 1 },
		func(c *Config) { c.Nesterov, c.Momentum = true, 0 },
	} {
		c := testConfig
		change(&c)
		if c.Check() == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}
