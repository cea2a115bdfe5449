package compare

import (
	"cmp"
	"slices"
	"strings"

	"srn/pkg/record"
)

// Baseline finds, of several trainings, the plain one that f is to be compared
// with: cross-entropy under the same protocol and with the same weight decay,
// or, where f is itself cross-entropy with weight decay, without. It is -1
// where there is none; nearest is then the plain training with fewest
// differences, -1 if there is no other, and why what they are. Cross-entropy
// without weight decay has no baseline and needs none.
func Baseline(f record.Fit, all []record.Fit) (at, nearest int, why Answer) {
	at, nearest = -1, -1
	if !Needs(f) {
		return at, nearest, why
	}
	want := f.WeightDecay
	if Plain(f) {
		want = 0
	}
	for i, c := range all {
		if !Plain(c) {
			continue
		}
		if Plain(f) && c.WeightDecay == f.WeightDecay {
			continue // itself, or as good
		}
		answer := Trainings(f, c)
		if c.WeightDecay != want {
			answer.Differences = slices.DeleteFunc(answer.Differences, func(d Difference) bool { return d.Setting == decaySetting })
			answer.Differences = append(answer.Differences, Difference{decaySetting, want, c.WeightDecay})
		}
		switch {
		case answer.Comparable():
			return i, i, answer
		case nearest < 0 || len(answer.Differences) < len(why.Differences):
			nearest, why = i, answer
		}
	}
	return at, nearest, why
}

const decaySetting = "weight decay"

// Needs says that a training says nothing without a baseline.
func Needs(f record.Fit) bool { return len(f.Methods) > 0 && !(Plain(f) && f.WeightDecay == 0) }

// Role is what a training is to a guided one.
type Role string

const (
	NoRole     Role = ""
	Untrained  Role = "untrained"                      // the same surrogate before any meta-training
	Flipped    Role = "flipped"                        // the opposite direction
	Shuffled   Role = "shuffled"                       // each tensor guided by what was meant for another
	DecayRatio Role = "weight decay of the same ratio" // weight decay as strong as the guidance
	RandomPush Role = "random push of the same ratio"  // a push as strong as the guidance, in no direction
	PlainRole  Role = "cross-entropy"
)

// Control says what f is to a guided training, where the two may be compared:
// a control of its guidance, or the same training without.
func Control(guided, f record.Fit) Role {
	if !Trainings(guided, f).Comparable() || guided.WeightDecay != f.WeightDecay {
		return NoRole
	}
	sameStrength := f.GuidanceRatio == guided.GuidanceRatio && f.Lambda == guided.Lambda && f.GuidanceEvery == guided.GuidanceEvery && f.GuidanceRefresh == guided.GuidanceRefresh
	switch {
	case Is(f, "srn-untrained") && sameStrength && form(f) == form(guided):
		return Untrained
	case Is(f, "srn-flipped") && sameStrength && f.Surrogate == guided.Surrogate:
		return Flipped
	case Is(f, "srn-shuffled") && sameStrength && f.Surrogate == guided.Surrogate:
		return Shuffled
	case Is(f, "weight-decay-ratio") && guided.GuidanceRatio != 0 && f.Parameters["weight-decay-ratio.ratio"] == guided.GuidanceRatio:
		return DecayRatio
	case Is(f, "random-push") && guided.GuidanceRatio != 0 && f.Parameters["random-push.ratio"] == guided.GuidanceRatio:
		return RandomPush
	case Plain(f):
		return PlainRole
	}
	return NoRole
}

// form is that of a surrogate: conv, mlp or dictionary.
func form(f record.Fit) string { return f.Surrogate[strings.LastIndex(f.Surrogate, " ")+1:] }

// Tuned says whether f is plain training that tuning may choose to compare
// another with: alike but for the settings that tuning is of, which are the
// learning rate and its schedule, momentum, batch size, weight decay and the
// number of epochs.
func Tuned(other, f record.Fit) Answer {
	if !Plain(f) {
		return Answer{Differences: []Difference{{"method", other.Method, f.Method}}}
	}
	f.Milestones, f.LRDrop, f.Warmup = other.Milestones, other.LRDrop, other.Warmup
	f.LR, f.Schedule, f.Momentum, f.BatchSize, f.WeightDecay, f.Epochs = other.LR, other.Schedule, other.Momentum, other.BatchSize, other.WeightDecay, other.Epochs
	return Trainings(other, f)
}

// Order sorts trainings for tables: plain cross-entropy first, then by method
// and its settings.
func Order(a, b record.Fit) int {
	first := func(f record.Fit) int {
		if len(f.Methods) == 1 && f.Methods[0] == "ce" {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.Epochs, b.Epochs), cmp.Compare(first(a), first(b)), strings.Compare(a.Method, b.Method), strings.Compare(withParameters(a), withParameters(b)),
		cmp.Compare(a.GuidanceRatio, b.GuidanceRatio), cmp.Compare(a.WeightDecay, b.WeightDecay))
}

// Times says whether the times of an epoch of two trainings may be compared:
// of the same network, images, batch size, kernels and precision, whatever else
// differs.
func Times(a, b record.Fit) Answer {
	var answer Answer
	for _, d := range []Difference{{"network", a.Arch, b.Arch}, {"dataset file", a.DataSHA256, b.DataSHA256}, {"train images", a.TrainImages, b.TrainImages}, {"train split", a.TrainSplit, b.TrainSplit},
		{"batch size", a.BatchSize, b.BatchSize}, {"precision", a.Precision, b.Precision}, {"kernels", a.Kernels, b.Kernels}} {
		if d.Mine != d.Other {
			answer.Differences = append(answer.Differences, d)
		}
	}
	return answer
}
