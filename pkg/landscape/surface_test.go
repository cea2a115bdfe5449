package landscape

import (
	"math"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/checkpoint/checkpointtest"
	"srn/pkg/curvature"
	"srn/pkg/device"
	"srn/pkg/device/cpu"
	"srn/pkg/nn"
	"srn/pkg/resnet"
)

// fixture is the ResNet-8 whose values PyTorch computed in float64.
func fixture(t *testing.T, batch int) (*checkpoint.Checkpoint, *resnet.Net, *device.Images, []int32, *artifact.File) {
	t.Helper()
	const path = "../resnet/testdata/resnet8.safetensors.zst"
	f, err := artifact.Read(path, artifact.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	floats := func(name string) []float32 {
		x, _ := f.Tensor(name)
		v, err := x.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	mean, std := (*[3]float32)(floats("mean")), (*[3]float32)(floats("std"))
	c, err := checkpoint.Decode(path, checkpointtest.Part(t, f, "resnet8", 10), checkpoint.Overrides{Arch: "resnet8", Mean: mean, Std: std})
	if err != nil {
		t.Fatal(err)
	}
	pixels, _ := f.Tensor("pixels")
	y, _ := f.Tensor("labels")
	labels, err := y.Int32s()
	if err != nil {
		t.Fatal(err)
	}
	be := cpu.New(1, kernels.Best())
	t.Cleanup(be.Close)
	net, err := resnet.New(be, resnet.Config{Arch: "resnet8", Classes: 10, Batch: batch, Tangents: true})
	if err != nil {
		t.Fatal(err)
	}
	c.Apply(net)
	return c, net, &device.Images{Pixels: pixels.Data, Size: 32, Mean: *mean, Std: *std}, labels, f
}

func all(labels []int32) []int32 {
	examples := make([]int32, len(labels))
	for i := range examples {
		examples[i] = int32(i)
	}
	return examples
}

// TestSurface: batches do not matter, the loss is that of the curvature's
// operator, and the gradient is the loss's derivative.
func TestSurface(t *testing.T) {
	var want Point
	for i, batch := range []int{64, 3} {
		c, net, images, labels, _ := fixture(t, batch)
		s := NewSurface(net, images, labels, all(labels), nn.Eval)
		p, err := s.Here()
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			want = p
			h, err := curvature.NewHessian(curvature.NewCrossEntropy(net, images, labels, nn.Eval), all(labels))
			if err != nil {
				t.Fatal(err)
			}
			if err := h.Apply(make([]float32, h.Dim()), make([]float32, h.Dim())); err != nil {
				t.Fatal(err)
			}
			if math.Abs(h.Loss()-p.Loss) > 1e-6*p.Loss {
				t.Errorf("loss %g, the operator's %g", p.Loss, h.Loss())
			}
		}
		if math.Abs(p.Loss-want.Loss) > 1e-6*want.Loss || p.Top1 != want.Top1 {
			t.Errorf("batches of %d: %v, want %v", batch, p, want)
		}
		g := make([]float32, s.Dim())
		if _, err := s.Gradient(g); err != nil {
			t.Fatal(err)
		}
		plane := &Plane{Origin: c.Params, Directions: [][]float32{g}}
		step := 1e-3 / Norm(g)
		var loss [2]float64
		for k, sign := range []float64{-1, 1} {
			s.Move(plane.At(sign * step))
			p, err := s.Here()
			if err != nil {
				t.Fatal(err)
			}
			loss[k] = p.Loss
		}
		slope := (loss[1] - loss[0]) / (2 * step)
		if gg := Dot(g, g); math.Abs(slope-gg) > 2e-3*gg {
			t.Errorf("batches of %d: slope %g along the gradient, ‖∇L‖² %g", batch, slope, gg)
		}
	}
}

// TestBetween: the ends of an interpolation are the networks themselves, by
// running statistics too.
func TestBetween(t *testing.T) {
	c, net, images, labels, _ := fixture(t, 64)
	s := NewSurface(net, images, labels, all(labels), nn.Eval)
	here, _ := s.Here()
	other := make([]float32, len(c.Params))
	for i, x := range c.Params {
		other[i] = 1.5 * x
	}
	running := make([]float32, len(c.Running))
	for i, x := range c.Running {
		running[i] = 2 * x
	}
	s.Move(other, running)
	there, _ := s.Here()
	line := Between(c.Params, c.Running, other, running)
	for x, want := range map[float64]Point{0: here, 1: there} {
		s.Move(line.At(x))
		if p, err := s.Here(); err != nil || math.Abs(p.Loss-want.Loss) > 1e-5*want.Loss {
			t.Errorf("at %g: %v (%v), want %v", x, p, err, want)
		}
	}
}

// TestWorstCaseOfNetwork: within a small ball the increase is what gradient
// and λ_max say: at least that along each, at most their sum.
func TestWorstCaseOfNetwork(t *testing.T) {
	c, net, images, labels, f := fixture(t, 64)
	x, _ := f.Tensor("eval.lambda_max")
	lambda, err := x.Float64s()
	if err != nil {
		t.Fatal(err)
	}
	s := NewSurface(net, images, labels, all(labels), nn.Eval)
	g := make([]float32, s.Dim())
	if _, err := s.Gradient(g); err != nil {
		t.Fatal(err)
	}
	const rho = 1e-3
	w, err := Ascend(&Around{Surface: s, Params: c.Params}, Ball{Rho: rho, Steps: 20, Tol: 1e-4, Starts: [][]float32{g}})
	if err != nil {
		t.Fatal(err)
	}
	first, second := rho*Norm(g), rho*rho/2*lambda[0]
	t.Logf("increase %.4g; ρ‖∇L‖ %.4g, ρ²λ_max/2 %.4g; %d gradients", w.Increase(), first, second, w.Gradients)
	if w.Increase() < 0.98*first || w.Increase() > 1.02*(first+second) {
		t.Errorf("increase %g is not between %g and %g", w.Increase(), first, first+second)
	}
}

func TestScore(t *testing.T) {
	if l, right := score([]float32{1e4, 0, 0}, 1); math.Abs(l-1e4) > 1e-9 || right {
		t.Errorf("%g %v", l, right)
	}
	if l, right := score([]float32{2, 2}, 0); math.Abs(l-math.Ln2) > 1e-15 || !right {
		t.Errorf("%g %v", l, right)
	}
	if l, right := score([]float32{float32(math.NaN()), 2}, 1); l == l || right {
		t.Errorf("%g %v", l, right)
	}
}
