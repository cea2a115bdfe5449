package resnet

import (
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/device/cpu"
	"srn/pkg/nn"
)

func TestPassesAllocateNothing(t *testing.T) {
	r := readReference(t, "resnet8")
	be := cpu.New(2, kernels.Best())
	defer be.Close()
	n, images := r.net(be, "resnet8")
	v, hv := be.New(n.Params().Len()), be.New(n.Params().Len())
	step := func() {
		n.Load()
		n.Forward(images, nn.Train)
		n.CrossEntropy(images)
		n.Backward(images)
		n.HVP(images, v, hv)
	}
	if allocations := testing.AllocsPerRun(20, step); allocations != 0 {
		t.Errorf("a training step and a Hessian-vector product allocate %v times", allocations)
	}
}
