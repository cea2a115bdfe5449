package curvature

import (
	"srn/pkg/device"
	"srn/pkg/nn"
)

// Network is what the curvature of a classifier's cross-entropy needs of it;
// [srn/pkg/resnet.Net], built with Tangents, is one.
type Network interface {
	Backend() device.Backend
	Params() device.Buffer
	Load()                       // after a change of Params
	Grad() device.Buffer         // laid out as Params
	Targets() device.Buffer      // Batch×classes
	Logits() device.Buffer       // Batch×classes
	Loss() device.Buffer         // Batch
	LogitGrad() device.Buffer    // Batch×classes: of the mean loss
	LogitsDot() device.Buffer    // Batch×classes
	LogitGradDot() device.Buffer // Batch×classes
	Loader(*device.Images) device.Loader
	Forward(images int, mode nn.Mode)
	CrossEntropy(images int)
	Backward(images int)
	ForwardTangent(images int, v device.Buffer)
	CrossEntropyTangent(images int)
	HVP(images int, v, hv device.Buffer)
}

// CrossEntropy is the mean cross-entropy of a network's predictions, without
// any penalty on its parameters, on labelled images that are not augmented.
type CrossEntropy struct {
	net     Network
	be      device.Backend
	mode    nn.Mode
	labels  []int32
	classes int
	loader  device.Loader

	images  int // in the present batch
	picks   []device.Pick
	targets []float32
	losses  []float32
	v, hv   device.Buffer
	params  []float32 // θ, once differences have moved the network from it
}

// NewCrossEntropy plans the loss. Labels belong to the images one by one. The
// network's batch size bounds that of the loss. The mode is nn.Eval (running
// statistics) or nn.TrainFrozen (each batch's own statistics, so that the
// result depends on how examples are cut into batches).
func NewCrossEntropy(net Network, images *device.Images, labels []int32, mode nn.Mode) *CrossEntropy {
	be := net.Backend()
	batch := net.Loss().Len()
	dim := net.Params().Len()
	return &CrossEntropy{
		net: net, be: be, mode: mode, labels: labels,
		classes: net.Targets().Len() / batch,
		loader:  net.Loader(images),
		picks:   make([]device.Pick, 0, batch),
		targets: make([]float32, net.Targets().Len()),
		losses:  make([]float32, batch),
		v:       be.New(dim), hv: be.New(dim),
	}
}

// Dim is the number of trainable parameters.
func (c *CrossEntropy) Dim() int { return c.v.Len() }

// Batch is the network's batch size.
func (c *CrossEntropy) Batch() int { return cap(c.picks) }

// Load runs the network forward and backward on the examples.
func (c *CrossEntropy) Load(examples []int32) (float64, error) {
	sum := c.forward(examples)
	c.net.Backward(c.images)
	return sum, nil
}

// forward makes the examples the batch, runs the network and its loss on them,
// and returns the sum of their losses.
func (c *CrossEntropy) forward(examples []int32) float64 {
	n := len(examples)
	c.images = n
	c.picks = c.picks[:0]
	clear(c.targets)
	for i, e := range examples {
		c.picks = append(c.picks, device.Pick{Index: e})
		c.targets[i*c.classes+int(c.labels[e])] = 1
	}
	c.be.Write(c.net.Targets(), c.targets)
	c.loader.Set(c.picks)
	c.be.Run(n, device.Stage{c.loader.Op()})
	c.net.Forward(n, c.mode)
	c.net.CrossEntropy(n)
	losses := c.losses[:n]
	c.be.Read(losses, c.net.Loss().Slice(0, n))
	var sum float64
	for _, l := range losses {
		sum += float64(l)
	}
	return sum
}

// HVP multiplies v by the Hessian of the mean over the loaded examples.
func (c *CrossEntropy) HVP(dst, v []float32) error {
	c.be.Write(c.v, v)
	c.net.HVP(c.images, c.v, c.hv)
	c.be.Read(dst, c.hv)
	return nil
}
