package evaluate

import (
	"errors"
	"math"
	"reflect"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/checkpoint/checkpointtest"
	"srn/pkg/device"
	"srn/pkg/device/cpu"
	"srn/pkg/resnet"
)

// TestAgainstPyTorch scores the reference ResNet-8, whose losses PyTorch
// computed in float64, in batches of several sizes.
func TestAgainstPyTorch(t *testing.T) {
	const path = "../resnet/testdata/resnet8.safetensors.zst"
	f, err := artifact.Read(path, artifact.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	floats := func(name string) []float64 {
		x, _ := f.Tensor(name)
		v, err := x.Float64s()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return v
	}
	triple := func(name string) (v [3]float32) {
		for i, x := range floats(name) {
			v[i] = float32(x)
		}
		return v
	}
	images := &device.Images{Size: 32, Mean: triple("mean"), Std: triple("std")}
	state, err := checkpoint.Decode(path, checkpointtest.Part(t, f, "resnet8", 10), checkpoint.Overrides{Arch: "resnet8", Mean: &images.Mean, Std: &images.Std})
	if err != nil {
		t.Fatal(err)
	}
	pixels, _ := f.Tensor("pixels")
	images.Pixels = pixels.Data
	y, _ := f.Tensor("labels")
	labels, err := y.Int32s()
	if err != nil {
		t.Fatal(err)
	}
	losses := floats("eval.losses")

	be := cpu.New(2, kernels.Best())
	defer be.Close()
	examples := []int32{7, 1, 0, 4, 2} // not all, not in order
	var want float64
	for _, e := range examples {
		want += losses[e] / float64(len(examples))
	}
	var first Result
	for _, batch := range []int{5, 1, 2, 8} {
		net, err := resnet.New(be, resnet.Config{Arch: "resnet8", Classes: 10, Batch: batch, ForwardOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		state.Apply(net)
		e := New(net, images, labels, examples)
		r, err := e.Run()
		if err != nil {
			t.Fatal(err)
		}
		if r.N != len(examples) || math.Abs(r.Loss-want) > 1e-5*want {
			t.Errorf("batches of %d: n %d, loss %.8f, PyTorch %.8f", batch, r.N, r.Loss, want)
		}
		if again, _ := e.Run(); !reflect.DeepEqual(again.Confusion, r.Confusion) || again.Loss != r.Loss {
			t.Errorf("batches of %d: the second run differs", batch)
		}
		if batch == 5 {
			first = r
		}
		if !reflect.DeepEqual(r.Confusion, first.Confusion) || math.Abs(r.Loss-first.Loss) > 1e-6*want {
			t.Errorf("batches of %d: loss %.9f, in one batch %.9f", batch, r.Loss, first.Loss)
		}
		running := make([]float32, net.Running().Len())
		be.Read(running, net.Running())
		if !reflect.DeepEqual(running, state.Running) {
			t.Errorf("batches of %d: running statistics changed", batch)
		}
		stop := errors.New("stop")
		e.OnBatch = func(int) error { return stop }
		if _, err := e.Run(); !errors.Is(err, stop) {
			t.Errorf("error %v", err)
		}
	}
}
