package paper

import (
	"strings"

	"srn/pkg/compare"
	"srn/pkg/record"
)

// Counts of images that the official files of CIFAR-10 and CIFAR-100 have.
const (
	TrainImages = 50_000
	TestImages  = 10_000
)

// Length is the setting of [Protocol] that says how long a training is.
const Length = "Epochs"

// Protocol is the settings of Table 1 and of sections 4.1 and A.3, with the
// data that the paper trains and tests on.
var Protocol = []compare.Stated{
	fit("Data", "Data set", "CIFAR-10, CIFAR-100", "", func(f record.Fit) any { return f.Dataset }, "cifar10", "cifar100"),
	fit("Data", "Images trained on", "50,000", "trained on %s images (%s)", func(f record.Fit) any { return count(f.TrainImages) }, TrainImages),
	fit("Data", "Images tested on", "10,000", "tested on %s images (%s)", func(f record.Fit) any { return count(f.TestImages) }, TestImages),
	fit("Data", "Official images", "yes", "other images than the official ones%.0s%.0s", official, true),
	fit("Data", "Wrong labels", "none", "%s of the labels are wrong (%s)", func(f record.Fit) any { return f.LabelNoise }, 0.0),
	fit("Data", "Part trained on", "all training images", "trained on %s (on all training images)%.0s", func(f record.Fit) any { return strings.ReplaceAll(f.TrainSplit, "_", "-") }, "train"),
	fit("Classifier", "Network", "ResNet-8/20/32", "", func(f record.Fit) any { return f.Arch }, "resnet8", "resnet20", "resnet32"),
	fit("Classifier", Length, "200", "%s epochs (the paper: %s)", func(f record.Fit) any { return f.Epochs }, Epochs),
	external(fit("Classifier", "Initial learning rate", "0.06", "learning rate %s (%s)", func(f record.Fit) any { return f.LR }, LR), ExternalLR),
	fit("Classifier", "Schedule", "cosine (A.3.3)", "schedule %s (%s)", func(f record.Fit) any { return f.Schedule }, Schedule),
	fit("Classifier", "Momentum", "not given (“SGD with momentum”, A.3)", "", func(f record.Fit) any { return f.Momentum }),
	fit("Classifier", "Batch size", "128 (A.3)", "batches of %s (%s)", func(f record.Fit) any { return f.BatchSize }, Batch),
	fit("Classifier", "Augmentation", "random crop, horizontal flip (A.3)", "augmentation %s (%s)", func(f record.Fit) any { return f.Augment }, Augment),
	fit("Classifier", "Beyond SGD with momentum", "not stated", "%s (not stated)%.0s", beyond, "nothing"),
	fit("Classifier", "Weight decay", "not given", "", func(f record.Fit) any { return f.WeightDecay }),
	guided("λ_srn", "1", "λ %s (%s)", func(f record.Fit) any { return f.Lambda }, float64(Lambda)),
	guided("Target ratio ‖λ∇r‖/‖∇task‖", "none", "", func(f record.Fit) any { return f.GuidanceRatio }, 0.0),
	guided("∇r computed every … steps", "1 (“at every training step”)", "∇r computed every %s steps (every step)%.0s", func(f record.Fit) any { return f.GuidanceEvery }, 1),
	meta("Meta-training", "Schedule", "rounds of an inner and an outer stage (Algorithm 1: step by step)", "", func(m record.Meta) any { return m.Mode }, "alternate"),
	meta("Meta-training", "Rounds", "100", "rounds of meta-training %s (%s)", func(m record.Meta) any { return m.Rounds }, Rounds),
	meta("Meta-training", "Inner epochs", "8", "inner epochs %s (%s)", func(m record.Meta) any { return m.InnerEpochs }, 8),
	meta("Meta-training", "Inner learning rate", "0.01", "inner learning rate %s (%s)", func(m record.Meta) any { return m.InnerLR }, 0.01),
	meta("Meta-training", "Outer learning rate", "0.001", "outer learning rate %s (%s)", func(m record.Meta) any { return m.OuterLR }, 0.001),
	meta("Meta-training", "Inner sample", "80 (CIFAR-10), 300 (CIFAR-100), of no unit", "", func(m record.Meta) any { return m.InnerN }, 80, 300),
	meta("Meta-training", "Outer sample", "400 (CIFAR-10), 100 (CIFAR-100), of no unit", "", func(m record.Meta) any { return m.OuterN }, 400, 100),
	meta("Meta-training", "γ_mar", "0, 0.5 and 1 (Table 4)", "", func(m record.Meta) any { return m.GammaMar }, 0.0, 0.5, 1.0),
	meta("Meta-training", "z()", "not given", "", func(m record.Meta) any { return m.Z }),
	meta("Surrogate", "Form", "Conv1D; MLP (Table 4)", "", func(m record.Meta) any { return m.Surrogate }, "conv", "mlp"),
	meta("Surrogate", "Channels", "128 → 64 → 32", "", func(m record.Meta) any { return m.Channels }, []int{128, 64, 32}),
	meta("Surrogate", "Kernel", "9", "", func(m record.Meta) any { return m.Kernel }, 9),
	meta("Surrogate", "Head", "GAP → Softplus", "", func(m record.Meta) any { return m.Head }),
	meta("Surrogate", "r_max", "10; 1 to 200 (Table 4)", "", func(m record.Meta) any { return m.RMax }, 1.0, 5.0, 10.0, 50.0, 200.0),
	meta("Surrogate", "Reads", "“weights of the backbone”", "", func(m record.Meta) any { return m.Input }),
}

func fit(block, name, quoted, deviation string, of func(record.Fit) any, want ...any) compare.Stated {
	return compare.Stated{Block: block, Name: name, Quoted: quoted, Deviation: deviation, Fit: of, Want: want}
}

func guided(name, quoted, deviation string, of func(record.Fit) any, want ...any) compare.Stated {
	s := fit("Guidance", name, quoted, deviation, of, want...)
	s.Guided = true
	return s
}

func meta(block, name, quoted, deviation string, of func(record.Meta) any, want ...any) compare.Stated {
	return compare.Stated{Block: block, Name: name, Quoted: quoted, Deviation: deviation, Meta: of, Want: want}
}

func external(s compare.Stated, want ...any) compare.Stated {
	s.External = want
	return s
}

// count is a number of images, nil where it is not known.
func count(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

func official(f record.Fit) any {
	if f.DataOfficial == nil {
		return nil
	}
	return *f.DataOfficial
}

// beyond lists how a training descends beyond SGD with momentum.
func beyond(f record.Fit) any {
	var list []string
	for _, s := range record.FieldsOf(f.Recipe) {
		if v, _ := s.Value(f.Recipe); !v.IsZero() {
			list = append(list, compare.Name(s)+" "+compare.Text(v.Interface()))
		}
	}
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}
