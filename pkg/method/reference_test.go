package method

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/artifact"
	"srn/pkg/device"
	"srn/pkg/device/cpu"
	"srn/pkg/resnet"
)

// The references are PyTorch's results in float64; testdata/make_reference.py
// says how they were made.

// reference is a file of reference values.
type reference struct {
	t *testing.T
	f *artifact.File
}

func readReference(t *testing.T, path string) reference {
	t.Helper()
	f, err := artifact.Read(path, artifact.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return reference{t, f}
}

// values are a tensor's, as float64.
func (r reference) values(name string) []float64 {
	r.t.Helper()
	tensor, ok := r.f.Tensor(name)
	if !ok {
		r.t.Fatalf("no reference value %q", name)
	}
	if v, err := tensor.Float64s(); err == nil {
		return v
	}
	if v, err := tensor.Int32s(); err == nil {
		return convert[float64](v)
	}
	v, err := tensor.Float32s()
	if err != nil {
		r.t.Fatal(err)
	}
	return convert[float64](v)
}

func convert[To, From float32 | float64 | int32](v []From) []To {
	out := make([]To, len(v))
	for i, x := range v {
		out[i] = To(x)
	}
	return out
}

// rows calls f with every row of a tensor of rows of a width.
func rows(v []float64, width int, f func(i int, row []float64)) {
	for i := range len(v) / width {
		f(i, v[i*width:][:width])
	}
}

func nearAll(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i, v := range want {
		near(t, fmt.Sprintf("%s %d", what, i), got[i], v, tolerance)
	}
}

func TestLossesAgainstPyTorch(t *testing.T) {
	r := readReference(t, "testdata/rows.safetensors.zst")
	const classes, tolerance = 6, 1e-12
	z, targets := r.values("z"), r.values("t")
	smooth := &smooth01{sharpness: 5}
	latent := r.values("barron.latent")
	adaptive := &barron{rate: 0.1, floor: 0.1, a: latent[0], s: latent[1]}
	adaptive.settle()
	energy := &energyIn{weight: 0.1, bound: -3}
	dlf := newL2TDLF(classes, 0.3, 0)
	copy(dlf.w, r.values("l2t-dlf.w"))
	copy(dlf.b, r.values("l2t-dlf.b"))
	for name, l := range map[string]loss{
		"ce":                 plainLoss{},
		"confidence-penalty": &confidencePenalty{beta: 0.3},
		"energy-in":          energy,
		"energy-out":         outHinge{&energyOOD{energyIn: energy, out: -2}},
		"logitnorm":          &logitNorm{tau: 0.5},
		"smooth01":           smooth,
		"smooth-error":       &smoothError{sharpness: 4},
		"focal":              &focal{},
		"absolute-error":     &absoluteError{},
		"l2t-dlf":            dlf,
		"barron":             adaptive,
	} {
		d := make([]float64, classes)
		losses, grads := r.values(name+".loss"), r.values(name+".grad")
		rows(z, classes, func(i int, z []float64) {
			near(t, fmt.Sprintf("%s: loss %d", name, i), l.row(d, z, targets[i*classes:][:classes]), losses[i], tolerance)
			nearAll(t, fmt.Sprintf("%s: gradient %d in z", name, i), d, grads[i*classes:][:classes], tolerance)
		})
	}
	// The gradients in what barron learns, which it keeps as sums.
	in := r.values("barron.grad.latent")
	near(t, "barron: gradient in the latent α", adaptive.dAlpha*adaptive.gradAlpha, in[0], 1e-7)
	near(t, "barron: gradient in the latent c", adaptive.dC*adaptive.gradC, in[1], 1e-9)
	for i, alpha := range r.values("barron.alpha") {
		near(t, fmt.Sprintf("barron: log Z(%g)", alpha), logPartition(alpha).log, r.values("barron.log_z")[i], 1e-9)
	}
}

func TestSmoothedAndMixedTargetsAgainstPyTorch(t *testing.T) {
	r := readReference(t, "testdata/rows.safetensors.zst")
	const classes = 6
	d := make([]float64, classes)
	z := r.values("z")
	hot := r.values("t")
	smoothed := &batch{n: 5, classes: classes, targets: convert[float32](hot[:5*classes]), hasTargets: true}
	(&labelSmoothing{epsilon: 0.1}).change(nil, smoothed)
	for i, want := range r.values("label-smoothing.loss") {
		near(t, "label smoothing", crossEntropyRow(d, z[i*classes:][:classes], convert[float64](smoothed.targets[i*classes:][:classes])), want, 1e-6)
	}

	var order []int
	for _, v := range r.values("mixup.order") {
		order = append(order, int(v))
	}
	var m mixup
	x, targets := convert[float32](r.values("mixup.x")), convert[float32](r.values("mixup.t"))
	m.mix(x, order, 0.7)
	m.mix(targets, order, 0.7)
	nearAll(t, "mixed", convert[float64](x), r.values("mixup.mixed"), 1e-6)
	for i, want := range r.values("mixup.loss") {
		near(t, "mixup", crossEntropyRow(d, z[i*classes:][:classes], convert[float64](targets[i*classes:][:classes])), want, 1e-6)
	}
}

func TestDivergencesAgainstPyTorch(t *testing.T) {
	r := readReference(t, "testdata/rows.safetensors.zst")
	const classes = 6
	v := func() []float64 { return make([]float64, classes) }
	drop := &rDrop{pair: pair{p: v(), q: v(), g: v(), a: v(), b: v()}}
	ga, gb := v(), v()
	other := r.values("r-drop.other")
	rows(r.values("z"), classes, func(i int, z []float64) {
		at := func(name string) []float64 { return r.values(name)[i*classes:][:classes] }
		near(t, "KL", drop.divergence(ga, gb, z, other[i*classes:][:classes]), r.values("consistency.divergence")[i], 1e-12)
		nearAll(t, "∂KL/∂a", ga, at("consistency.grad.a"), 1e-12)
		nearAll(t, "∂KL/∂b", gb, at("consistency.grad.b"), 1e-12)
		copy(drop.a, z)
		copy(drop.b, other[i*classes:])
		toA, toB := make([]float32, classes), make([]float32, classes)
		near(t, "symmetric KL", drop.both(toA, toB, 1), r.values("r-drop.divergence")[i], 1e-12)
		nearAll(t, "R-Drop in a", convert[float64](toA), at("r-drop.grad.a"), 1e-6)
		nearAll(t, "R-Drop in b", convert[float64](toB), at("r-drop.grad.b"), 1e-6)
	})
}

func TestLSoftmaxAgainstPyTorch(t *testing.T) {
	r := readReference(t, "testdata/rows.safetensors.zst")
	const width, bias = 5, 0.4
	x, w := r.values("l-softmax.x"), r.values("l-softmax.w")
	for _, margin := range []int{2, 3, 4} {
		at := func(name string) []float64 { return r.values(fmt.Sprintf("l-softmax.%d.%s", margin, name)) }
		rows(x, width, func(i int, x []float64) {
			w := w[i*width:][:width]
			l := &lSoftmax{margin: margin, lambda: 1.5, theta: append(convert[float32](w), bias)}
			l.weight.Shape = []int{1, width}
			plain := bias
			for j := range x {
				plain += x[j] * w[j]
			}
			m := l.label(0, convert[float32](x), plain)
			near(t, "logit", m.logit, at("logit")[i], 1e-6)
			for j := range x {
				near(t, "∂/∂x", m.slope*w[j]+m.product*m.normW/m.normX*x[j], at("x")[i*width+j], 1e-5)
				near(t, "∂/∂w", m.slope*x[j]+m.product*m.normX/m.normW*w[j], at("w")[i*width+j], 1e-5)
			}
		})
	}
}

func TestPerturbationsAgainstPyTorch(t *testing.T) {
	r := readReference(t, "testdata/rows.safetensors.zst")
	g, w, p := convert[float32](r.values("vectors.g")), convert[float32](r.values("vectors.w")), convert[float32](r.values("vectors.p"))
	e := make([]float32, len(g))
	scaled := make([]bool, len(g))
	for i := range 30 {
		scaled[i] = true
	}
	for name, perturb := range map[string]func(){
		"sam":  func() { ascend(e, g, 0.05) },
		"asam": func() { adaptiveAscend(e, g, w, scaled, 0.5, 0.01) },
		"fsam": func() { fisherAscend(e, g, 0.1, 2) },
		"gsam": func() { copy(e, p); surrogateGap(e, g, 0.4) },
	} {
		perturb()
		nearAll(t, name, convert[float64](e), r.values("vectors."+name), 1e-6)
	}
}

// TestRectanglesOfRandomErasing compares what is drawn with a million draws of
// the authors' rule.
func TestRectanglesOfRandomErasing(t *testing.T) {
	r := readReference(t, "testdata/rows.safetensors.zst")
	const n = 40000
	e := &randomErasing{maxArea: 0.4}
	e.random.Reset(1)
	sums := make([]float64, 5)
	for range n {
		y, x, h, w, ok := e.rectangle()
		if !ok {
			t.Fatal("no rectangle fits")
		}
		for i, v := range []float64{float64(h*w) / 1024, float64(h), float64(w), float64(y), float64(x)} {
			sums[i] += v / n
		}
	}
	for i, what := range []string{"area", "height", "width", "row", "column"} {
		mean, sd := r.values("erasing.mean")[i], r.values("erasing.sd")[i]
		if math.Abs(sums[i]-mean) > 5*sd/math.Sqrt(n) {
			t.Errorf("mean %s %g, want %g ± %.2g", what, sums[i], mean, sd/math.Sqrt(n))
		}
	}
}

// referenceBench is a method on the network and batch of the references, with
// the batch mirrored as its held-out images.
func referenceBench(t *testing.T, with *kernels.Set, name string, set ...string) *bench {
	t.Helper()
	r := readReference(t, "../resnet/testdata/resnet8.safetensors.zst")
	info, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := info.Settings(set)
	if err != nil {
		t.Fatal(err)
	}
	labels := convert[int32](r.values("labels"))
	n := len(labels)
	be := cpu.New(1, with)
	t.Cleanup(be.Close)
	needs := info.Needs(settings)
	net, err := resnet.New(be, resnet.Config{Arch: "resnet8", Classes: 10, Batch: needs.Copies * n, Tangents: needs.Tangents, InputGrad: needs.InputGrad, FeatureMask: needs.FeatureMask})
	if err != nil {
		t.Fatal(err)
	}
	var theta []float32
	for _, p := range net.Layout() {
		theta = append(theta, convert[float32](r.values(p.Name))...)
	}
	be.Write(net.Params(), theta)
	net.Load()
	tensor, _ := r.f.Tensor("pixels")
	bytes, err := tensor.Uint8s()
	if err != nil {
		t.Fatal(err)
	}
	images := &device.Images{Pixels: bytes, Size: imageSize}
	copy(images.Mean[:], convert[float32](r.values("mean")))
	copy(images.Std[:], convert[float32](r.values("std")))
	held := &Validation{Images: &device.Images{Size: imageSize, Mean: images.Mean, Std: images.Std}, Labels: labels}
	picks := make([]device.Pick, n)
	targets := make([]float32, net.Targets().Len())
	for i, y := range labels {
		picks[i].Index = int32(i)
		targets[i*10+int(y)] = 1
		held.Indices = append(held.Indices, int32(i))
		for row := range imageSize {
			for x := range imageSize {
				at := ((i*imageSize+row)*imageSize + imageSize - 1 - x) * 3
				held.Images.Pixels = append(held.Images.Pixels, bytes[at:at+3]...)
			}
		}
	}
	m, err := info.New(Options{Net: net, Settings: settings, Mean: images.Mean, Std: images.Std, Validation: held})
	if err != nil {
		t.Fatal(err)
	}
	be.Write(net.Targets(), targets)
	loader := net.Loader(images)
	loader.Set(picks)
	be.Run(n, device.Stage{loader.Op()})
	return &bench{t: t, be: be, net: net, method: m, step: Step{Images: n, Steps: 10, LR: 0.1, MaxLR: 0.1}}
}

// mirrored is a batch of images from right to left.
func mirrored(v []float32) []float32 {
	for at := 0; at < len(v); at += 3 * imageSize {
		for x := range imageSize / 2 {
			for c := range 3 {
				i, j := at+3*x+c, at+3*(imageSize-1-x)+c
				v[i], v[j] = v[j], v[i]
			}
		}
	}
	return v
}

// sameGradient compares the gradient left in the network with the reference's.
func (b *bench) sameGradient(r reference, name string, grad []float32, tolerance float64) {
	b.t.Helper()
	whole := norm(grad)
	for _, p := range b.net.Layout() {
		g := grad[p.Offset:][:p.Len()]
		// Some tensors' gradients are nothing but what rounding leaves of zero.
		if want := r.values(name + ".norm." + p.Name)[0]; !(math.Abs(norm(g)-want) <= tolerance*(want+1e-3*whole)) {
			b.t.Errorf("%s: norm of the gradient of %s: %g, want %g", name, p.Name, norm(g), want)
		}
		if _, ok := r.f.Tensor(name + ".grad." + p.Name); !ok {
			continue
		}
		want := convert[float32](r.values(name + ".grad." + p.Name))
		diff := make([]float32, len(g))
		for i := range g {
			diff[i] = g[i] - want[i]
		}
		if !(norm(diff) <= tolerance*(norm(want)+1e-3*whole)) {
			b.t.Errorf("%s: gradient of %s: off by %.2g of its norm", name, p.Name, norm(diff)/norm(want))
		}
	}
}

// TestStepsAgainstPyTorch: what a step of SGD is given, after rules of several
// passes. The bound leaves room for an activation that rounding moves over its
// kink at the perturbed parameters.
func TestStepsAgainstPyTorch(t *testing.T) {
	best := kernels.Best()
	direct, err := kernels.Named(strings.TrimSuffix(best.Name, kernels.Direct) + kernels.Direct)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("direct", func(t *testing.T) { stepsAgainstPyTorch(t, direct, nil) })
	// At fsam's shifted weights and on gradalign's mirrored images inputs of
	// ReLUs lie within 1e-6 of zero, relative to their rms, and transforms round
	// them to the other side.
	t.Run("transforms", func(t *testing.T) { stepsAgainstPyTorch(t, best, []string{"fsam", "gradalign", "gradalign-both"}) })
}

func stepsAgainstPyTorch(t *testing.T, with *kernels.Set, nearKinks []string) {
	r := readReference(t, "testdata/steps.safetensors.zst")
	const tolerance = 1e-3
	run := func(name string, test func(t *testing.T)) {
		if !slices.Contains(nearKinks, name) {
			t.Run(name, test)
		}
	}
	for name, set := range map[string][]string{
		"sam": {"rho=0.5"}, "asam": {"rho=0.5"}, "fsam": {"gamma=0.5", "eta=2"}, "gsam": {"rho-max=0.5", "alpha=0.4"}, "val-guided": nil,
	} {
		run(name, func(t *testing.T) {
			b := referenceBench(t, with, name, set...)
			b.sameGradient(r, name, b.gradient(), tolerance)
		})
	}
	run("spectral-norm", func(t *testing.T) {
		b := referenceBench(t, with, "spectral-norm")
		for _, l := range b.method.(*joint).parts[0].(*spectralNorm).layers {
			copy(l.u, r.values("spectral-norm.u."+l.name))
		}
		b.sameGradient(r, "spectral-norm", b.gradient(), tolerance)
	})
	for name, through := range map[string]string{"gradalign": "one", "gradalign-both": "both"} {
		run(name, func(t *testing.T) {
			b := referenceBench(t, with, "gradalign", "lambda=0.7", "through="+through)
			g := b.method.(*joint).parts[0].(*gradAlign)
			g.shake = func(_ *Step, images device.Buffer) { // mirrors them
				b.be.Write(images, mirrored(b.read(images)))
			}
			grad := b.gradient()
			near(t, "alignment", b.figure("gradalign.alignment"), r.values("gradalign.alignment")[0], 1e-5)
			b.sameGradient(r, name, grad, tolerance)
		})
	}
	run("r-drop", func(t *testing.T) {
		b := referenceBench(t, with, "r-drop", "p=0") // no masks are drawn: they are the reference's
		b.be.Write(b.net.FeatureMask(), convert[float32](r.values("r-drop.mask")))
		b.sameGradient(r, "r-drop", b.gradient(), tolerance)
	})
	for name, set := range map[string][]string{"meta-weight-net": {"hidden=7", "meta-lr=0.05"}, "l2t-dlf": {"objective=ce", "meta-lr=0.3"}} {
		run(name, func(t *testing.T) {
			b := referenceBench(t, with, name, set...)
			l := b.method.(*joint).parts[0].(*learnedByLookahead).lookahead
			record := &recordingLoss{learnedLoss: l.loss}
			var after func() []float64
			switch m := l.loss.(type) {
			case *metaWeightNet:
				copy(m.phi, r.values(name+".phi"))
				record.sums, after = m.sums, func() []float64 { return m.phi }
			case *l2tDLF: // the teacher sets W_t = W
				w, bias, _, theta := m.teacher()
				clear(theta)
				copy(w, r.values(name+".phi"))
				copy(bias, r.values(name + ".phi")[len(w):])
				m.settle()
				record.sums, after = m.sums, func() []float64 { return m.phi[:len(w)+len(bias)] }
			}
			l.loss = record
			grad := b.gradient()
			nearAll(t, "meta-gradient", record.grad, r.values(name+".meta"), 1e-5)
			nearAll(t, "parameters after", after(), r.values(name+".after"), 1e-3)
			b.sameGradient(r, name, grad, tolerance)
		})
	}
}
