package compare

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"srn/pkg/record"
)

// training is cross-entropy on CIFAR-10 in full.
func training() record.Fit {
	official := true
	return record.Fit{Network: record.Network{Arch: "resnet8", Classes: 10}, Training: record.Training{
		Data:    record.Data{Dataset: "cifar10", DataSHA256: strings.Repeat("a", 64), DataOfficial: &official, TrainSplit: "train", TrainImages: 50000, TestImages: 10000},
		Methods: []string{"ce"}, Method: "ce", Epochs: 200, BatchSize: 128, LR: 0.06, Schedule: "cosine", Momentum: 0.9, Augment: "crop-flip", Init: "torch", Precision: "f32", Kernels: "avx512",
	}}
}

func with(change func(f *record.Fit)) record.Fit {
	f := training()
	change(&f)
	return f
}

func of(method string, change ...func(f *record.Fit)) record.Fit {
	return with(func(f *record.Fit) {
		f.Method, f.Methods = method, strings.Split(method, "+")
		for _, c := range change {
			c(f)
		}
	})
}

func decay(v float64) func(*record.Fit) { return func(f *record.Fit) { f.WeightDecay = v } }

// changed sets a setting to another value, whatever its type.
func changed(f record.Field, to *record.Fit) {
	v, _ := f.Value(to)
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.String:
		v.SetString("another")
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Float64:
		v.SetFloat(v.Float() + 0.5)
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Slice:
		if _, ok := v.Interface().([]int); ok {
			v.Set(reflect.ValueOf([]int{7}))
		} else {
			v.Set(reflect.ValueOf([]string{"sam"}))
		}
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]any{"sam.rho": 0.1}))
	}
}

// A difference in each setting means what its tag says.
func TestEverySetting(t *testing.T) {
	for _, f := range settings {
		a, b := training(), training()
		changed(f, &b)
		answer := Trainings(a, b)
		same := Key(a) == Key(b)
		switch f.Compare {
		case record.OfProtocol:
			if answer.Comparable() || same || !strings.Contains(answer.Because(), Name(f)) {
				t.Errorf("%s: %+v", f.Key, answer)
			}
		case record.OfFootnote:
			if !answer.Comparable() || !same || !strings.Contains(answer.Footnote(), Name(f)) {
				t.Errorf("%s: %+v", f.Key, answer)
			}
		case record.OfMethod:
			if !answer.Comparable() || same || answer.Footnote() != "" {
				t.Errorf("%s: %+v, the same %v", f.Key, answer, same)
			}
		case record.OfFree:
			if !answer.Comparable() || !same || answer.Footnote() != "" {
				t.Errorf("%s: %+v, the same %v", f.Key, answer, same)
			}
		}
		if (RunKey(a) == RunKey(b)) != (f.Name == "EvalEvery" || f.Name == "CheckpointEvery") {
			t.Errorf("%s: the same run: %v", f.Key, (RunKey(a) == RunKey(b)))
		}
	}
	if a := Trainings(training(), training()); !a.Comparable() || a.Footnote() != "" {
		t.Errorf("a training and itself: %+v", a)
	}
}

// 45,000 images beside 50,000 are never compared; a count that is not known is
// said.
func TestImages(t *testing.T) {
	part := of("val-guided", func(f *record.Fit) { f.TrainSplit, f.TrainImages = "meta_train", 45000 })
	if a := Trainings(training(), part); a.Because() != "train split train against meta_train, train images 50,000 against 45,000" {
		t.Errorf("%q", a.Because())
	}
	unknown := with(func(f *record.Fit) { f.TrainImages, f.DataOfficial = 0, nil })
	if a := Trainings(training(), unknown); !a.Comparable() || a.Footnote() != "official images yes against not known, train images 50,000 against not known" {
		t.Errorf("%+v: %q", a, a.Footnote())
	}
	if a := Trainings(unknown, unknown); a.Footnote() != "official images: not known, train images: not known" {
		t.Errorf("%q", a.Footnote())
	}
}

func TestBaseline(t *testing.T) {
	const external = "+label-smoothing+cutout+autoaugment"
	all := []record.Fit{
		of("ce"), of("ce", decay(5e-4)), of("sam"), of("sam", decay(5e-4)), of("sam", decay(1e-2)), of("weight-decay", decay(1e-3)),
		of("ce" + external), of("sam" + external), of("ce", func(f *record.Fit) { f.LR = 0.03 }), of("srn", func(f *record.Fit) { f.LR = 0.12 }), of("sam+cutout"),
	}
	for i, want := range []int{-1, 0, 0, 1, -1, 0, -1, 6, -1, -1, 0} {
		at, _, why := Baseline(all[i], all)
		if at != want {
			t.Errorf("%s wd %g lr %g: baseline %d, want %d (%s)", all[i].Method, all[i].WeightDecay, all[i].LR, at, want, why.Because())
		}
	}
	if _, nearest, why := Baseline(all[4], all); nearest < 0 || why.Because() != "weight decay 0.01 against 0" {
		t.Errorf("nearest %d: %q", nearest, why.Because())
	}
	if _, _, why := Baseline(all[9], all); why.Because() != "lr 0.12 against 0.06" {
		t.Errorf("%q", why.Because())
	}
}

func TestRow(t *testing.T) {
	const external = "+autoaugment+cutout+label-smoothing"
	ratio := func(f *record.Fit) { f.GuidanceRatio = 0.1 }
	for _, c := range []struct {
		f    record.Fit
		want string
	}{
		{of("srn"), "SRN"}, {of("srn", decay(5e-4)), "SRN"}, {of("srn", ratio), ""}, {of("srn-untrained"), ""},
		{of("ce"), "CE-only"}, {of("ce", decay(5e-4)), "Weight Decay"}, {of("weight-decay", decay(5e-4)), "Weight Decay"},
		{of("label-smoothing"), "Label Smoothing"}, {of("sam", func(f *record.Fit) { f.Parameters = map[string]any{"sam.rho": 0.1} }), "SAM"}, {of("sam+cutout"), ""}, {of("cutout"), ""},
		{of("sam" + external), "SAM external"}, {of("ce"+external, decay(5e-4)), "SGD external"}, {of("ce" + external), "SGD external"}, {of("somebody else's"), ""}, {record.Fit{}, ""},
	} {
		name := Row(c.f)
		if External(c.f) {
			name += " external"
		}
		if name != c.want {
			t.Errorf("%s wd %g: %q, want %q", c.f.Method, c.f.WeightDecay, name, c.want)
		}
	}
}

// Parameters that are the source's for the data are not said, others are.
func TestParameters(t *testing.T) {
	p := func(name string, v any) func(*record.Fit) {
		return func(f *record.Fit) { f.Parameters = map[string]any{name: v} }
	}
	hundred := func(f *record.Fit) { f.Classes = 100 }
	for _, c := range []struct {
		f    record.Fit
		want string
	}{
		{of("sam", p("sam.rho", 0.05)), "sam []"}, {of("sam", p("sam.rho", 0.1)), "sam(rho=0.1) [sam.rho=0.1]"},
		{of("asam", p("asam.rho", 0.5)), "asam []"}, {of("asam", p("asam.rho", 0.5), hundred), "asam(rho=0.5) [asam.rho=0.5]"}, {of("asam", p("asam.rho", 1.0), hundred), "asam []"},
		{of("sam+cutout", p("sam.rho", 0.1)), "sam+cutout(sam.rho=0.1) [sam.rho=0.1]"},
		{of("srn", func(f *record.Fit) { f.GuidanceRatio = 1e-3 }), "srn at ratio 1e-3 []"},
	} {
		if got := fmt.Sprint(Label(c.f), " ", Parameters(c.f)); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

// Controls are found by numbers compared as numbers.
func TestControl(t *testing.T) {
	guided := func(ratio float64) record.Fit {
		return of("srn", func(f *record.Fit) { f.GuidanceRatio, f.Surrogate = ratio, "gap dictionary" })
	}
	ratio := func(v float64) record.Fit {
		return of("weight-decay-ratio", func(f *record.Fit) { f.Parameters = map[string]any{"weight-decay-ratio.ratio": v} })
	}
	push := of("random-push", func(f *record.Fit) { f.Parameters = map[string]any{"random-push.ratio": 0.1} })
	untrained := of("srn-untrained", func(f *record.Fit) { f.GuidanceRatio, f.Surrogate = 0.1, "s-meta dictionary" })
	for _, c := range []struct {
		guided, f record.Fit
		want      Role
	}{
		{guided(0.1), ratio(0.1), DecayRatio}, {guided(0.001), ratio(1e-3), DecayRatio}, {guided(0.001), ratio(0.1), NoRole}, {guided(0), ratio(0.1), NoRole},
		{guided(0.1), push, RandomPush}, {guided(0.2), push, NoRole},
		{guided(0.1), untrained, Untrained}, {guided(0.2), untrained, NoRole}, {guided(0.1), of("ce"), PlainRole}, {guided(0.1), of("ce", decay(5e-4)), NoRole},
		{guided(0.1), of("ce", func(f *record.Fit) { f.TrainImages = 45000 }), NoRole},
	} {
		if got := Control(c.guided, c.f); got != c.want {
			t.Errorf("%s of %g to %s: %q, want %q", c.f.Method, c.f.GuidanceRatio, Label(c.guided), got, c.want)
		}
	}
	if a := Tuned(guided(0.1), of("ce", decay(5e-4), func(f *record.Fit) { f.LR, f.Epochs = 0.2, 100 })); !a.Comparable() {
		t.Errorf("tuned: %s", a.Because())
	}
	if a := Tuned(guided(0.1), of("ce", func(f *record.Fit) { f.TrainImages = 45000 })); a.Comparable() {
		t.Error("tuned on other images")
	}
}

func TestConditions(t *testing.T) {
	on := record.Examined{OnDataset: "cifar10", Split: "test", Images: 1000, OnKernels: "avx512", OnPrecision: "f32"}
	l := record.LossConfig{Subset: "1000", BN: "eval", PassImages: 128, Objective: "cross_entropy_mean"}
	c := OfMatrix(on, record.Matrix{LossAt: record.LossAt{LossConfig: l}, Operator: "hessian", Per: "all"})
	if c.String() != "test split, N = 1000 (subset seed 0), BN eval" || !c.Whole() {
		t.Errorf("%s", c)
	}
	l2 := l
	l2.PassImages = 64
	if a := Measurements(on, on, Of(on, l), Of(on, l2)); !a.Comparable() {
		t.Errorf("the batch of a measurement with BN eval: %s", a.Because())
	}
	l2.BN, l.BN = "train", "train"
	if a := Measurements(on, on, Of(on, l), Of(on, l2)); a.Comparable() {
		t.Error("batches of BN train")
	}
	other := on
	other.OnKernels = "avx2"
	if a := Measurements(on, other, c, c); !a.Comparable() || a.Footnote() != "kernels avx512 against avx2" {
		t.Errorf("%q", a.Footnote())
	}
}
