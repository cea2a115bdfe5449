package resnet

import (
	"fmt"
	"slices"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/device/cpu"
	"srn/pkg/nn"
)

// Activations that share memory, and passes that are one stage, give the bits
// of a network that keeps everything.
func TestForwardOnly(t *testing.T) {
	r := readReference(t, "resnet8")
	for _, threads := range []int{1, 2} {
		be := cpu.New(threads, kernels.Best())
		defer be.Close()
		whole, images := r.netOf(be, Config{Arch: "resnet8"})
		only, _ := r.netOf(be, Config{Arch: "resnet8", ForwardOnly: true})
		for _, mode := range []nn.Mode{nn.Eval, nn.TrainFrozen, nn.Eval} {
			t.Run(fmt.Sprintf("%d threads, mode %d", threads, mode), func(t *testing.T) {
				want, got := make([]float32, whole.Logits().Len()), make([]float32, only.Logits().Len())
				for n, logits := range map[*Net][]float32{whole: want, only: got} {
					n.Forward(images, mode)
					be.Read(logits, n.Logits())
				}
				if !slices.Equal(got[:images*10], want[:images*10]) {
					t.Errorf("logits %v, want %v", got[:10], want[:10])
				}
			})
		}
	}
}
