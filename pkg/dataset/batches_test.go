package dataset_test

import (
	"slices"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/device/cpu"
	"srn/pkg/resnet"
)

// What is loaded are the images of the indices, in their order, with their
// labels and targets; a smaller batch leaves none of a larger one's.
func TestBatches(t *testing.T) {
	be := cpu.New(1, kernels.Best())
	defer be.Close()
	net, err := resnet.New(be, resnet.Config{Arch: "resnet8", Classes: 3, Batch: 4, ForwardOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	split := dataset.Split{Pixels: make([]byte, 5*dataset.Pixels), Labels: []int32{2, 0, 1, 1, 2}}
	for i := range split.Pixels {
		split.Pixels[i] = byte(50 * (i / dataset.Pixels))
	}
	data := &dataset.Data{Mean: [3]float32{0, 0, 0}, Std: [3]float32{1, 1, 1}}
	b := dataset.NewBatches(net, data.Images(&split), split.Labels)
	if b.Size() != 4 || b.Classes() != 3 {
		t.Fatalf("batches of %d images of %d classes", b.Size(), b.Classes())
	}
	read := func(v device.Buffer) []float32 {
		x := make([]float32, v.Len())
		be.Read(x, v)
		return x
	}
	check := func(labels []int32, examples ...int32) {
		t.Helper()
		b.WriteTargets()
		input, targets := read(net.Input()), read(net.Targets())
		for i := range 4 {
			want := make([]float32, 3)
			if i < len(examples) {
				e := examples[i]
				if labels[i] != split.Labels[e] {
					t.Errorf("image %d has label %d, want %d", e, labels[i], split.Labels[e])
				}
				if x, w := input[i*dataset.Pixels+7], float32(50*e)/255; x != w {
					t.Errorf("image %d has a pixel of %g, want %g", e, x, w)
				}
				want[split.Labels[e]] = 1
			}
			if got := targets[i*3 : i*3+3]; !slices.Equal(got, want) {
				t.Errorf("targets of image %d are %v, want %v", i, got, want)
			}
		}
		if len(labels) != len(examples) {
			t.Errorf("%d labels of %d images", len(labels), len(examples))
		}
	}
	check(b.Load([]int32{4, 0, 3, 1}), 4, 0, 3, 1)
	check(b.LoadPicks([]device.Pick{{Index: 2}, {Index: 1}}), 2, 1)
	examples := []int32{1, 2}
	if n := testing.AllocsPerRun(20, func() { b.Load(examples); b.WriteTargets() }); n > 1 {
		t.Errorf("%v allocations a batch", n)
	}
}
