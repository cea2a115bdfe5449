package meta

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/artifact/boundtest"
	"srn/pkg/dataset"
	"srn/pkg/record"
)

// Whatever a state holds, a run of meta-training takes it up between its
// rounds with finite numbers, or refuses it by the file and the field.
func FuzzState(f *testing.F) {
	type stopped struct {
		m    *Meta
		want artifact.Provenance
	}
	var runs []stopped
	for _, change := range []func(*Config){
		nil,
		func(c *Config) { c.Z, c.MetaGrad = "window", "unrolled" },
		func(c *Config) { c.Objective, c.OuterAverage = "gap", 0.7 },
		func(c *Config) { c.Objective, c.Surrogate = "gap", "dictionary" },
		func(c *Config) { c.Mode, c.InnerN, c.Refresh, c.Every = "online", 16, "cyclic", 3 },
	} {
		c := quick(change)
		asked := 0
		r, err := execute(f, f.TempDir(), c, false, func() bool { asked++; return asked > 10 || c.Mode == "online" })
		if !errors.Is(err, ErrInterrupted) {
			f.Fatal(err)
		}
		b := contents(f, StatePath(r.Out))
		f.Add(len(runs), b)
		for _, change := range []struct{ old, new string }{
			{`"round":"`, `"round":"9`}, {`"round":"`, `"round":"-`}, {`"srn-meta-state/1"`, `"srn-meta-state/2"`}, {`"theta"`, `"thota"`},
			{`\"lambda_srn\":1`, `\"lambda_srn\":2`}, {`"F64"`, `"I64"`}, {"\x00\x00\x80\x3f", "\x00\x00\xc0\x7f"}, {"\x00\x00\xf0\x3f", "\x00\x00\xf8\x7f"},
		} {
			f.Add(len(runs), bytes.ReplaceAll(b, []byte(change.old), []byte(change.new)))
		}
		m, _ := newMeta(f, c)
		runs = append(runs, stopped{m, r.File.Made()})
	}
	f.Fuzz(func(t *testing.T, run int, in []byte) {
		if run < 0 {
			return
		}
		m, want := runs[run%len(runs)].m, runs[run%len(runs)].want
		file, err := artifact.Decode(bytes.NewReader(in), "x.state", artifact.Limits{Header: 1 << 20, Total: 4 << 20})
		if err != nil {
			return
		}
		boundtest.Allocates(t, 8<<20, func() { err = startAfresh(m.restore(file, "x.state", want)) })
		if err != nil {
			var bad *artifact.FormatError
			if !errors.As(err, &bad) || bad.Path == "" || bad.Field == "" || bad.Mend == "" {
				t.Fatalf("%v is a %T", err, err)
			}
			return
		}
		if m.round < 1 || m.round > m.Rounds {
			t.Fatalf("round %d", m.round)
		}
		for _, b := range m.buffers() {
			if !finite(m.be.Dot(b.Buffer, b.Buffer)) {
				t.Fatalf("%s is not finite", b.Name)
			}
		}
		if err := m.saveState(filepath.Join(t.TempDir(), "again"), want); err != nil {
			t.Fatal(err)
		}
	})
}

// A state that no run can have left is refused by its field.
func TestResumeRefusesWhatNoRunLeft(t *testing.T) {
	folder, c := t.TempDir(), quick(func(c *Config) { c.OuterAverage = 0.7 })
	asked := 0
	r, err := execute(t, folder, c, false, func() bool { asked++; return asked > 10 })
	if !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	records := contents(t, r.Metrics)
	nan := math.Float32frombits(0x7fc00000)
	for field, change := range map[string]func(*artifact.File){
		`metadata "round"`:                 func(f *artifact.File) { f.Metadata["round"] = strconv.Itoa(c.Rounds + 1) },
		`tensor "outer.count"`:             func(f *artifact.File) { f.Metadata["round"] = "4" },
		`tensor "theta"`:                   func(f *artifact.File) { poison(f, "theta", nan) },
		`tensor "phi"`:                     func(f *artifact.File) { poison(f, "phi", nan) },
		`tensor "velocity"`:                func(f *artifact.File) { f.Tensors = f.Tensors[:len(f.Tensors)-1] },
		`tensor "z_val_loss"`:              func(f *artifact.File) { poison(f, "z_val_loss", -1) },
		`tensor "state.guidance.gradient"`: func(f *artifact.File) { poison(f, "state.guidance.gradient", nan) },
	} {
		f, err := artifact.Read(StatePath(r.Out), artifact.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		change(f)
		m, _ := newMeta(t, c)
		err = startAfresh(m.restore(f, "x.state", r.File.Made()))
		if err == nil || !strings.HasPrefix(err.Error(), "x.state: "+field) || !strings.HasSuffix(err.Error(), "; delete the file to start afresh") {
			t.Errorf("%s: %v", field, err)
		}
	}
	// Nor are the records of another run cut.
	other := quick(func(c *Config) { c.OuterAverage, c.Lambda = 0.7, 2 })
	header := record.Header{Tool: "srn-meta", Config: other.Record(record.Network{Arch: "logistic", Classes: 4}, &dataset.Data{}, "f32", "")}
	w, err := artifact.CreateRecords(r.Metrics, header)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	before := contents(t, r.Metrics)
	if _, err := execute(t, folder, c, true, going); err == nil || !strings.Contains(err.Error(), "is of another run: lambda_srn was 2, now 1") {
		t.Errorf("records of another run: %v", err)
	}
	if !bytes.Equal(contents(t, r.Metrics), before) {
		t.Error("records of another run were changed")
	}
	if err := os.WriteFile(r.Metrics, records, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := execute(t, folder, c, true, going); err != nil {
		t.Error(err)
	}
}

// poison gives one number of a tensor another value.
func poison(f *artifact.File, name string, v float32) {
	for i, t := range f.Tensors {
		switch {
		case t.Name == name && t.DType == artifact.F32:
			values, _ := t.Float32s()
			values[0] = v
			f.Tensors[i] = artifact.Float32(name, t.Shape, values)
		case t.Name == name:
			values, _ := t.Float64s()
			values[0] = float64(v)
			f.Tensors[i] = artifact.Float64(name, t.Shape, values)
		}
	}
}
