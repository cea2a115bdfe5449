package surrogate

import (
	"fmt"

	"srn/pkg/device"
	"srn/pkg/nn"
)

// newConv is the paper's stack (Table 1): 1-D convolutions over the sequence,
// each followed by ReLU, and a mean over its positions.
func newConv(be device.Backend, c Config, length int) (stack, nn.Layout) {
	var layout nn.Layout
	shape := device.Conv1DShape{Channels: c.Channels, Kernel: c.Kernel, Length: length}
	for l, out := range c.Channels {
		channels, _, _ := shape.Layer(l)
		layout.Add(fmt.Sprintf("conv%d.weight", l+1), out, channels, c.Kernel)
		layout.Add(fmt.Sprintf("conv%d.bias", l+1), out)
	}
	return be.Conv1D(shape), layout
}
