package checkpoint

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"srn/pkg/artifact"
)

// renamed is a foreign file whose names are changed.
func renamed(t testing.TB, arch string, change func(string) string) *artifact.File {
	t.Helper()
	f := foreign(t, arch, 10)
	for i := range f.Tensors {
		f.Tensors[i].Name = change(f.Tensors[i].Name)
	}
	return f
}

// replace applies regular expressions and what takes their place, in pairs.
func replace(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			name = regexp.MustCompile(pairs[i]).ReplaceAllString(name, pairs[i+1])
		}
		return name
	}
}

// prefix puts a prefix before every name.
func prefix(p string) func(string) string { return replace("^", p) }

// next adds one to a digit.
func next(pattern string) func(string) string {
	re := regexp.MustCompile(pattern)
	return func(name string) string {
		m := re.FindStringSubmatchIndex(name)
		if m == nil {
			return name
		}
		return name[:m[2]] + string(name[m[2]]+1) + name[m[3]:]
	}
}

func chain(changes ...func(string) string) func(string) string {
	return func(name string) string {
		for _, c := range changes {
			name = c(name)
		}
		return name
	}
}

// The same network under every name that its tensors have elsewhere is the same
// checkpoint, without being told which it is, and the change is noted.
func TestNamings(t *testing.T) {
	pytorchcv := chain(
		replace(`^(conv|bn)1\.`, "features.init_block.$1.", `^layer(\d)\.(\d)\.(conv|bn)(\d)\.`, "features.stage$1.unit$2.body.conv$4.$3.", "^linear", "output"),
		next(`\.unit(\d)\.`))
	weiaicunzai := chain(
		replace(`^conv1\.`, "conv1.0.", `^bn1\.`, "conv1.1.", `^layer(\d)\.`, "conv${1}_x.", `\.conv1\.w`, ".residual_function.0.w", `\.bn1\.`, ".residual_function.1.",
			`\.conv2\.`, ".residual_function.3.", `\.bn2\.`, ".residual_function.4.", "^linear", "fc"),
		next(`^conv(\d)_x`))
	for name, c := range map[string]struct {
		change func(string) string
		over   Overrides
		note   string
	}{
		"as here":                {replace(), Overrides{}, ""},
		"fc":                     {replace("^linear", "fc"), Overrides{}, "fc.weight is taken for linear.weight"},
		"classifier":             {replace("^linear", "classifier"), Overrides{}, "classifier.weight is taken for linear.weight"},
		"DataParallel":           {prefix("module."), Overrides{}, `"module.", as torch.nn.DataParallel`},
		"compiled":               {prefix("_orig_mod."), Overrides{}, `"_orig_mod.", as torch.compile`},
		"Lightning":              {prefix("model."), Overrides{}, `"model."`},
		"compiled DataParallel":  {prefix("module._orig_mod."), Overrides{}, `"module._orig_mod."`},
		"all of them":            {chain(replace("^linear", "fc"), prefix("model.module._orig_mod.")), Overrides{}, `"model.module._orig_mod."`},
		"any one":                {prefix("backbone."), Overrides{}, `"backbone."`},
		"pytorchcv":              {pytorchcv, Overrides{}, "names are as those of pytorchcv: "},
		"wrapped pytorchcv":      {chain(pytorchcv, prefix("module.")), Overrides{}, "names are as those of pytorchcv: "},
		"weiaicunzai":            {weiaicunzai, Overrides{}, "names are as those of weiaicunzai"},
		"rename":                 {replace("^linear", "head"), Overrides{Rename: []Rename{{"head", "linear"}}}, ""},
		"rename one tensor":      {replace("^linear.bias", "offset"), Overrides{Rename: []Rename{{"offset", "linear.bias"}}}, ""},
		"rename within":          {chain(replace("^linear", "head.0"), prefix("module.")), Overrides{Rename: []Rename{{"module.head.0", "module.linear"}}}, ""},
		"rename within, shorter": {chain(replace("^linear", "head.0"), prefix("module.")), Overrides{Rename: []Rename{{"head.0", "linear"}}}, ""},
		"rename groups":          {replace(`^layer(\d)`, "group$1"), Overrides{Rename: []Rename{{"group1", "layer1"}, {"group2", "layer2"}, {"group3", "layer3"}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := c.over
			o.Mean, o.Std = &mean, &std
			got, err := Decode("m", renamed(t, "resnet20", c.change), o)
			if err != nil {
				t.Fatal(err)
			}
			want := random(t, "resnet20", 10)
			if got.Meta.Arch != "resnet20" || !slices.Equal(got.Params, want.Params) || !slices.Equal(got.Running, want.Running) {
				t.Errorf("%s differs", got.Meta.Arch)
			}
			if notes := strings.Join(got.Notes, "\n"); !strings.Contains(notes, c.note) || !strings.Contains(notes, "taken for a resnet20") {
				t.Errorf("notes %q lack %q", notes, c.note)
			}
		})
	}
}

// Names of option B's shortcuts, which no network here has yet, are known under
// every naming; other names under none.
func TestTranslate(t *testing.T) {
	for name, want := range map[string]string{
		"layer2.0.downsample.0.weight":                      "layer2.0.shortcut.0.weight",
		"layer3.0.shortcut.1.running_var":                   "layer3.0.shortcut.1.running_var",
		"layer4.1.bn2.num_batches_tracked":                  "layer4.1.bn2.num_batches_tracked",
		"features.stage2.unit1.identity_conv.conv.weight":   "layer2.0.shortcut.0.weight",
		"features.stage3.unit1.identity_conv.bn.bias":       "layer3.0.shortcut.1.bias",
		"features.stage1.unit10.body.conv2.bn.running_mean": "layer1.9.bn2.running_mean",
		"conv3_x.0.shortcut.0.weight":                       "layer2.0.shortcut.0.weight",
		"conv5_x.1.residual_function.4.weight":              "layer4.1.bn2.weight",
		"output.bias":                                       "linear.bias",
		"features.stage1.unit0.body.conv1.conv.weight":      "",
		"layer01.0.conv1.weight":                            "",
		"layer1.0.conv1":                                    "",
		"conv1_x.0.shortcut.0":                              "",
		"head.weight":                                       "",
		"weight":                                            "",
	} {
		got := ""
		for _, list := range translators {
			if here, known := translate(list, []string{name}); known > 0 && got == "" {
				got = here[0]
			}
		}
		if got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// resnet18 is the names and shapes of a four-stage network of the CIFAR
// repositories, with the given name of its head and shortcuts.
func resnet18(head, shortcut string) *artifact.File {
	f := &artifact.File{}
	add := func(name string, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		f.Tensors = append(f.Tensors, artifact.Float32(name, shape, make([]float32, n)))
	}
	norm := func(name string, n int) {
		for _, leaf := range []string{"weight", "bias", "running_mean", "running_var"} {
			add(name+"."+leaf, n)
		}
	}
	add("conv1.weight", 64, 3, 3, 3)
	norm("bn1", 64)
	in := 64
	for g, out := range []int{64, 128, 256, 512} {
		for b := range 2 {
			p := fmt.Sprintf("layer%d.%d.", g+1, b)
			add(p+"conv1.weight", out, in, 3, 3)
			norm(p+"bn1", out)
			add(p+"conv2.weight", out, out, 3, 3)
			norm(p+"bn2", out)
			if in != out {
				add(p+shortcut+".0.weight", out, in, 1, 1)
				norm(p+shortcut+".1", out)
			}
			in = out
		}
	}
	add(head+".weight", 10, 512)
	add(head+".bias", 10)
	return f
}

// What does not fit is refused, by its first differences, and never measured
// without parts of it.
func TestMisfits(t *testing.T) {
	add := func(name string, shape ...int) func(*artifact.File) {
		return func(f *artifact.File) {
			n := 1
			for _, d := range shape {
				n *= d
			}
			f.Tensors = append(f.Tensors, artifact.Float32(name, shape, make([]float32, n)))
		}
	}
	both := func(a, b func(*artifact.File)) func(*artifact.File) {
		return func(f *artifact.File) { a(f); b(f) }
	}
	plain := func(*artifact.File) {}
	for name, c := range map[string]struct {
		file   *artifact.File
		over   Overrides
		want   []string
		advice string
	}{
		"option B, akamaster":     {edited(t, "resnet20", add("layer2.0.shortcut.0.weight", 32, 16, 1, 1)), Overrides{}, []string{"option B", "layer2.0.shortcut.0.weight [32 16 1 1]", "another network"}, ""},
		"option B, chenyaofo":     {edited(t, "resnet20", both(add("layer2.0.downsample.0.weight", 32, 16, 1, 1), add("layer2.0.downsample.1.weight", 32))), Overrides{}, []string{"option B", "layer2.0.downsample.0.weight [32 16 1 1]", "layer2.0.downsample.1.weight [32]"}, ""},
		"option B, told":          {edited(t, "resnet20", add("layer2.0.downsample.0.weight", 32, 16, 1, 1)), Overrides{Arch: "resnet20"}, []string{"option B"}, ""},
		"option B, ours":          {edited(t, "resnet20", add("layer3.0.shortcut.1.running_mean", 64)), Overrides{}, []string{"option B"}, ""},
		"resnet18":                {resnet18("linear", "shortcut"), Overrides{}, []string{"option B", "3×3 stem of 64 channels", "2, 2, 2 and 2 basic blocks of 64, 128, 256 and 512 channels", "projections"}, ""},
		"resnet18 of torchvision": {resnet18("fc", "downsample"), Overrides{Arch: "resnet14"}, []string{"option B", "layer2.0.downsample.0.weight"}, ""},
		"an extra layer":          {edited(t, "resnet8", add("fc2.weight", 10, 10)), Overrides{}, []string{"do not make a resnet8", "not of it: fc2.weight [10 10] (nearest: "}, ""},
		"an extra block":          {edited(t, "resnet8", add("layer1.1.conv1.weight", 16, 16, 3, 3)), Overrides{}, []string{"do not make a resnet14", "missing: layer1.1.bn1.weight"}, ""},
		"another head":            {renamed(t, "resnet8", replace("^linear", "head")), Overrides{}, []string{"missing: linear.weight, linear.bias", "not of it: head.bias [10] (nearest: linear.bias)"}, "rename head=linear"},
		"biases":                  {edited(t, "resnet8", add("conv1.bias", 16)), Overrides{}, []string{"conv1.bias [16]"}, ""},
		"wide":                    {reshaped(t, "resnet8", "conv1.weight", 64, 3, 3, 3), Overrides{}, []string{"of the wrong shape: conv1.weight is [64 3 3 3], want [16 3 3 3]"}, ""},
		"7×7 stem":                {reshaped(t, "resnet8", "conv1.weight", 16, 3, 7, 7), Overrides{}, []string{"conv1.weight is [16 3 7 7]"}, ""},
		"other arch":              {edited(t, "resnet8", plain), Overrides{Arch: "resnet14"}, []string{"those of a resnet8"}, "arch resnet8"},
		"rename of nothing":       {edited(t, "resnet8", plain), Overrides{Rename: []Rename{{"head", "linear"}}}, []string{"head"}, ""},
		"two of a name":           {edited(t, "resnet8", add("fc.weight", 10, 64)), Overrides{}, []string{"linear.weight and fc.weight are both linear.weight"}, ""},
		"an average's counter":    {edited(t, "resnet8", add("n_averaged")), Overrides{}, []string{"n_averaged []"}, ""},
		"an average":              {renamedBeside(t, "module.", "n_averaged"), Overrides{}, []string{"module.bn1.bias [16]", `begin with "module."`}, "key module"},
		"nothing":                 {&artifact.File{}, Overrides{}, []string{"there are none"}, ""},
		"other names":             {&artifact.File{Tensors: []artifact.Tensor{artifact.Float32("encoder.weight", []int{1}, []float32{1})}}, Overrides{}, []string{"not those of a CIFAR ResNet: encoder.weight [1] (nearest: "}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.over.Mean, c.over.Std = &mean, &std
			got, err := Decode("m", c.file, c.over)
			var format *artifact.FormatError
			if !errors.As(err, &format) || format.Path != "m" {
				t.Fatalf("%+v, %v", got, err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
			said := ""
			if advice := (*AdviceError)(nil); errors.As(err, &advice) && len(advice.Advice) > 0 {
				said = advice.Advice[0].Option + " " + advice.Advice[0].Value
			}
			if said != c.advice {
				t.Errorf("advice %q, want %q", said, c.advice)
			}
		})
	}
}

// renamedBeside is a file of prefixed names and one more.
func renamedBeside(t testing.TB, before, more string) *artifact.File {
	f := renamed(t, "resnet8", prefix(before))
	f.Tensors = append(f.Tensors, artifact.Int64s(more, nil, []int64{3}))
	return f
}

func edited(t testing.TB, arch string, edit func(*artifact.File)) *artifact.File {
	f := foreign(t, arch, 10)
	edit(f)
	return f
}

func reshaped(t testing.TB, arch, name string, shape ...int) *artifact.File {
	return edited(t, arch, func(f *artifact.File) {
		for i := range f.Tensors {
			if f.Tensors[i].Name == name {
				n := 1
				for _, d := range shape {
					n *= d
				}
				f.Tensors[i] = artifact.Float32(name, shape, make([]float32, n))
			}
		}
	})
}

func TestParseRename(t *testing.T) {
	if r, err := ParseRename("head.0=linear"); err != nil || r != (Rename{"head.0", "linear"}) {
		t.Errorf("%v, %v", r, err)
	}
	for _, text := range []string{"", "head", "=linear", "head=", "a=b=c"} {
		if r, err := ParseRename(text); err == nil {
			t.Errorf("%q reads as %v", text, r)
		}
	}
}

func TestNearest(t *testing.T) {
	if got := nearest("fc.weight", []string{"conv1.weight", "linear.bias", "linear.weight"}); got != "conv1.weight" && got != "linear.weight" {
		t.Errorf("nearest to fc.weight is %s", got)
	}
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"kitten", "sitting", 3}, {"abc", "abc", 0}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
