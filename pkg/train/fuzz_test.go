package train

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/artifact/boundtest"
	"srn/pkg/run"
	"srn/pkg/run/runtest"
)

// Whatever a state's header and a part of its numbers are, a run takes it up
// with every number finite and somewhere between its first step and its last,
// or refuses it by the file and the field. The rest of the data is zeros, as
// many as the input says.
func FuzzState(f *testing.F) {
	var runs []*Run
	for _, change := range []func(*Config){
		func(c *Config) { c.Method = "ce" },
		func(c *Config) { c.GuidanceRefresh = "cyclic" },
		func(c *Config) { c.Method, c.TrainSplit = "meta-weight-net", "meta_train" },
		func(c *Config) { c.Method = "spectral-norm+barron" },
		func(c *Config) { c.Method, c.TrainSplit = "ala", "meta_train" },
	} {
		c := testConfig
		c.EvalEvery = 0
		change(&c)
		r := newRun(f, f.TempDir(), 1, c, false)
		if err := r.Train(runtest.After(2)); !errors.Is(err, context.Canceled) {
			f.Fatal(err)
		}
		for _, s := range seeds(f, r) {
			f.Add(len(runs), s.header, s.data, s.at, s.numbers)
		}
		runs = append(runs, r)
	}
	f.Fuzz(func(t *testing.T, which int, header string, data, at int, numbers []byte) {
		if which < 0 || data < 0 || data > 8<<20 || at < 0 || at+len(numbers) > data {
			return
		}
		r := runs[which%len(runs)]
		in := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
		in = append(append(in, header...), make([]byte, data)...)
		copy(in[8+len(header)+at:], numbers)
		file, err := artifact.Decode(bytes.NewReader(in), "x.state", artifact.Limits{Header: 1 << 20, Total: 16 << 20})
		if err != nil {
			return
		}
		boundtest.Allocates(t, 32<<20, func() { err = run.Damaged(r.adopt(file, "x.state")) })
		if err != nil {
			var bad *artifact.FormatError
			if !errors.As(err, &bad) || bad.Path == "" || bad.Field == "" || bad.Mend == "" {
				t.Fatalf("%v is a %T", err, err)
			}
			return
		}
		if r.epoch < 1 || r.epoch > r.Config.Epochs || r.step < 0 || r.step >= r.sampler.Steps() || r.records != 0 && r.records != r.epoch-1 {
			t.Fatalf("epoch %d, step %d, %d records", r.epoch, r.step, r.records)
		}
		for _, b := range r.buffers() {
			if squares := r.be.Dot(b.Buffer, b.Buffer); math.IsNaN(squares) || math.IsInf(squares, 0) {
				t.Fatalf("%s is not finite", b.Name)
			}
		}
		if _, err := r.state(r.epoch, r.step); err != nil {
			t.Fatal(err)
		}
	})
}

// seed is a state as the target takes it.
type seed struct {
	header   string
	data, at int
	numbers  []byte // at an offset of the data; all others are zeros
}

// seeds are a run's state with the numbers of each small tensor, and what its
// header could say else.
func seeds(f *testing.F, r *Run) []seed {
	file, err := artifact.Read(r.Files.Output+".state", artifact.Limits{})
	if err != nil {
		f.Fatal(err)
	}
	var b bytes.Buffer
	if err := artifact.Encode(&b, file); err != nil {
		f.Fatal(err)
	}
	n := int(binary.LittleEndian.Uint64(b.Bytes()))
	header, data := string(b.Bytes()[8:][:n]), b.Bytes()[8+n:]
	tally, _ := file.Tensor("state.tally")
	at := bytes.Index(data, tally.Data)
	whole := seed{header, len(data), at, tally.Data}
	list := []seed{whole}
	for _, change := range []struct{ old, new string }{
		{`"epoch":"1"`, `"epoch":"3"`}, {`"epoch":"1"`, `"epoch":"2"`}, {`"step":"2"`, `"step":"3"`}, {`"step":"2"`, `"step":"-2"`},
		{`"records":"0"`, `"records":"1"`}, {`"records":"0"`, `"records":"none"`}, {"state.velocity", "state.speed"}, {`"F64"`, `"I64"`}, {`"F32"`, `"U32"`},
	} {
		s := whole
		s.header = strings.Replace(header, change.old, change.new, 1)
		list = append(list, s)
	}
	for _, t := range file.Tensors {
		if len(t.Data) <= 256 && t.Name != "state.tally" {
			list = append(list, seed{header, len(data), bytes.Index(data, t.Data), t.Data})
		}
	}
	return list
}

// A state that no run can have left is refused by its field.
func TestRestoreRefuses(t *testing.T) {
	c := testConfig
	c.Method, c.EvalEvery = "ce", 0
	r := newRun(t, t.TempDir(), 1, c, false)
	if err := r.Train(runtest.When(func() bool { return r.epoch == 2 && r.step == 1 })); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	nan := float32(math.NaN())
	for field, change := range map[string]func(*artifact.File){
		`metadata "epoch"`:        func(f *artifact.File) { f.Metadata["epoch"] = "3" },
		`metadata "step"`:         func(f *artifact.File) { f.Metadata["step"] = "3" },
		`metadata "records"`:      func(f *artifact.File) { f.Metadata["records"] = "0" },
		`tensor "state.tally"`:    func(f *artifact.File) { f.Metadata["step"] = "2" },
		`tensor "state.params"`:   func(f *artifact.File) { fill(f, "state.params", nan) },
		`tensor "state.running"`:  func(f *artifact.File) { fill(f, "state.running", nan) },
		`tensor "state.velocity"`: func(f *artifact.File) { fill(f, "state.velocity", float32(math.Inf(1))) },
	} {
		f, err := artifact.Read(r.Files.Output+".state", artifact.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		change(f)
		err = run.Damaged(r.adopt(f, "x.state"))
		if err == nil || !strings.HasPrefix(err.Error(), "x.state: "+field) || !strings.HasSuffix(err.Error(), "; remove it to start afresh") {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// fill gives all of a tensor one value.
func fill(f *artifact.File, name string, v float32) {
	for i, t := range f.Tensors {
		if t.Name == name {
			values := make([]float32, t.Len())
			values[len(values)/2] = v
			f.Tensors[i] = artifact.Float32(name, t.Shape, values)
			return
		}
	}
	panic(fmt.Sprintf("no %s", name))
}
