package meta

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/artifact/boundtest"
	"srn/pkg/record"
	"srn/pkg/run"
	"srn/pkg/run/runtest"
)

// Whatever a state holds, a run of meta-training takes it up between its
// rounds with finite numbers, or refuses it by the file and the field.
func FuzzState(f *testing.F) {
	var runs []*Meta
	for _, change := range []func(*Config){
		nil,
		func(c *Config) { c.Z, c.MetaGrad = "window", "unrolled" },
		func(c *Config) { c.Objective, c.OuterAverage = "gap", 0.7 },
		func(c *Config) { c.Objective, c.Surrogate = "gap", "dictionary" },
		func(c *Config) { c.Mode, c.InnerN, c.Refresh, c.Every = "online", 16, "cyclic", 3 },
	} {
		c := quick(change)
		ask := 11
		if c.Mode == "online" {
			ask = 1
		}
		r, err := execute(f, runtest.After(ask), f.TempDir(), c, run.Start)
		if !errors.Is(err, context.Canceled) {
			f.Fatal(err)
		}
		b := contents(f, r.Files.Output+".state")
		f.Add(len(runs), b)
		for _, change := range []struct{ old, new string }{
			{`"round":"`, `"round":"9`}, {`"round":"`, `"round":"-`}, {`"theta"`, `"thota"`},
			{`"records":"`, `"records":"9`}, {`"F64"`, `"I64"`}, {"\x00\x00\x80\x3f", "\x00\x00\xc0\x7f"}, {"\x00\x00\xf0\x3f", "\x00\x00\xf8\x7f"},
		} {
			f.Add(len(runs), bytes.ReplaceAll(b, []byte(change.old), []byte(change.new)))
		}
		m, _ := newMeta(f, c)
		runs = append(runs, m)
	}
	f.Fuzz(func(t *testing.T, which int, in []byte) {
		if which < 0 {
			return
		}
		m := runs[which%len(runs)]
		file, err := artifact.Decode(bytes.NewReader(in), "x.state", artifact.Limits{Header: 1 << 20, Total: 4 << 20})
		if err != nil {
			return
		}
		boundtest.Allocates(t, 8<<20, func() { err = run.Damaged(m.restore(file, "x.state")) })
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
		m.tensors()
	})
}

// A state that no run can have left is refused by its field.
func TestResumeRefusesWhatNoRunLeft(t *testing.T) {
	folder, c := t.TempDir(), quick(func(c *Config) { c.OuterAverage = 0.7 })
	r, err := execute(t, runtest.After(11), folder, c, run.Start)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	nan := math.Float32frombits(0x7fc00000)
	for field, change := range map[string]func(*artifact.File){
		`metadata "round"`:                 func(f *artifact.File) { f.Metadata["round"] = strconv.Itoa(c.Rounds + 1) },
		`tensor "outer.count"`:             func(f *artifact.File) { f.Metadata["round"], f.Metadata["records"] = "4", "4" },
		`metadata "records"`:               func(f *artifact.File) { f.Metadata["records"] = "1" },
		`tensor "theta"`:                   func(f *artifact.File) { poison(f, "theta", nan) },
		`tensor "phi"`:                     func(f *artifact.File) { poison(f, "phi", nan) },
		`tensor "velocity"`:                func(f *artifact.File) { f.Tensors = f.Tensors[:len(f.Tensors)-1] },
		`tensor "z_val_loss"`:              func(f *artifact.File) { poison(f, "z_val_loss", -1) },
		`tensor "state.guidance.gradient"`: func(f *artifact.File) { poison(f, "state.guidance.gradient", nan) },
	} {
		f, err := artifact.Read(r.Files.Output+".state", artifact.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		change(f)
		m, _ := newMeta(t, c)
		err = run.Damaged(m.restore(f, "x.state"))
		if err == nil || !strings.HasPrefix(err.Error(), "x.state: "+field) || !strings.HasSuffix(err.Error(), "; remove it to start afresh") {
			t.Errorf("%s: %v", field, err)
		}
	}
	// Nor are the records of another run cut.
	other := quick(func(c *Config) { c.OuterAverage, c.Lambda = 0.7, 2 })
	records := contents(t, r.Files.Metrics+".partial")
	w, err := artifact.CreateRecords(r.Files.Metrics, record.Header{Tool: "srn-meta", Config: recordOf(other)})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	before := contents(t, r.Files.Metrics+".partial")
	if _, err := execute(t, t.Context(), folder, c, run.Resume); err == nil || !strings.Contains(err.Error(), "is of another run: lambda_srn was 2 and is now 1") {
		t.Errorf("records of another run: %v", err)
	}
	if !bytes.Equal(contents(t, r.Files.Metrics+".partial"), before) {
		t.Error("records of another run were changed")
	}
	if err := os.WriteFile(r.Files.Metrics+".partial", records, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := execute(t, t.Context(), folder, c, run.Resume); err != nil {
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
