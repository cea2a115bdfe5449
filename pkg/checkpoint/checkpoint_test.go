package checkpoint

import (
	"errors"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/record"
	"srn/pkg/resnet"
)

var mean, std = [3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225}

// random is a checkpoint with arbitrary numbers.
func random(t testing.TB, arch string, classes int) *Checkpoint {
	t.Helper()
	params, running, err := resnet.Layouts(arch, classes)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	fill := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
		return v
	}
	return &Checkpoint{
		Meta: Meta{
			Arch: arch, NumClasses: classes, Mean: mean, Std: std,
			Training: &record.Training{Data: record.Data{Dataset: "synthetic", DataSHA256: "ab", TrainSplit: "train"}, Methods: []string{"srn"}, Method: "srn",
				Parameters: map[string]any{}, WeightDecay: 5e-4, Seed: -3, Epochs: 200, LR: 0.06, Precision: "f32"},
			Epoch: 7, Complete: true,
			Provenance: artifact.Provenance{
				Tool: "srn-fit", Version: "1",
				Inputs: []record.Input{{Name: "data", SHA256: "ab"}},
			},
		},
		Params: fill(params.Len()), Running: fill(running.Len()),
	}
}

// foreign is a state dict as PyTorch has it.
func foreign(t testing.TB, arch string, classes int) *artifact.File {
	t.Helper()
	f, err := random(t, arch, classes).File()
	if err != nil {
		t.Fatal(err)
	}
	f.Metadata = map[string]string{"format": "pt"}
	for _, x := range slices.Clone(f.Tensors) {
		if name, ok := strings.CutSuffix(x.Name, "running_mean"); ok {
			f.Tensors = append(f.Tensors, artifact.Int64s(name+"num_batches_tracked", nil, []int64{5}))
		}
	}
	return f
}

func TestSaveLoad(t *testing.T) {
	for _, name := range []string{"c.safetensors", "c.safetensors.zst"} {
		path := filepath.Join(t.TempDir(), name)
		c := random(t, "resnet8", 10)
		if err := c.Save(path); err != nil {
			t.Fatal(err)
		}
		got, err := Load(path, Overrides{})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Params, c.Params) || !slices.Equal(got.Running, c.Running) {
			t.Error("values differ")
		}
		c.Meta.Format = Format
		if !reflect.DeepEqual(got.Meta, c.Meta) {
			t.Errorf("metadata:\n%+v\nwant\n%+v", got.Meta, c.Meta)
		}
		if got.SHA256 != c.SHA256 || len(got.SHA256) != 64 || len(got.Notes) != 0 {
			t.Errorf("hash %q, want %q; notes %v", got.SHA256, c.SHA256, got.Notes)
		}
	}
}

func TestNamesOfPyTorch(t *testing.T) {
	f, err := random(t, "resnet20", 10).File()
	if err != nil {
		t.Fatal(err)
	}
	for name, shape := range map[string][]int{
		"conv1.weight":              {16, 3, 3, 3},
		"bn1.weight":                {16},
		"bn1.running_var":           {16},
		"layer2.0.conv1.weight":     {32, 16, 3, 3},
		"layer3.2.bn2.bias":         {64},
		"layer3.2.bn2.running_mean": {64},
		"linear.weight":             {10, 64},
		"linear.bias":               {10},
	} {
		x, ok := f.Tensor(name)
		if !ok || !slices.Equal(x.Shape, shape) || x.DType != artifact.F32 {
			t.Errorf("%s: %v %v", name, x.DType, x.Shape)
		}
	}
}

func TestForeign(t *testing.T) {
	for _, parallel := range []bool{false, true} {
		f := foreign(t, "resnet20", 100)
		if parallel {
			for i := range f.Tensors {
				f.Tensors[i].Name = "module." + f.Tensors[i].Name
			}
		}
		c, err := Decode("m.safetensors", f, Overrides{Arch: "resnet20", Mean: &mean, Std: &std})
		if err != nil {
			t.Fatal(err)
		}
		want := random(t, "resnet20", 100)
		if !slices.Equal(c.Params, want.Params) || !slices.Equal(c.Running, want.Running) {
			t.Error("values differ")
		}
		if !c.Meta.Foreign || c.Meta.NumClasses != 100 || c.Meta.Mean != mean || c.Meta.Std != std {
			t.Errorf("metadata %+v", c.Meta)
		}
		notes := strings.Join(c.Notes, "\n")
		if want := "19 num_batches_tracked"; !strings.Contains(notes, want) {
			t.Errorf("notes %q lack %q", notes, want)
		}
		if strings.Contains(notes, "DataParallel") != parallel {
			t.Errorf("notes %q", notes)
		}
	}
}

func TestForeignWithMetadata(t *testing.T) {
	f := foreign(t, "resnet8", 10)
	f.Metadata = map[string]string{"arch": "resnet8", "mean": "0.485,0.456,0.406", "std": "0.229, 0.224, 0.225"}
	c, err := Decode("m", f, Overrides{})
	if err != nil {
		t.Fatal(err)
	}
	if !c.Meta.Foreign || c.Meta.Arch != "resnet8" || c.Meta.Mean != mean || c.Meta.Std != std {
		t.Errorf("metadata %+v", c.Meta)
	}
}

func TestHalfPrecision(t *testing.T) {
	f := foreign(t, "resnet8", 10)
	for i, x := range f.Tensors {
		if x.Name == "linear.bias" { // 1, -2, then zeros, as bfloat16
			f.Tensors[i] = artifact.Tensor{Name: x.Name, DType: artifact.BF16, Shape: x.Shape, Data: append([]byte{0x80, 0x3f, 0x00, 0xc0}, make([]byte, 16)...)}
		}
	}
	c, err := Decode("m", f, Overrides{Arch: "resnet8", Mean: &mean, Std: &std})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Params[len(c.Params)-10:]; got[0] != 1 || got[1] != -2 || got[2] != 0 {
		t.Errorf("bias %v", got)
	}
}

func TestErrors(t *testing.T) {
	drop := func(f *artifact.File, names ...string) {
		f.Tensors = slices.DeleteFunc(f.Tensors, func(x artifact.Tensor) bool { return slices.Contains(names, x.Name) })
	}
	full := Overrides{Arch: "resnet20", Mean: &mean, Std: &std}
	for _, c := range []struct {
		name   string
		change func(*artifact.File)
		over   Overrides
		want   []string
	}{
		{"no mean", nil, Overrides{Arch: "resnet20", Std: &std}, []string{"the mean of", "mean=0.485,0.456,0.406"}},
		{"no std", nil, Overrides{Arch: "resnet20", Mean: &mean}, []string{"the std of", "std=0.229,0.224,0.225"}},
		{"neither", nil, Overrides{Arch: "resnet20"}, []string{"mean and std", "mean=0.485,0.456,0.406", "std=0.229,0.224,0.225"}},
		{"wrong arch", nil, Overrides{Arch: "resnet32", Mean: &mean, Std: &std}, []string{"do not make a resnet32", "missing: layer1.3.conv1.weight", "and", "more", "those of a resnet20", "arch=resnet20"}},
		{"unknown arch", nil, Overrides{Arch: "vgg", Mean: &mean, Std: &std}, []string{`"vgg"`, "resnet8"}},
		{"missing", func(f *artifact.File) { drop(f, "bn1.running_var", "layer2.1.conv2.weight") }, full, []string{"missing", "bn1.running_var", "layer2.1.conv2.weight"}},
		{"no classifier", func(f *artifact.File) { drop(f, "linear.weight") }, full, []string{"linear.weight", "missing"}},
		{"misshapen", func(f *artifact.File) {
			for i := range f.Tensors {
				if f.Tensors[i].Name == "conv1.weight" {
					f.Tensors[i].Shape = []int{16, 27}
				}
			}
		}, full, []string{"conv1.weight is [16 27], want [16 3 3 3]"}},
		{"integers", func(f *artifact.File) {
			for i := range f.Tensors {
				if f.Tensors[i].Name == "linear.bias" {
					f.Tensors[i].DType = artifact.I32
				}
			}
		}, full, []string{"linear.bias", "I32"}},
		{"classes", nil, Overrides{Arch: "resnet20", Mean: &mean, Std: &std, Classes: 100}, []string{"10 classes", "not the 100"}},
		{"extra", func(f *artifact.File) {
			f.Tensors = append(f.Tensors, artifact.Float32("head.extra", []int{2}, []float32{1, 2}))
		}, full, []string{"not of it: head.extra [2] (nearest: "}},
		{"flat std", nil, Overrides{Arch: "resnet20", Mean: &mean, Std: &[3]float32{1, 0, 1}}, []string{"1,0,1 is not positive"}},
		{"data set", func(f *artifact.File) { f.Metadata["format"] = "srn-data/1" }, full, []string{"srn-data/1", "not a checkpoint"}},
		{"arch against metadata", func(f *artifact.File) { f.Metadata["arch"] = "resnet8" }, full, []string{"resnet8", "not the resnet20"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := foreign(t, "resnet20", 10)
			if c.change != nil {
				c.change(f)
			}
			_, err := Decode("m.safetensors", f, c.over)
			var format *artifact.FormatError
			if !errors.As(err, &format) || format.Path != "m.safetensors" {
				t.Fatalf("error %v", err)
			}
			text := err.Error()
			if advice := (*AdviceError)(nil); errors.As(err, &advice) {
				for _, a := range advice.Advice {
					text += "; " + a.Option + "=" + a.Value
				}
			}
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("error %q lacks %q", text, want)
				}
			}
		})
	}
}

func TestBadMetadata(t *testing.T) {
	for key, value := range map[string]string{
		"num_classes": "ten", "mean": "1,2", "std": "a,b,c", "config": `{"lr":1}`, "epoch": "", "complete": "maybe",
	} {
		f, err := random(t, "resnet8", 10).File()
		if err != nil {
			t.Fatal(err)
		}
		f.Metadata[key] = value
		if _, err := Decode("c", f, Overrides{}); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s=%q: error %v", key, value, err)
		}
	}
}

func TestOverrideReplacesNormalisation(t *testing.T) {
	f, err := random(t, "resnet8", 10).File()
	if err != nil {
		t.Fatal(err)
	}
	other := [3]float32{0.5, 0.5, 0.5}
	c, err := Decode("c", f, Overrides{Mean: &other})
	if err != nil {
		t.Fatal(err)
	}
	if c.Meta.Mean != other || c.Meta.Std != std || len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "mean 0.5,0.5,0.5 replaces") {
		t.Errorf("mean %v, std %v, notes %v", c.Meta.Mean, c.Meta.Std, c.Notes)
	}
}

func TestCheckClasses(t *testing.T) {
	c := random(t, "resnet8", 100)
	if err := c.CheckClasses("cifar100", 100); err != nil {
		t.Error(err)
	}
	err := c.CheckClasses("cifar10", 10)
	var format *artifact.FormatError
	if !errors.As(err, &format) || format.Mend == "" || !strings.Contains(err.Error(), "100 classes") {
		t.Errorf("error %v", err)
	}
}
