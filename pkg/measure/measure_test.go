package measure

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/dataset"
	"srn/pkg/device/cpu"
	"srn/pkg/landscape"
	"srn/pkg/measure/measuretest"
	"srn/pkg/record"
	"srn/pkg/run"
)

// session opens checkpoints of measuretest.
func session(t *testing.T, checkpoints ...string) *Session {
	t.Helper()
	dir := t.TempDir()
	if err := measuretest.Write(dir); err != nil {
		t.Fatal(err)
	}
	be := cpu.New(1, kernels.Best())
	t.Cleanup(func() { be.Close() })
	source := Source{Data: filepath.Join(dir, "data.safetensors.zst"), Split: "test", Precision: "f32"}
	for _, name := range checkpoints {
		source.Checkpoints = append(source.Checkpoints, filepath.Join(dir, name))
	}
	s, err := Open(be, source, Events{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func four() Loss { return Loss{Examples: &dataset.Examples{N: 4}, BN: "eval"} }

func hessian() Operator {
	return Operator{Loss: four(), Matrix: "hessian", Per: "all", Objective: "loss", Tau: 1}
}

// take runs a series after done, and returns what it writes.
func take(t *testing.T, s *Session, m Measurement, before map[string][][]float32, done ...record.Record) ([]record.Record, *Series) {
	t.Helper()
	series, err := NewSeries(s, m)
	if err != nil {
		t.Fatal(err)
	}
	if before != nil {
		series.Before = before
	}
	if err := series.Follows(done, false); err != nil {
		t.Fatal(err)
	}
	var list []record.Record
	if err := series.Run(context.Background(), done, func(r record.Record) error { list = append(list, r); return nil }); err != nil {
		t.Fatal(err)
	}
	return list, series
}

// timeless is a record as JSON, without wall times.
func timeless(t *testing.T, r record.Record) string {
	t.Helper()
	k, _ := record.Find(r.Type())
	for _, f := range k.Fields() {
		if v, ok := f.Value(r); ok && strings.HasSuffix(f.Key, "_seconds") {
			v.SetZero()
		}
	}
	line, err := record.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(line)
}

func equal(t *testing.T, got, want []record.Record) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range got {
		if g, w := timeless(t, got[i]), timeless(t, want[i]); g != w {
			t.Errorf("record %d is\n%s\nwant\n%s", i, g, w)
		}
	}
}

// A series that resumes after the first checkpoint, with the eigenvectors found
// there, writes what an undisturbed one does.
func TestResumeWarm(t *testing.T) {
	s := session(t, "net.safetensors.zst", "next.safetensors.zst")
	top := func() *Top {
		return &Top{Operator: hessian(), Algorithm: "lanczos", K: 1, Order: "la", Tol: 0.1, MaxSteps: 300, Verify: true, Warm: true}
	}
	all, _ := take(t, s, top(), nil)
	if first, second := all[0].(*record.Top), all[1].(*record.Top); first.WarmStart || !second.WarmStart || first.LambdaMax <= 0 {
		t.Fatalf("%+v\n%+v", first, second)
	}
	first := *s
	first.Checkpoints = s.Checkpoints[:1]
	done, before := take(t, &first, top(), nil)
	rest, _ := take(t, s, top(), before.Before, done...)
	equal(t, append(done, rest...), all)
}

// A landscape resumes after any of its records, within a checkpoint too.
func TestResumeLandscape(t *testing.T) {
	s := session(t, "net.safetensors.zst", "next.safetensors.zst")
	plot := func() *Landscape {
		return &Landscape{Loss: four(), Eigen: Eigen{Tol: 0.1, MaxSteps: 300}, X: &landscape.Axis{Min: -1, Max: 1, Steps: 3},
			Normalise: "filter", ScaleBy: "each"}
	}
	all, series := take(t, s, plot(), nil)
	if len(all) != 8 {
		t.Fatalf("%d records, want 8", len(all))
	}
	for n := range all {
		rest, _ := take(t, s, plot(), nil, all[:n]...)
		equal(t, rest, all[n:])
	}
	var foreign *ForeignRecordsError
	if err := series.Follows(append(all[:2:2], all[3:]...), false); !errors.As(err, &foreign) || foreign.Record != 2 {
		t.Errorf("with a record missing: %v", err)
	}
	if err := series.Follows(all[:7], true); !errors.As(err, &foreign) || foreign.Record != -1 {
		t.Errorf("complete without the last: %v", err)
	}
	if err := series.Follows(all, true); err != nil {
		t.Error(err)
	}
}

func TestInterrupted(t *testing.T) {
	s := session(t, "net.safetensors.zst")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	series, err := NewSeries(s, &Density{Operator: hessian(), Probes: 1, Steps: 5, Distribution: "normal"})
	if err != nil {
		t.Fatal(err)
	}
	err = series.Run(ctx, nil, func(record.Record) error { t.Error("a record is written"); return nil })
	var interrupted *InterruptedError
	if !errors.As(err, &interrupted) || !errors.Is(err, context.Canceled) || interrupted.ExitCode() != 130 {
		t.Errorf("error %v", err)
	}
}

func TestDiverged(t *testing.T) {
	s := session(t, "nan.safetensors.zst")
	for _, m := range []Measurement{
		&Eval{BatchSize: 7},
		&Trace{Operator: hessian(), Algorithm: "hutchinson", HVPs: 4, Distribution: "normal"},
		&Stability{Loss: four(), Follow: Follow{Eigen: Eigen{Tol: 0.1, MaxSteps: 30}}},
	} {
		series, err := NewSeries(s, m)
		if err != nil {
			t.Fatal(err)
		}
		err = series.Run(context.Background(), nil, func(record.Record) error { return nil })
		var d *DivergedError
		if !errors.As(err, &d) || d.Path != s.Checkpoints[0].Path || d.ExitCode() != 4 {
			t.Errorf("%T: error %v", m, err)
		}
	}
}

// Settings that cannot work are refused by their names.
func TestRefused(t *testing.T) {
	top := Top{Operator: hessian(), Algorithm: "lanczos", K: 1, Order: "la", Tol: 0.1, MaxSteps: 300}
	with := func(change func(*Top)) Measurement { m := top; change(&m); return &m }
	follow := Follow{Eigen: Eigen{Tol: 0.1, MaxSteps: 30}}
	for _, c := range []struct {
		setting string
		m       Measurement
	}{
		{"k", with(func(m *Top) { m.K = 0 })},
		{"k", with(func(m *Top) { m.K, m.Params, m.MaxSteps = 11, []string{"linear.bias"}, 100 })},
		{"tol", with(func(m *Top) { m.Tol = 1 })},
		{"max_steps", with(func(m *Top) { m.MaxSteps = 0 })},
		{"algorithm", with(func(m *Top) { m.Algorithm = "power" })},
		{"order", with(func(m *Top) { m.Order = "be" })},
		{"krylov", with(func(m *Top) { m.Krylov = 1 })},
		{"params", with(func(m *Top) { m.Params = []string{"conv9"} })},
		{"weight_decay", with(func(m *Top) { m.WeightDecay = -1 })},
		{"tau", with(func(m *Top) { m.Objective, m.Tau = "margin", 0 })},
		{"operator", with(func(m *Top) { m.Objective, m.Matrix = "margin", "ggn" })},
		{"batch_size", with(func(m *Top) { m.BatchSize = -1 })},
		{"examples", with(func(m *Top) { m.Examples = &dataset.Examples{N: 99} })},
		{"probes", &Density{Operator: hessian(), Steps: 5}},
		{"hvps", &Trace{Operator: hessian(), Algorithm: "hutch++", HVPs: 5}},
		{"tol", &Trace{Operator: hessian(), Algorithm: "hutch++", HVPs: 6, Tol: 0.1}},
		{"rho", &Worst{Loss: four(), Follow: follow, Rho: []float64{0.1, -1}}},
		{"ascent_tol", &Worst{Loss: four(), Follow: follow, AscentTol: 1}},
		{"tau", &Margin{Loss: four(), Follow: follow}},
		{"max_steps", &Stability{Loss: four(), Follow: Follow{Eigen: Eigen{Tol: 0.1}}}},
		{"check", &Landscape{Loss: four(), Eigen: Eigen{Tol: 0.1, MaxSteps: 30, CheckHVPs: true}}},
		{"y", &Landscape{Loss: four(), To: "next", Y: &landscape.Axis{Max: 1, Steps: 2}}},
		{"batch_size", &Eval{}},
	} {
		s := session(t, "net.safetensors.zst")
		_, err := NewSeries(s, c.m)
		var refused *run.SettingError
		if !errors.As(err, &refused) || refused.Setting != c.setting {
			t.Errorf("%T: want %s refused, error %v", c.m, c.setting, err)
		} else if strings.Contains(err.Error()+refused.Fix, "--") {
			t.Errorf("%T: %v names a flag", c.m, err)
		}
	}
}
