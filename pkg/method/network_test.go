package method

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/device/cpu"
	"srn/pkg/nn"
	"srn/pkg/resnet"
	"srn/pkg/rng"
	"srn/pkg/srn/guidance"
	"srn/pkg/srn/surrogate"
)

// bench is a method on a ResNet-8 with a loaded batch.
type bench struct {
	t      testing.TB
	be     device.Backend
	net    *resnet.Net
	method Method
	step   Step
	data   *dataset.Data
}

const benchClasses = 4

// benchData is noise with a brightness of each class.
func benchData() *dataset.Data {
	d := &dataset.Data{Name: "random", Classes: []string{"a", "b", "c", "d"}, Mean: [3]float32{.5, .45, .4}, Std: [3]float32{.25, .2, .3}}
	r := rng.New(1)
	for i := range 40 {
		d.Train.Labels = append(d.Train.Labels, int32(i%benchClasses))
		for range dataset.Pixels {
			d.Train.Pixels = append(d.Train.Pixels, byte(i%benchClasses*40+r.IntN(120)))
		}
		d.MetaVal = append(d.MetaVal, int32(i))
	}
	d.MetaVal = d.MetaVal[24:]
	return d
}

// newBench makes a method by name and settings, with a batch of the first
// images, each as often as repeat says.
func newBench(t testing.TB, name string, images, repeat int, set ...string) *bench {
	t.Helper()
	info, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := info.Settings(set)
	if err != nil {
		t.Fatal(err)
	}
	be := cpu.New(1, kernels.Best())
	t.Cleanup(be.Close)
	b := &bench{t: t, be: be, data: benchData()}
	needs := info.Needs(settings)
	n := images * repeat
	b.net, err = resnet.New(b.be, resnet.Config{Arch: "resnet8", Classes: benchClasses, Batch: needs.Copies * n,
		Tangents: needs.Tangents, InputGrad: needs.InputGrad, FeatureMask: needs.FeatureMask})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Net: b.net, Settings: settings, Seed: 5, Augment: dataset.CIFARAugment, Mean: b.data.Mean, Std: b.data.Std,
		Validation: &Validation{Images: b.data.Images(&b.data.Train), Labels: b.data.Train.Labels, Indices: b.data.MetaVal}}
	if info.Surrogate {
		c := surrogate.DefaultConfig()
		c.Channels = []int{16}
		if o.Surrogate, err = surrogate.New(b.be, c, b.net.Layout()); err != nil {
			t.Fatal(err)
		}
		o.Surrogate.Init(3)
		o.Guidance = guidance.Options{Lambda: 0, Every: 1}
	}
	b.net.Init(2)
	if b.method, err = info.New(o); err != nil {
		t.Fatal(err)
	}
	b.step = Step{Images: n, Number: 3, Steps: 10, LR: 0.1, MaxLR: 0.1}
	b.load(images, repeat)
	return b
}

// load fills the batch.
func (b *bench) load(images, repeat int) {
	loader := b.net.Loader(b.data.Images(&b.data.Train))
	var picks []device.Pick
	targets := make([]float32, b.net.Targets().Len())
	for i := range images * repeat {
		picks = append(picks, device.Pick{Index: int32(i % images)})
		targets[i*benchClasses+int(b.data.Train.Labels[i%images])] = 1
	}
	b.step.Source, b.step.Picks = b.data.Images(&b.data.Train), picks
	b.be.Write(b.net.Targets(), targets)
	loader.Set(picks)
	b.be.Run(len(picks), device.Stage{loader.Op()})
}

// gradient takes the method's gradient of the loaded batch.
func (b *bench) gradient() []float32 {
	b.t.Helper()
	if err := b.method.Gradient(&b.step); err != nil {
		b.t.Fatal(err)
	}
	return b.read(b.net.Grad())
}

func (b *bench) read(from device.Buffer) []float32 {
	v := make([]float32, from.Len())
	b.be.Read(v, from)
	return v
}

// meanLoss is that which the method left in the network.
func (b *bench) meanLoss(images int) float64 {
	sum := 0.0
	for _, l := range b.read(b.net.Loss().Slice(0, images)) {
		sum += float64(l)
	}
	return sum / float64(images)
}

// distance is ‖a−b‖/‖b‖.
func distance(a, b []float32) float64 {
	d := make([]float32, len(a))
	for i := range a {
		d[i] = a[i] - b[i]
	}
	return norm(d) / norm(b)
}

// none is every method with settings that make it cross-entropy, bit for bit
// unless a tolerance is given.
var none = []struct {
	method    string
	set       []string
	tolerance float64
	twice     bool
}{
	{method: "weight-decay"},
	{method: "srn"}, {method: "srn-untrained"}, {method: "srn-flipped"}, // λ = 0
	{method: "weight-decay-ratio", set: []string{"ratio=0"}},
	{method: "l1", set: []string{"lambda=0"}},
	{method: "random-push", set: []string{"ratio=0"}},
	{method: "poly1", set: []string{"epsilon=0"}},
	{method: "dropout", set: []string{"p=0"}},
	{method: "label-smoothing", set: []string{"epsilon=0"}},
	{method: "mixup", set: []string{"alpha=0"}},
	{method: "random-erasing", set: []string{"p=0"}},
	{method: "cutout", set: []string{"length=0"}},
	{method: "confidence-penalty", set: []string{"beta=0"}},
	{method: "energy-in", set: []string{"weight=0"}},
	{method: "energy-ood", set: []string{"weight=0"}},
	{method: "smooth01", set: []string{"warmup=1"}},
	{method: "l-softmax", set: []string{"m=1"}},
	{method: "sam", set: []string{"rho=0"}},
	{method: "asam", set: []string{"rho=0"}},
	{method: "fsam", set: []string{"gamma=0"}},
	{method: "gsam", set: []string{"rho-max=0", "rho-min=0", "alpha=0"}},
	{method: "l2t-dlf", set: []string{"mix=1"}},
	{method: "slf", set: []string{"mix=1"}},
	{method: "ala", set: []string{"mix=1"}},
	{method: "l2t-dln", set: []string{"mix=1"}},
	{method: "sam+cutout+label-smoothing", set: []string{"rho=0", "length=0", "epsilon=0"}},
	// Twice the images are summed in another order.
	{method: "consistency", set: []string{"lambda=0", "epsilon=0"}, tolerance: 1e-5},
	{method: "r-drop", set: []string{"alpha=0", "p=0"}, tolerance: 1e-5, twice: true}, // CE₁ + CE₂
	{method: "gradalign", set: []string{"lambda=0"}},
}

func TestLimitIsCrossEntropy(t *testing.T) {
	ce := newBench(t, "ce", 12, 1)
	want, running := ce.gradient(), ce.read(ce.net.Running())
	for _, c := range none {
		t.Run(c.method, func(t *testing.T) {
			b := newBench(t, c.method, 12, 1, c.set...)
			got := b.gradient()
			if c.twice {
				for i := range got {
					got[i] /= 2
				}
			}
			if d := distance(got, want); !(d <= c.tolerance) {
				t.Errorf("gradient differs from cross-entropy's by %g", d)
			}
			if d := distance(b.read(b.net.Running()), running); !(d <= 1e-3*min(1, c.tolerance*1e5)) {
				t.Errorf("running statistics differ by %g", d)
			}
			near(t, "loss", b.meanLoss(12), ce.meanLoss(12), max(c.tolerance, 1e-15))
		})
	}
}

func TestFirstPassAloneMovesRunningStatistics(t *testing.T) {
	ce := newBench(t, "ce", 12, 1)
	ce.gradient()
	want := ce.read(ce.net.Running())
	for _, name := range []string{"sam", "asam", "fsam", "gsam", "energy-ood", "gradalign", "val-guided", "meta-weight-net", "l2t-dlf", "l2t-dln", "slf", "ala"} {
		var set []string
		if name == "energy-ood" {
			set = []string{"m-in=1e9"} // or the loss has a hinge in it
		}
		if name == "ala" {
			set = []string{"mix=1"} // train_loss is the method's
		}
		b := newBench(t, name, 12, 1, set...)
		at := b.read(b.net.Params())
		b.gradient()
		for i, v := range b.read(b.net.Running()) {
			if v != want[i] {
				t.Errorf("%s: running statistics differ from those of one pass", name)
				break
			}
		}
		for i, v := range b.read(b.net.Params()) {
			if v != at[i] {
				t.Errorf("%s: parameters are not put back", name)
				break
			}
		}
		near(t, name+": loss", b.meanLoss(12), ce.meanLoss(12), 1e-12)
	}
}

// TestAlign differences the mean cosine of gradients.
func TestAlign(t *testing.T) {
	r := rng.New(3)
	a, b := make([]float32, 3*pixels), make([]float32, 3*pixels)
	for i := range a {
		a[i], b[i] = float32(r.NormFloat64()), float32(r.NormFloat64())
	}
	clear(a[pixels : 2*pixels]) // an image without a gradient takes no part
	value := func() float64 { return 0.3 * (1 - align(slices.Clone(a), slices.Clone(b), 0.3)) }
	inA, inB := slices.Clone(a), slices.Clone(b)
	align(inA, inB, 0.3)
	v := make([]float32, len(b))
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	clear(v[pixels : 2*pixels])
	for what, c := range map[string]struct{ of, grad []float32 }{"a": {a, inA}, "b": {b, inB}} {
		move := func(h float32) float64 {
			for i := range c.of {
				c.of[i] += h * v[i]
			}
			return value()
		}
		up := move(1e-2)
		down := move(-2e-2)
		move(1e-2)
		near(t, "slope in "+what, dot(c.grad, v), (up-down)/2e-2, 1e-4)
		if norm(c.grad[pixels:2*pixels]) != 0 {
			t.Error("a gradient in an image that is left out")
		}
	}
}

// validationLoss is the mean cross-entropy of held-out images that the
// validator of step 3 sees, at the parameters.
func (b *bench) validationLoss(v *validator) float64 {
	b.t.Helper()
	v.gradient(b.be.New(b.net.Params().Len()), &b.step)
	return b.meanLoss(len(v.picks))
}

// TestHeldOutImagesAreVaried: as the training images are, unless that is
// turned off.
func TestHeldOutImagesAreVaried(t *testing.T) {
	for _, c := range []struct {
		method string
		set    []string
		want   bool
	}{
		{"val-guided", nil, true}, {"val-guided", []string{"val-augment=none"}, false},
		{"meta-weight-net", nil, true}, {"meta-weight-net", []string{"val-augment=none"}, false},
		{"l2t-dlf", nil, false}, {"l2t-dlf", []string{"val-augment=training"}, true},
	} {
		b := newBench(t, c.method, 12, 1, c.set...)
		var v *validator
		switch m := b.method.(*joint).parts[0].(type) {
		case *valGuided:
			v = m.validation
		case *learnedByLookahead:
			v = m.validation
		}
		b.gradient()
		moved := false
		for _, p := range v.picks {
			moved = moved || p.DX != 0 || p.DY != 0 || p.Flip
		}
		if moved != c.want {
			t.Errorf("%s %v: held-out images varied: %v, want %v", c.method, c.set, moved, c.want)
		}
	}
}

func TestInnerProductsOfExamples(t *testing.T) {
	for _, name := range []string{"val-guided", "val-guided+dropout"} {
		t.Run(name, func(t *testing.T) { testInnerProducts(t, newBench(t, name, 12, 1)) })
	}
}

func testInnerProducts(t *testing.T, b *bench) {
	var g *valGuided
	for _, p := range b.method.(*joint).parts {
		if v, ok := p.(*valGuided); ok {
			g = v
		}
	}
	b.gradient()
	v := b.read(g.v)
	size := norm(v)
	b.load(12, 1)
	b.net.Forward(12, nn.TrainFrozen)
	b.net.CrossEntropy(12)
	d := b.read(b.net.LogitGrad())
	b.net.ForwardTangent(12, g.v)
	zDot := b.read(b.net.LogitsDot())
	at := b.read(b.net.Params())
	losses := func(h float64) []float32 {
		moved := make([]float32, len(at))
		for i, w := range at {
			moved[i] = w + float32(h/size)*v[i]
		}
		b.be.Write(b.net.Params(), moved)
		b.net.Load()
		b.net.Forward(12, nn.TrainFrozen)
		b.net.CrossEntropy(12)
		return b.read(b.net.Loss())
	}
	const h = 2e-3
	up, down := losses(h), losses(-h)
	for i := range 12 {
		got := 12 * dot(d[i*benchClasses:][:benchClasses], zDot[i*benchClasses:][:benchClasses]) / size
		near(t, fmt.Sprintf("example %d", i), got, float64(up[i]-down[i])/(2*h), 0.01)
	}
}

// TestMetaGradient compares the meta-gradient of one step with differences of
// the held-out loss after that step.
func TestMetaGradient(t *testing.T) {
	for _, c := range []struct {
		method string
		set    []string
	}{
		{method: "meta-weight-net"}, {method: "l2t-dln"},
		{method: "l2t-dlf", set: []string{"objective=ce"}}, {method: "l2t-dlf"},
		{method: "slf", set: []string{"weights=soft"}},
	} {
		t.Run(c.method+strings.Join(c.set, ","), func(t *testing.T) {
			b := newBench(t, c.method, 12, 1, append(c.set, "meta-lr=0")...)
			l := b.method.(*joint).parts[0].(*learnedByLookahead).lookahead
			record := &recordingLoss{learnedLoss: l.loss}
			var phi [][]float64
			switch m := l.loss.(type) {
			case *metaWeightNet:
				phi, record.sums = [][]float64{m.phi}, m.sums
			case *l2tDLF:
				phi, record.sums = [][]float64{m.w, m.b}, m.sums
				if e, ok := l.validation.passes.loss.(*smoothError); ok {
					e.sharpness = 3 // or little but a few images' kinks is left
				}
			case *l2tDLN:
				phi, record.sums = [][]float64{m.phi}, m.sums
			case *slf:
				phi, record.sums = [][]float64{m.phi}, m.sums
				m.begin(&b.step) // the recorder hides it
			}
			l.loss = record
			b.gradient()
			size := 0.0
			for _, g := range record.grad {
				size += g * g
			}
			size = math.Sqrt(size)
			move := func(h float64) {
				i := 0
				for _, part := range phi {
					for j := range part {
						part[j] += h * record.grad[i] / size
						i++
					}
				}
			}
			after := func(h float64) float64 {
				move(h)
				at := b.read(b.net.Params())
				b.load(12, 1)
				p := b.method.(*joint).passes
				b.net.Forward(12, nn.TrainFrozen)
				p.rows(12, l.loss)
				b.net.Backward(12)
				b.be.Axpy(b.net.Params(), float32(-b.step.LR), b.net.Grad())
				b.net.Load()
				loss := b.validationLoss(l.validation)
				b.be.Write(b.net.Params(), at)
				b.net.Load()
				move(-h)
				return loss
			}
			const h = 0.02
			near(t, "derivative along the gradient", size, (after(h)-after(-h))/(2*h), 0.02)
		})
	}
}

// recordingLoss keeps the meta-gradient.
type recordingLoss struct {
	learnedLoss
	sums, grad []float64
}

func (r *recordingLoss) learn(scale float64) {
	for _, g := range r.sums {
		r.grad = append(r.grad, scale*g)
	}
	r.learnedLoss.learn(scale)
}

func TestControlsOfGuidance(t *testing.T) {
	plain := newBench(t, "ce", 12, 1).gradient()
	added := map[string][]float32{}
	for _, name := range []string{"srn", "srn-flipped", "srn-untrained"} {
		b := newBench(t, name, 12, 1)
		m := b.method.(*joint).parts[0].(*surrogateGuided)
		m.guidance.Ratio = 0.1
		g := b.gradient()
		for i := range g {
			g[i] -= plain[i]
		}
		near(t, name+": ratio", norm(g)/norm(plain), 0.1, 1e-4)
		added[name] = g
	}
	cos := func(a, b string) float64 { return dot(added[a], added[b]) / norm(added[a]) / norm(added[b]) }
	near(t, "cosine of srn and srn-flipped", cos("srn", "srn-flipped"), -1, 1e-6)
	if c := cos("srn", "srn-untrained"); c > 0.999 {
		t.Errorf("srn-untrained has the direction of srn: cosine %g", c)
	}
	b := newBench(t, "weight-decay-ratio", 12, 1)
	g := b.gradient()
	for i := range g {
		g[i] -= plain[i]
	}
	theta := b.read(b.net.Params())
	near(t, "norm of the decay", norm(g)/norm(plain), 0.1, 1e-4)
	near(t, "its cosine with θ", dot(g, theta)/norm(g)/norm(theta), 1, 1e-5)
}

func TestSpectralNormOfWhatTheNetworkUses(t *testing.T) {
	b := newBench(t, "spectral-norm", 12, 1)
	for range 60 {
		b.load(12, 1)
		b.gradient()
	}
	trained := b.read(b.net.Params())
	restore := b.method.Effective()
	used := b.read(b.net.Params())
	for _, p := range b.net.Layout() {
		if len(p.Shape) > 1 {
			l := newSpectralLayer(p, rng.New(1))
			w := l.of(used)
			for range 300 {
				l.power(w)
			}
			l.measure(w)
			near(t, "largest singular value of "+p.Name, l.sigma, 1, 1e-2)
		}
	}
	restore()
	for i, v := range b.read(b.net.Params()) {
		if v != trained[i] {
			t.Fatal("the trained parameters are not put back")
		}
	}
}
