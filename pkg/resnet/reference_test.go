package resnet

import (
	"fmt"
	"math"
	"strings"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/artifact"
	"srn/pkg/device"
	"srn/pkg/device/cpu"
	"srn/pkg/nn"
)

// The references are PyTorch's results in float64; testdata/make_reference.py
// says how they were made.
const tolerance = 1e-4

// reference is a file of reference values.
type reference struct {
	t *testing.T
	f *artifact.File
}

func readReference(t *testing.T, name string) reference {
	f, err := artifact.Read("testdata/"+name+".safetensors.zst", artifact.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return reference{t, f}
}

func (r reference) values(name string) []float32 {
	r.t.Helper()
	tensor, ok := r.f.Tensor(name)
	if !ok {
		r.t.Fatalf("no reference value %q", name)
	}
	v, err := tensor.Float32s()
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}

// number is a scalar in float64.
func (r reference) number(name string) float64 {
	r.t.Helper()
	tensor, ok := r.f.Tensor(name)
	if !ok {
		r.t.Fatalf("no reference value %q", name)
	}
	v, err := tensor.Float64s()
	if err != nil {
		r.t.Fatal(err)
	}
	return v[0]
}

// flat gathers the tensors of a layout under a prefix.
func (r reference) flat(prefix string, l nn.Layout) []float32 {
	v := make([]float32, 0, l.Len())
	for _, p := range l {
		v = append(v, r.values(prefix+p.Name)...)
	}
	return v
}

// net builds the network of a reference on a backend, with its batch loaded.
func (r reference) net(be device.Backend, arch string) (n *Net, images int) {
	return r.netOf(be, Config{Arch: arch, Tangents: true})
}

// netOf is net of a given configuration.
func (r reference) netOf(be device.Backend, c Config) (n *Net, images int) {
	labels, _ := r.f.Tensor("labels")
	y, err := labels.Int32s()
	if err != nil {
		r.t.Fatal(err)
	}
	c.Classes, c.Batch = 10, len(y)+3
	n, err = New(be, c)
	if err != nil {
		r.t.Fatal(err)
	}
	be.Write(n.Params(), r.flat("", n.Layout()))
	be.Write(n.Running(), r.flat("", n.RunningLayout()))
	n.Load()
	pixels, _ := r.f.Tensor("pixels")
	bytes, err := pixels.Uint8s()
	if err != nil {
		r.t.Fatal(err)
	}
	set := &device.Images{Pixels: bytes, Size: 32}
	copy(set.Mean[:], r.values("mean"))
	copy(set.Std[:], r.values("std"))
	picks := make([]device.Pick, len(y))
	targets := make([]float32, n.Targets().Len())
	for i, class := range y {
		picks[i].Index = int32(i)
		targets[i*10+int(class)] = 1
	}
	be.Write(n.Targets(), targets)
	l := n.Loader(set)
	l.Set(picks)
	be.Run(len(y), device.Stage{l.Op()})
	return n, len(y)
}

// sgdTolerance is what five steps may be off: PyTorch's own float32 ends up to
// 2.7e-4 from its float64, since each step magnifies the rounding before it.
const sgdTolerance = 5e-4

// near compares two vectors by the largest difference relative to the
// largest element.
func near(t *testing.T, what string, got, want []float32) {
	t.Helper()
	nearWithin(t, what, got, want, tolerance)
}

func nearWithin(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	var worst, scale float64
	for i, v := range want {
		scale = max(scale, math.Abs(float64(v)))
		if d := math.Abs(float64(got[i]) - float64(v)); !(d <= worst) {
			worst = d
		}
	}
	if !(worst <= tolerance*scale) {
		t.Errorf("%s: off by %.2g of its largest element", what, worst/scale)
	}
}

// nearEach compares flat vectors tensor by tensor.
func nearEach(t *testing.T, what string, got, want []float32, l nn.Layout) {
	t.Helper()
	for _, p := range l {
		near(t, what+" "+p.Name, got[p.Offset:][:p.Len()], want[p.Offset:][:p.Len()])
	}
}

func read(be device.Backend, b device.Buffer, n int) []float32 {
	v := make([]float32, n)
	be.Read(v, b.Slice(0, n))
	return v
}

func TestAgainstPyTorch(t *testing.T) {
	for _, arch := range []string{"resnet8", "resnet20"} {
		r := readReference(t, arch)
		for _, set := range kernels.Sets() {
			for _, mode := range []nn.Mode{nn.Eval, nn.Train} {
				prefix := map[nn.Mode]string{nn.Eval: "eval.", nn.Train: "train."}[mode]
				t.Run(fmt.Sprintf("%s/%s/%s", arch, set.Name, strings.Trim(prefix, ".")), func(t *testing.T) {
					be := cpu.New(2, set)
					defer be.Close()
					n, images := reference{t, r.f}.net(be, arch)
					n.Forward(images, mode)
					n.CrossEntropy(images)
					near(t, "logits", read(be, n.Logits(), images*10), r.values(prefix+"logits"))
					near(t, "losses", read(be, n.Loss(), images), r.values(prefix+"losses"))
					n.Backward(images)
					if _, ok := r.f.Tensor(prefix + "grad.conv1.weight"); ok {
						nearEach(t, "gradient of", read(be, n.Grad(), n.Layout().Len()), r.flat(prefix+"grad.", n.Layout()), n.Layout())
					}
					if _, ok := r.f.Tensor(prefix + "hv.conv1.weight"); ok {
						v, hv := be.New(n.Layout().Len()), be.New(n.Layout().Len())
						be.Write(v, r.flat("v.", n.Layout()))
						n.HVP(images, v, hv)
						nearEach(t, "Hessian-vector product of", read(be, hv, n.Layout().Len()), r.flat(prefix+"hv.", n.Layout()), n.Layout())
					}
					if mode == nn.Train {
						nearEach(t, "running statistics", read(be, n.Running(), n.RunningLayout().Len()), r.flat("after.", n.RunningLayout()), n.RunningLayout())
					}
				})
			}
		}
	}
}

// TestInputDerivatives: the gradient in the images, and the derivative of the
// parameters' gradient along a direction that changes the images alone.
func TestInputDerivatives(t *testing.T) {
	r, want := readReference(t, "resnet8"), readReference(t, "resnet8-input")
	for _, set := range kernels.Sets() {
		t.Run(set.Name, func(t *testing.T) {
			be := cpu.New(2, set)
			defer be.Close()
			n, images := reference{t, r.f}.netOf(be, Config{Arch: "resnet8", Tangents: true, InputGrad: true})
			n.Forward(images, nn.TrainFrozen)
			n.CrossEntropy(images)
			n.Backward(images)
			near(t, "gradient in the images", read(be, n.InputGrad(), 2*32*32*3), want.values("input_grad"))

			const width = 32 * 3
			input, direction := read(be, n.Input(), n.Input().Len()), make([]float32, n.InputDot().Len())
			for row := range images * 32 {
				for i := range width {
					direction[row*width+i] = input[row*width+(31-i/3)*3+i%3] / float32(images)
				}
			}
			be.Write(n.InputDot(), direction)
			still, mixed := be.New(n.Layout().Len()), be.New(n.Layout().Len())
			n.HVP(images, still, mixed)
			got := read(be, mixed, mixed.Len())
			v := r.flat("v.", n.Layout())
			for _, p := range n.Layout() {
				along, sum, size := 0.0, 0.0, 0.0
				for i, g := range got[p.Offset:][:p.Len()] {
					along += float64(g) * float64(v[p.Offset+i])
					sum += float64(g) * float64(g)
					size += float64(v[p.Offset+i]) * float64(v[p.Offset+i])
				}
				if w := want.number("along." + p.Name); math.Abs(along-w) > tolerance*math.Sqrt(sum*size) {
					t.Errorf("mixed derivative of %s along v: %g, want %g", p.Name, along, w)
				}
				if _, ok := want.f.Tensor("mixed." + p.Name); ok && p.Name != "linear.bias" {
					near(t, "mixed derivative of "+p.Name, got[p.Offset:][:p.Len()], want.values("mixed."+p.Name))
				}
			}
			// A direction of zeros leaves Hessian-vector products as they are.
			be.Fill(n.InputDot(), 0)
			be.Write(still, v)
			n.HVP(images, still, mixed)
			nearEach(t, "Hessian-vector product of", read(be, mixed, mixed.Len()), r.flat("train.hv.", n.Layout()), n.Layout())
		})
	}
}

func TestFiveStepsOfSGD(t *testing.T) {
	best := kernels.Best()
	direct, err := kernels.Named(strings.TrimSuffix(best.Name, kernels.Direct) + kernels.Direct)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("direct", func(t *testing.T) { fiveStepsOfSGD(t, direct) })
	// Gradients by plain Go's transforms agree with direct ones to 4e-6 for two
	// steps; in the third they round an input of a ReLU to the other side of zero.
	if best.Name != "generic" {
		t.Run("transforms", func(t *testing.T) { fiveStepsOfSGD(t, best) })
	}
}

func fiveStepsOfSGD(t *testing.T, set *kernels.Set) {
	r := readReference(t, "resnet8")
	be := cpu.New(2, set)
	defer be.Close()
	n, images := r.net(be, "resnet8")
	velocity := be.New(n.Params().Len())
	sum, ok := r.f.Tensor("sgd.losses")
	if !ok {
		t.Fatal("no reference losses")
	}
	want, err := sum.Float64s()
	if err != nil {
		t.Fatal(err)
	}
	for step, want := range want {
		n.Forward(images, nn.Train)
		n.CrossEntropy(images)
		n.Backward(images)
		var mean float64
		for _, l := range read(be, n.Loss(), images) {
			mean += float64(l) / float64(images)
		}
		if math.Abs(mean-want) > tolerance*want {
			t.Errorf("loss before step %d is %g, want %g", step+1, mean, want)
		}
		be.SGD(n.Params(), velocity, n.Grad(), 0.06, 0.9, 5e-4)
		n.Load()
	}
	nearWithin(t, "parameters", read(be, n.Params(), n.Layout().Len()), r.flat("sgd.", n.Layout()), sgdTolerance)
	nearWithin(t, "running statistics", read(be, n.Running(), n.RunningLayout().Len()), r.flat("sgd.", n.RunningLayout()), sgdTolerance)
}

// A Hessian is symmetric: ⟨u, Hv⟩ = ⟨v, Hu⟩, whatever the batch.
func TestHessianIsSymmetric(t *testing.T) {
	r := readReference(t, "resnet8")
	for _, mode := range []nn.Mode{nn.Eval, nn.TrainFrozen} {
		be := cpu.New(2, kernels.Best())
		defer be.Close()
		n, images := r.net(be, "resnet8")
		dim := n.Layout().Len()
		u, v, hu, hv := be.New(dim), be.New(dim), be.New(dim), be.New(dim)
		be.Write(v, r.flat("v.", n.Layout()))
		n.Forward(images, mode)
		n.CrossEntropy(images)
		n.Backward(images)
		be.Copy(u, n.Grad())
		n.HVP(images, u, hu)
		n.HVP(images, v, hv)
		a, b := be.Dot(u, hv), be.Dot(v, hu)
		if math.Abs(a-b) > 1e-4*max(math.Abs(a), math.Abs(b)) {
			t.Errorf("mode %d: ⟨u, Hv⟩ = %g, ⟨v, Hu⟩ = %g", mode, a, b)
		}
	}
}
