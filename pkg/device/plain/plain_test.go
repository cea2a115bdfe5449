package plain_test

import (
	"math"
	"slices"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/device"
	"srn/pkg/device/cpu"
	"srn/pkg/device/plain"
	"srn/pkg/nn"
	"srn/pkg/resnet"
)

// trained is a network with one batch loaded, after a forward and a backward pass.
func trained(t *testing.T, be device.Backend, mode nn.Mode, params []float32) *resnet.Net {
	t.Helper()
	const images = 3
	net, err := resnet.New(be, resnet.Config{Arch: "resnet8", Classes: 10, Batch: images})
	if err != nil {
		t.Fatal(err)
	}
	net.Init(5)
	if params != nil {
		be.Write(net.Params(), params)
		net.Load()
	}
	data := &device.Images{Size: 32, Mean: [3]float32{0.5, 0.4, 0.3}, Std: [3]float32{0.2, 0.25, 0.3}}
	for i := range images * 32 * 32 * 3 {
		data.Pixels = append(data.Pixels, byte(i*i>>5+7*i))
	}
	loader := net.Loader(data)
	loader.Set([]device.Pick{{Index: 2}, {Index: 0}, {Index: 1}})
	targets := make([]float32, images*10)
	for i := range images {
		targets[i*10+3*i] = 1
	}
	be.Write(net.Targets(), targets)
	be.Run(images, device.Stage{loader.Op()})
	net.Forward(images, mode)
	net.CrossEntropy(images)
	net.Backward(images)
	return net
}

func read(be device.Backend, b device.Buffer) []float32 {
	v := make([]float32, b.Len())
	be.Read(v, b)
	return v
}

// TestAgainstCPU compares a network's losses and gradients with the other
// backend's, within its rounding.
func TestAgainstCPU(t *testing.T) {
	host := cpu.New(1, kernels.Best())
	defer host.Close()
	for _, mode := range []nn.Mode{nn.Eval, nn.TrainFrozen} {
		want := trained(t, host, mode, nil)
		be := plain.New()
		got := trained(t, be, mode, read(host, want.Params()))
		for what, pair := range map[string][2][]float32{
			"loss":     {read(be, got.Loss()), read(host, want.Loss())},
			"gradient": {read(be, got.Grad()), read(host, want.Grad())},
		} {
			var d, size float64
			for i, x := range pair[1] {
				e := float64(pair[0][i]) - float64(x)
				d, size = d+e*e, size+float64(x)*float64(x)
			}
			if !(math.Sqrt(d/size) < 1e-5) {
				t.Errorf("mode %v: %s is off by %.1e", mode, what, math.Sqrt(d/size))
			}
		}
	}
}

// TestGradient compares the gradient with differences of the loss, to a
// precision that float32 has not.
func TestGradient(t *testing.T) {
	for _, mode := range []nn.Mode{nn.Eval, nn.TrainFrozen} {
		be := plain.New()
		net := trained(t, be, mode, nil)
		params, gradient := plain.Wide(net.Params()), slices.Clone(plain.Wide(net.Grad()))
		theta := slices.Clone(params)
		for _, name := range []string{"conv1.weight", "bn1.weight", "layer2.0.conv1.weight", "layer2.0.bn2.bias", "layer3.0.conv2.weight", "linear.weight", "linear.bias"} {
			p, ok := net.Layout().Find(name)
			if !ok {
				t.Fatal(name)
			}
			v := func(i int) float64 { return math.Sin(float64(3*i + 1)) }
			at := func(h float64) (loss float64, signs uint64) {
				for i := range p.Len() {
					params[p.Offset+i] = theta[p.Offset+i] + h*v(i)
				}
				net.Load()
				be.Signs()
				net.Forward(3, mode)
				net.CrossEntropy(3)
				for _, l := range plain.Wide(net.Loss()) {
					loss += l / 3
				}
				return loss, be.Signs()
			}
			const h = 1e-8
			up, above := at(h)
			down, below := at(-h)
			if _, still := at(0); above != still || below != still {
				t.Errorf("mode %v, %s: units switch within the step", mode, name)
			}
			var want float64
			for i := range p.Len() {
				want += gradient[p.Offset+i] * v(i)
			}
			if got := (up - down) / (2 * h); math.Abs(got-want) > 1e-6*math.Abs(want)+1e-7 {
				t.Errorf("mode %v, %s: slope %.10g, by the gradient %.10g", mode, name, got, want)
			}
		}
	}
}

// TestThreshold: units that read next to nothing are switched by it, and others
// are not.
func TestThreshold(t *testing.T) {
	be := plain.New()
	src, dst := be.New(4), be.New(4)
	be.Write(src, []float32{-1, 1, 1e-7, -1e-7})
	combine := be.Combine(dst, device.Operand{Src: []device.Buffer{src}, Post: device.ReLU}, 1, 4)
	for threshold, want := range map[float64][]float64{0: {0, 1, 1e-7, 0}, 1e-5: {0, 1, 0, 0}, -1e-5: {0, 1, 1e-7, -1e-7}} {
		be.Threshold = threshold
		be.Run(1, device.Stage{combine})
		for i, x := range plain.Wide(dst) {
			if math.Abs(x-want[i]) > 1e-12 {
				t.Errorf("threshold %g: %v, want %v", threshold, plain.Wide(dst), want)
				break
			}
		}
	}
}
