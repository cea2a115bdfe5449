package train

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/dataset"
	"srn/pkg/device/cpu"
	"srn/pkg/method"
	"srn/pkg/record"
	"srn/pkg/resnet"
	"srn/pkg/run"
	"srn/pkg/run/runtest"
	"srn/pkg/srn/guidance"
	"srn/pkg/srn/surrogate"
)

// testConfig is a run of a few steps.
var testConfig = Config{record.Fit{
	Network: record.Network{Arch: "resnet8", Classes: 4},
	Training: record.Training{Data: record.Data{Dataset: "random", TrainSplit: "train"}, Method: "srn", Methods: []string{}, Parameters: map[string]any{},
		Epochs: 2, BatchSize: 16, LR: 0.05, Schedule: "cosine", Momentum: 0.9, WeightDecay: 1e-3, Augment: "crop-flip", Seed: 3,
		EvalEvery: 1, CheckpointEvery: 1, Precision: "f32"},
}}

// testData is 40 images of noise in 4 classes, each with its own brightness.
func testData() *dataset.Data {
	d := &dataset.Data{Name: "random", Classes: []string{"a", "b", "c", "d"},
		Mean: [3]float32{.5, .5, .5}, Std: [3]float32{.25, .25, .25}}
	for _, s := range []*dataset.Split{&d.Train, &d.Test} {
		for i := range 40 {
			s.Labels = append(s.Labels, int32(i%4))
			for j := range dataset.Pixels {
				s.Pixels = append(s.Pixels, byte(i%4*50+(i*7919+j*104729)%97))
			}
		}
	}
	if err := d.Part(0.2, 1); err != nil {
		panic(err)
	}
	return d
}

// newRun starts or resumes a run into a folder.
func newRun(t testing.TB, dir string, threads int, c Config, resume bool) *Run {
	t.Helper()
	return newRunOn(t, dir, threads, c, resume, kernels.Best())
}

// newRunOn is newRun on a set of kernels.
func newRunOn(t testing.TB, dir string, threads int, c Config, resume bool, kernelSet *kernels.Set) *Run {
	t.Helper()
	be := cpu.New(threads, kernelSet)
	t.Cleanup(be.Close)
	info, err := method.Find(c.Method)
	if err != nil {
		t.Fatal(err)
	}
	var set []string
	for _, name := range slices.Sorted(maps.Keys(c.Parameters)) {
		set = append(set, fmt.Sprintf("%s=%v", name, c.Parameters[name]))
	}
	settings, err := info.Settings(set)
	if err != nil {
		t.Fatal(err)
	}
	data, needs := testData(), info.Needs(settings)
	net, err := resnet.New(be, resnet.Config{Arch: c.Arch, Classes: 4, Batch: needs.Copies * c.BatchSize,
		Tangents: needs.Tangents, InputGrad: needs.InputGrad, FeatureMask: needs.FeatureMask})
	if err != nil {
		t.Fatal(err)
	}
	options := method.Options{Net: net, Settings: settings, Guidance: guidance.Options{Lambda: 1, Every: 2, Refresh: c.GuidanceRefresh},
		Seed: uint64(c.Seed), Mean: data.Mean, Std: data.Std,
		Validation: &method.Validation{Images: data.Images(&data.Train), Labels: data.Train.Labels, Indices: data.MetaVal}}
	if info.Surrogate {
		form := surrogate.DefaultConfig()
		if c.Surrogate != "" {
			form.Surrogate = c.Surrogate
		}
		form.Channels = []int{16, 16}
		if options.Surrogate, err = surrogate.New(be, form, net.Layout()); err != nil {
			t.Fatal(err)
		}
		options.Surrogate.Init(1)
	}
	m, err := info.New(options)
	if err != nil {
		t.Fatal(err)
	}
	r := &Run{Config: c, Data: data, Net: net, Method: m,
		Files: run.Files{Output: filepath.Join(dir, "net.safetensors"), Metrics: filepath.Join(dir, "m.jsonl"), Series: c.Series(dir),
			Provenance: artifact.Provenance{Format: checkpoint.Format, Tool: "srn-fit", Config: c.Fit}}}
	r.Meta.Provenance = r.Files.Provenance
	r.Meta.Arch, r.Meta.NumClasses, r.Meta.Training = c.Arch, 4, &r.Config.Training
	if err := r.Prepare(); err != nil {
		t.Fatal(err)
	}
	mode := map[bool]run.Mode{true: run.Resume}[resume]
	begin, err := r.Files.Begin(mode)
	if err != nil || (begin.State != nil) != resume {
		t.Fatalf("begins with %+v, %v", begin, err)
	}
	var saved Saved
	if resume {
		if saved, err = r.Restore(begin); err != nil {
			t.Fatal(err)
		}
	}
	if r.Records, err = r.Files.OpenMetrics(begin, saved.Records, record.Header{Tool: "srn-fit", Seed: c.Seed, Config: c.Fit}); err != nil {
		t.Fatal(err)
	}
	return r
}

// outputs are the files of a finished run, without what depends on time.
func outputs(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if e.Name() == "m.jsonl" {
			b = wallTimes.ReplaceAll(b, nil)
		}
		out[e.Name()] = string(b)
	}
	return out
}

// wallTimes are the fields of a record that no two runs share.
var wallTimes = regexp.MustCompile(`,"(\w+_seconds|images_per_second)":[^,}]+`)

func sameOutputs(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d files, want %d", what, len(got), len(want))
	}
	for name, w := range want {
		if got[name] != w {
			t.Errorf("%s: %s differs", what, name)
		}
	}
}

func TestSameBytesResumedAndAtAnyThreads(t *testing.T) {
	for _, test := range []struct{ method, surrogate, refresh string }{
		{"ce", "", ""}, {"srn", "conv", ""}, {"srn", "conv", "cyclic"}, {"srn", "mlp", ""}, {"srn", "dictionary", ""},
	} {
		t.Run(strings.TrimSpace(test.method+" "+test.surrogate+" "+test.refresh), func(t *testing.T) {
			c := testConfig
			c.Method, c.Surrogate, c.GuidanceRefresh = test.method, test.surrogate, test.refresh
			dir := t.TempDir()
			if err := newRun(t, dir, 1, c, false).Train(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := outputs(t, dir)
			// 3 steps an epoch: stop after each of the first five, on 1 to 3 threads.
			for stop := 1; stop <= 5; stop++ {
				dir := t.TempDir()
				r := newRun(t, dir, 1+stop%3, c, false)
				if err := r.Train(runtest.After(stop)); !errors.Is(err, context.Canceled) {
					t.Fatalf("stopped after %d steps: %v, want an interruption", stop, err)
				}
				if err := r.Records.Close(); err != nil {
					t.Fatal(err)
				}
				if err := newRun(t, dir, 1+(stop+1)%3, c, true).Train(t.Context()); err != nil {
					t.Fatal(err)
				}
				sameOutputs(t, "resumed", outputs(t, dir), want)
			}
		})
	}
}

func TestTrainingLearns(t *testing.T) {
	c := testConfig
	c.Method, c.Epochs = "ce", 4
	r := newRun(t, t.TempDir(), 2, c, false)
	var first, last Epoch
	r.EpochDone = func(e Epoch) {
		if e.Epoch == 1 {
			first = e
		}
		last = e
	}
	if err := r.Train(t.Context()); err != nil {
		t.Fatal(err)
	}
	if last.TrainLoss > 0.8*first.TrainLoss || last.Test == nil || last.Test.Top1 < 0.5 {
		t.Errorf("loss went from %.3f to %.3f, test accuracy %+v", first.TrainLoss, last.TrainLoss, last.Test)
	}
}

func TestDivergenceNamesStepAndState(t *testing.T) {
	c := testConfig
	c.Method, c.LR, c.Epochs, c.CheckpointEvery = "ce", 1e30, 3, 0
	dir := t.TempDir()
	err := newRun(t, dir, 1, c, false).Train(t.Context())
	var diverged *DivergedError
	if !errors.As(err, &diverged) || diverged.Epoch != 1 || diverged.Step != 2 && diverged.Step != 3 {
		t.Errorf("error %v, want a divergence in epoch 1", err)
	}
}

// Whatever the method, a rate that is far too high is found in the step that
// makes numbers infinite, and what was saved before is named and finite.
func TestDivergenceKeepsTheLastGood(t *testing.T) {
	for _, name := range []string{"ce", "srn", "sam", "gsam", "mixup", "r-drop"} {
		c := testConfig
		c.Method, c.Epochs, c.EvalEvery, c.Schedule = name, 3, 0, "constant"
		dir := t.TempDir()
		r := newRun(t, dir, 1, c, false)
		r.EpochDone = func(Epoch) { r.Config.LR = 1e38 }
		err := r.Train(t.Context())
		var diverged *DivergedError
		if !errors.As(err, &diverged) || diverged.Epoch != 2 || diverged.Step > 2 {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diverged.LastGood != r.Files.Output+".state" {
			t.Errorf("%s: last good is %q", name, diverged.LastGood)
		}
		for _, path := range []string{r.Files.Output + ".state", filepath.Join(dir, "epoch-0001.safetensors.zst")} {
			f, err := artifact.Read(path, artifact.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			for _, tensor := range f.Tensors {
				values, err := tensor.Float64s()
				for i, v := range values {
					if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
						t.Fatalf("%s: %s: %s[%d] is %g (%v)", name, path, tensor.Name, i, v, err)
					}
				}
			}
		}
	}
}

func TestRate(t *testing.T) {
	c := Config{record.Fit{Training: record.Training{LR: 0.06, Epochs: 200, Schedule: "cosine"}}}
	for epoch, want := range map[int]float64{1: 0.06, 101: 0.03, 200: 0.06 / 2 * (1 - math.Cos(math.Pi/200))} {
		if got := c.Rate(epoch); math.Abs(got-want) > 1e-15 {
			t.Errorf("epoch %d: rate %g, want %g", epoch, got, want)
		}
	}
}

func TestStepsAllocateNothing(t *testing.T) {
	c := testConfig
	c.Method = "ce"
	r := newRun(t, t.TempDir(), 2, c, false)
	step := func() {
		if err := r.trainStep(0.01); err != nil {
			t.Fatal(err)
		}
		r.step = (r.step + 1) % r.sampler.Steps()
	}
	step()
	if allocations := testing.AllocsPerRun(20, step); allocations != 0 {
		t.Errorf("a step allocates %v times", allocations)
	}
}
