package method

import (
	"fmt"
	"math"
	"testing"

	"srn/pkg/nn"
	"srn/pkg/rng"
)

// The tests of this file run over the whole registry. A method that is not in
// the table below is checked in all: its gradient is that of the mean loss it
// leaves in the network, and a batch in which every image comes twice has the
// same. The table says where a method needs other settings than its defaults
// to do anything on the bench, where it minimises more than that mean loss,
// and, with the reason, what it cannot be checked for.
type exception struct {
	set       []string // settings at which the method differs from cross-entropy
	mean      []string // those for a batch of doubled images, in their place
	extra     func(b *bench) float64
	images    int // in the pass, if not those of the batch
	prepare   func(b *bench)
	tolerance float64 // of differences, 0.01 unless given: gradients in images jump where a ReLU switches, which no derivative sees
	gradient  string  // why the direction is not the gradient of anything
	perImage  string  // what is drawn for each image, so that twins differ
	unchanged bool    // plain cross-entropy on the bench
}

const drawnPerImage = "draws for each image"

var exceptions = map[string]exception{
	"ce":                 {unchanged: true},
	"weight-decay":       {unchanged: true}, // a default of the trainer's
	"srn":                {unchanged: true}, // λ is 0 on the bench
	"srn-untrained":      {unchanged: true},
	"srn-flipped":        {unchanged: true},
	"srn-shuffled":       {unchanged: true},
	"weight-decay-ratio": {gradient: "its length follows the task gradient's"},
	"random-push":        {gradient: "a random direction"},
	"l1": {set: []string{"lambda=0.01"}, extra: func(b *bench) float64 {
		sum := 0.0
		for _, w := range b.read(b.net.Params()) {
			sum += math.Abs(float64(w))
		}
		return 0.01 * sum
	}},
	"dropout":        {perImage: drawnPerImage},
	"mixup":          {perImage: drawnPerImage},
	"random-erasing": {set: []string{"p=1"}, perImage: drawnPerImage},
	"cutout":         {perImage: drawnPerImage},
	"autoaugment":    {perImage: drawnPerImage},
	"spectral-norm": {prepare: func(b *bench) { // u and v, which count as constants, settle
		for range 300 {
			for _, l := range b.method.(*joint).parts[0].(*spectralNorm).layers {
				l.power(l.of(b.read(b.net.Params())))
			}
		}
	}},
	"energy-in": {set: []string{"m-in=-3"}},
	"energy-ood": {set: []string{"m-in=-3", "m-out=5"}, mean: []string{"m-in=-3"}, extra: func(b *bench) float64 {
		p := b.method.(*joint).passes
		e := b.method.(*joint).parts[0].(*energyOOD)
		b.load(12, 1) // outliers are made of it
		n := e.outliers.load(&b.step)
		b.net.Forward(n, nn.TrainFrozen)
		p.rows(n, outHinge{e})
		return b.meanLoss(n)
	}},
	"logitnorm": {set: []string{"tau=1"}},
	"r-drop": {set: []string{"alpha=20"}, mean: []string{"p=0"}, images: 24, extra: func(b *bench) float64 {
		return b.meanLoss(24) + 20*b.figure("r-drop.divergence") // the sum of two means, not the mean of both
	}},
	"gradalign": {mean: []string{"epsilon=0", "through=one"}, set: []string{"lambda=10", "epsilon=0.5"}, tolerance: 0.25, extra: func(b *bench) float64 {
		return 10 * (1 - b.figure("gradalign.alignment"))
	}},
	"consistency": {set: []string{"epsilon=0.5"}, mean: []string{"epsilon=0"}, extra: func(b *bench) float64 { return b.figure("consistency.divergence") }},
	"val-guided":  {mean: []string{"val-batch=12"}, gradient: "the images' weights count as constants"},
	"sam":         {gradient: elsewhere},
	"asam":        {gradient: elsewhere},
	"fsam":        {gradient: elsewhere},
	"gsam":        {gradient: elsewhere},
	"smooth01":    {set: []string{"warmup=0"}},
	"barron":      {set: []string{"rate=0"}}, // or it differs from step to step
	"l-softmax":   {set: []string{"base=0.5"}},
	"meta-weight-net": {set: []string{"meta-lr=0.1"}, mean: []string{"val-batch=12", "meta-lr=0.1"},
		gradient: "the images' weights count as constants"},
	"slf":     {mean: []string{"val-batch=12"}, gradient: "the losses' weights count as constants"},
	"l2t-dlf": {set: []string{"meta-lr=0"}, mean: []string{"val-batch=12", "meta-lr=1"}, extra: ownLoss},
	"l2t-dln": {set: []string{"meta-lr=0"}, mean: []string{"val-batch=12"}, extra: ownLoss},
}

const elsewhere = "taken at other parameters"

// ownLoss is the mean of a learned loss less the cross-entropy that is kept
// for the records.
func ownLoss(b *bench) float64 {
	kept := b.meanLoss(12)
	m := b.method.(*joint)
	m.passes.rows(12, m.parts[0].(*learnedByLookahead).loss)
	return b.meanLoss(12) - kept
}

// figure is one of the method's own for the records, of the latest step.
func (b *bench) figure(key string) float64 {
	b.t.Helper()
	own := b.method.Report().Own
	v, ok := own[key]
	if !ok {
		b.t.Fatalf("no figure %q among %v", key, own)
	}
	return v
}

// objective evaluates what a method minimises at parameters moved by h along v.
func (b *bench) objective(v []float32, h float64, value func() float64) float64 {
	at := b.read(b.net.Params())
	moved := make([]float32, len(at))
	for i, w := range at {
		moved[i] = w + float32(h)*v[i]
	}
	b.be.Write(b.net.Params(), moved)
	b.net.Load()
	b.load(12, 1)
	b.gradient()
	at, moved = moved, at
	is := value()
	b.be.Write(b.net.Params(), moved)
	b.net.Load()
	return is
}

func TestExceptionsAreMethods(t *testing.T) {
	for name := range exceptions {
		if info, err := Find(name); err != nil || info.Name != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEveryMethodDoesSomething(t *testing.T) {
	want := newBench(t, "ce", 12, 1).gradient()
	for _, m := range Methods() {
		e := exceptions[m.Name]
		got := newBench(t, m.Name, 12, 1, e.set...).gradient()
		if d := distance(got, want); (d > 1e-4) == e.unchanged || !(d < math.Inf(1)) {
			t.Errorf("%s: the gradient differs from cross-entropy's by %g", m.Name, d)
		}
	}
}

// TestGradientOfEveryMethod compares gradients in the parameters with
// differences of what the method minimises, in the float32 of the network,
// along the gradient, along the classifier's part of it and along what a random
// tenth of it is.
func TestGradientOfEveryMethod(t *testing.T) {
	check := func(t *testing.T, name string, e exception) {
		b := newBench(t, name, 12, 1, e.set...)
		value := func() float64 {
			v := b.meanLoss(max(e.images, 12))
			if e.extra != nil {
				v += e.extra(b)
			}
			return v
		}
		if e.prepare != nil {
			e.prepare(b)
		}
		grad := b.gradient()
		value()
		head, _ := b.net.Layout().Find("linear.weight")
		r := rng.New(8)
		for _, part := range []struct {
			what string
			in   func(i int) bool
		}{
			{"all", func(int) bool { return true }},
			{"classifier", func(i int) bool { return i >= head.Offset }},
			{"a tenth", func(int) bool { return r.IntN(10) == 0 }},
		} {
			v := make([]float32, len(grad))
			for i, g := range grad {
				if part.in(i) {
					v[i] = g
				}
			}
			size := norm(v)
			for i := range v {
				v[i] /= float32(size)
			}
			const h = 4e-3
			want := (b.objective(v, h, value) - b.objective(v, -h, value)) / (2 * h)
			near(t, part.what, size, want, max(0.01, e.tolerance))
		}
	}
	for _, m := range Methods() {
		if e := exceptions[m.Name]; e.gradient == "" {
			t.Run(m.Name, func(t *testing.T) { check(t, m.Name, e) })
		}
	}
	t.Run("l-softmax m=3", func(t *testing.T) { check(t, "l-softmax", exception{set: []string{"base=0.5", "m=3"}}) })
}

// TestGradientOfEveryLossInTheLogits compares each loss of logits with
// differences in float64, for one-hot and for soft targets.
func TestGradientOfEveryLossInTheLogits(t *testing.T) {
	tested := 0
	for _, m := range Methods() {
		b := newBench(t, m.Name, 2, 1, exceptions[m.Name].set...)
		l := b.method.(*joint).passes.loss
		if begins, ok := l.(beginner); ok {
			begins.begin(&b.step)
		}
		if l == nil {
			continue
		}
		tested++
		r := rng.New(4)
		for i := range 10 {
			z, target := example(r, benchClasses, i%2 == 1)
			d, scratch := make([]float64, benchClasses), make([]float64, benchClasses)
			l.row(d, z, target)
			for k := range z {
				want := slope(func() float64 { return l.row(scratch, z, target) }, &z[k])
				near(t, fmt.Sprintf("%s: ∂/∂z_%d", m.Name, k), d[k], want, 2e-8)
			}
		}
	}
	if tested < 7 {
		t.Errorf("%d losses tested", tested)
	}
}

// TestGradientIsThatOfAMean: a batch in which every image comes twice has the
// gradient of the batch in which it comes once. A sum in place of a mean would
// be off by 1; the bound leaves room for an activation or two that rounding,
// which differs between the batches, moves over its kink in a second pass.
func TestGradientIsThatOfAMean(t *testing.T) {
	for _, m := range Methods() {
		e := exceptions[m.Name]
		if e.perImage != "" {
			continue
		}
		set := e.set
		if e.mean != nil {
			set = e.mean
		}
		t.Run(m.Name, func(t *testing.T) {
			once := newBench(t, m.Name, 12, 1, set...).gradient()
			twice := newBench(t, m.Name, 12, 2, set...).gradient()
			if d := distance(twice, once); !(d < 1e-2) {
				t.Errorf("the gradient of doubled images differs by %g", d)
			}
		})
	}
}
