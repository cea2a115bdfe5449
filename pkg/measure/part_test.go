package measure

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/record"
)

// countdown is a display of progress that ends a context at the n-th batch.
type countdown struct {
	silent
	left   *int
	cancel context.CancelFunc
}

func (c countdown) Add(int) {
	if *c.left--; *c.left == 0 {
		c.cancel()
	}
}

// struck runs a series that is interrupted at its n-th product, 0 for never, and
// returns its records, what it saved last, and the products it took.
func struck(t *testing.T, s Session, m Measurement, state *artifact.File, n int, done ...record.Record) ([]record.Record, *artifact.File, int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	left := n
	s.Progress = func(int64, string) Progress { return countdown{left: &left, cancel: cancel} }
	series, err := NewSeries(&s, m)
	if err != nil {
		t.Fatal(err)
	}
	if state != nil {
		if err := series.Restore(state, "x.state", len(done)); err != nil {
			t.Fatal(err)
		}
	}
	written, saved := slices.Clone(done), (*artifact.File)(nil)
	at := -1
	series.Save = func() error {
		records, tensors := series.State()
		if records != len(written) {
			t.Errorf("a state of %d records where %d are written", records, len(written))
		}
		path := filepath.Join(t.TempDir(), "x.state")
		if err := artifact.Write(path, &artifact.File{Tensors: tensors}); err != nil {
			t.Fatal(err)
		}
		at = len(written)
		saved, err = artifact.Read(path, artifact.Limits{})
		return err
	}
	if err := series.Follows(done, false); err != nil {
		t.Fatal(err)
	}
	err = series.Run(ctx, done, func(r record.Record) error { written = append(written, r); return nil })
	var interrupted *InterruptedError
	if n > 0 && !errors.As(err, &interrupted) || n == 0 && err != nil {
		t.Fatalf("interrupted at product %d: %v", n, err)
	}
	if at < len(written) { // what run's Log makes of it
		saved = nil
	}
	return written, saved, n - left
}

// Densities and traces that are interrupted anywhere resume with the probe, or
// with the products that were computed together, and write what undisturbed
// ones do.
func TestResumeWithinBlock(t *testing.T) {
	stages, linear, checked := hessian(), hessian(), hessian()
	stages.Per, stages.WeightDecay = "stage", 0.01
	linear.Params = []string{"linear.*"}
	checked.Params, checked.CheckHVPs = linear.Params, true
	s := session(t, "net.safetensors.zst", "next.safetensors.zst")
	for name, c := range map[string]struct {
		stride int
		again  int // most products that are taken again
		make   func() Measurement
	}{
		"density":           {1, 3, func() Measurement { return &Density{Operator: linear, Probes: 3, Steps: 3, Distribution: "normal"} }},
		"density, checked":  {13, 20, func() Measurement { return &Density{Operator: checked, Probes: 3, Steps: 3, Distribution: "normal"} }},
		"density of stages": {7, 2, func() Measurement { return &Density{Operator: stages, Probes: 3, Steps: 2, Distribution: "rademacher"} }},
		"hutch++": {3, 8, func() Measurement {
			return &Trace{Operator: linear, Algorithm: "hutch++", HVPs: 30, Distribution: "rademacher"}
		}},
		"hutch++ of stages": {29, 8, func() Measurement {
			return &Trace{Operator: stages, Algorithm: "hutch++", HVPs: 12, Distribution: "normal"}
		}},
		"hutchinson": {3, 8, func() Measurement {
			return &Trace{Operator: linear, Algorithm: "hutchinson", HVPs: 20, Distribution: "normal"}
		}},
		"hutchinson of stages": {41, 8, func() Measurement {
			return &Trace{Operator: stages, Algorithm: "hutchinson", HVPs: 20, Tol: 0.5, Distribution: "normal"}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			want, _, total := struck(t, *s, c.make(), nil, 0)
			second := *s
			second.Checkpoints = s.Checkpoints[1:]
			alone, _, _ := struck(t, second, c.make(), nil, 0)
			equal(t, alone, want[len(want)/2:])
			parts := 0
			for n := 1; n <= total; n += c.stride {
				done, state, took := struck(t, *s, c.make(), nil, n)
				if state != nil {
					parts++
				}
				got, _, rest := struck(t, *s, c.make(), state, 0, done...)
				equal(t, got, want)
				if again := took + rest - total; again < 1 || again > c.again {
					t.Errorf("interrupted at product %d of %d, %d are taken again, want at most %d", n, total, again, c.again)
				}
				if t.Failed() {
					return
				}
			}
			if parts == 0 {
				t.Error("no part of a block was saved")
			}

			// Interrupted again and again.
			var state *artifact.File
			var done []record.Record
			for range total/(c.again+1) - 1 {
				done, state, _ = struck(t, *s, c.make(), state, c.again+1, done...)
			}
			got, _, _ := struck(t, *s, c.make(), state, 0, done...)
			equal(t, got, want)
		})
	}
}

// A state that is damaged is refused by the name of what is wrong.
func TestPartRefused(t *testing.T) {
	linear := hessian()
	linear.Params = []string{"linear.bias"} // of 10 parameters
	s := session(t, "net.safetensors.zst")
	f64 := func(name string, v ...float64) artifact.Tensor { return artifact.Float64(name, []int{len(v)}, v) }
	i64 := func(name string, v ...int64) artifact.Tensor { return artifact.Int64s(name, []int{len(v)}, v) }
	density := func(sizes, nodes, weights artifact.Tensor) []artifact.Tensor {
		return []artifact.Tensor{sizes, nodes, weights}
	}
	trace := func(counts artifact.Tensor, basis int, exact artifact.Tensor, samples int) []artifact.Tensor {
		return []artifact.Tensor{counts, artifact.Float32("basis", []int{basis}, make([]float32, basis)), exact,
			f64("forms", make([]float64, samples)...), f64("norms", make([]float64, samples)...)}
	}
	nan := math.NaN()
	exact := f64("exact", 1, 2, 3)
	for name, c := range map[string]struct {
		records int
		tensors []artifact.Tensor
		field   string // "" for one that is accepted
	}{
		"density":               {0, density(i64("sizes", 2, 1), f64("nodes", 1, 2, 1), f64("weights", 0, 1, 1)), ""},
		"no block":              {1, density(i64("sizes", 2, 1), f64("nodes", 1, 2, 1), f64("weights", 0, 1, 1)), "-"},
		"all probes":            {0, density(i64("sizes", 1, 1, 1), f64("nodes", 1, 2, 1), f64("weights", 1, 1, 1)), "sizes"},
		"a probe of nothing":    {0, density(i64("sizes", 0, 3), f64("nodes", 1, 2, 1), f64("weights", 0, 1, 1)), "sizes"},
		"too many nodes":        {0, density(i64("sizes", 4), f64("nodes", 1, 2, 3, 4), f64("weights", 0, 1, 0, 0)), "sizes"},
		"a node missing":        {0, density(i64("sizes", 2, 1), f64("nodes", 1, 2), f64("weights", 0, 1, 1)), "nodes"},
		"nodes not finite":      {0, density(i64("sizes", 2), f64("nodes", 1, nan), f64("weights", 0, 1)), "nodes"},
		"nodes out of order":    {0, density(i64("sizes", 2), f64("nodes", 2, 1), f64("weights", 0, 1)), "nodes"},
		"weights below 0":       {0, density(i64("sizes", 2), f64("nodes", 1, 2), f64("weights", -1, 2)), "weights"},
		"sizes of another type": {0, density(f64("sizes", 2), f64("nodes", 1, 2), f64("weights", 0, 1)), "sizes"},

		"trace":                {0, trace(i64("counts", 4, 3, 3, 2), 30, exact, 2), ""},
		"counts are few":       {0, trace(i64("counts", 4, 3, 3), 30, exact, 2), "counts"},
		"a count below 0":      {0, trace(i64("counts", 4, -1, 3, 2), 30, exact, 2), "counts"},
		"a count without end":  {0, trace(i64("counts", 4, 1<<40, 3, 2), 30, exact, 2), "counts"},
		"a shorter basis":      {0, trace(i64("counts", 4, 3, 3, 2), 20, exact, 2), "basis"},
		"exact is short":       {0, trace(i64("counts", 4, 3, 3, 2), 30, f64("exact", 1, 2), 2), "exact"},
		"exact is not finite":  {0, trace(i64("counts", 4, 3, 3, 2), 30, f64("exact", 1, 2, nan), 2), "exact"},
		"a sample missing":     {0, trace(i64("counts", 4, 3, 3, 2), 30, exact, 1), "forms"},
		"samples before exact": {0, trace(i64("counts", 4, 3, 2, 2), 30, exact, 2), "counts"},
		"nothing left":         {0, trace(i64("counts", 4, 3, 3, 5), 30, exact, 5), "counts"},
	} {
		var m Measurement = &Density{Operator: linear, Probes: 3, Steps: 3, Distribution: "normal"}
		if c.tensors[0].Name == "counts" {
			m = &Trace{Operator: linear, Algorithm: "hutch++", HVPs: 12, Distribution: "normal"}
		}
		series, err := NewSeries(s, m)
		if err != nil {
			t.Fatal(err)
		}
		err = series.Restore(&artifact.File{Tensors: c.tensors}, "x.state", c.records)
		var bad *artifact.FormatError
		switch errors.As(err, &bad); {
		case c.field == "":
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case bad == nil || bad.Path != "x.state" || c.field != "-" && bad.Field != `tensor "`+c.field+`"`:
			t.Errorf("%s: error %v, want one of %s", name, err, c.field)
		case m.(partial).part() != nil:
			t.Errorf("%s: a part is taken up", name)
		}
	}
}
