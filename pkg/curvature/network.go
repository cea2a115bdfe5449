package curvature

import (
	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/nn"
)

// Network is what the curvature of a classifier's cross-entropy needs of it;
// [srn/pkg/resnet.Net], built with Tangents, is one.
type Network interface {
	dataset.Classifier
	Params() device.Buffer
	Load()                       // after a change of Params
	Grad() device.Buffer         // laid out as Params
	Logits() device.Buffer       // Batch×classes
	LogitGrad() device.Buffer    // Batch×classes: of the mean loss
	LogitsDot() device.Buffer    // Batch×classes
	LogitGradDot() device.Buffer // Batch×classes
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
	batches *dataset.Batches
	labels  []int32
	classes int

	images int // in the present batch
	losses []float32
	v, hv  device.Buffer
	params []float32 // θ, once differences have moved the network from it
}

// NewCrossEntropy plans the loss. Labels belong to the images one by one. The
// network's batch size bounds that of the loss. The mode is nn.Eval (running
// statistics) or nn.TrainFrozen (each batch's own statistics, so that the
// result depends on how examples are cut into batches).
func NewCrossEntropy(net Network, images *device.Images, labels []int32, mode nn.Mode) *CrossEntropy {
	be := net.Backend()
	batches := dataset.NewBatches(net, images, labels)
	dim := net.Params().Len()
	return &CrossEntropy{
		net: net, be: be, mode: mode, batches: batches, labels: labels, classes: batches.Classes(),
		losses: make([]float32, batches.Size()),
		v:      be.New(dim), hv: be.New(dim),
	}
}

// Dim is the number of trainable parameters.
func (c *CrossEntropy) Dim() int { return c.v.Len() }

// Batch is the network's batch size.
func (c *CrossEntropy) Batch() int { return c.batches.Size() }

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
	c.batches.Load(examples)
	c.batches.WriteTargets()
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

// Separable says that examples are independent of one another.
func (c *CrossEntropy) Separable() bool { return c.mode == nn.Eval }

// tangents makes the examples the batch and returns the derivatives of their
// logits along v.
func (c *CrossEntropy) tangents(examples []int32, v []float32) []float32 {
	c.forward(examples)
	c.be.Write(c.v, v)
	c.net.ForwardTangent(c.images, c.v)
	dot := make([]float32, c.images*c.classes)
	c.be.Read(dot, c.net.LogitsDot().Slice(0, len(dot)))
	return dot
}

// logits are those of the batch.
func (c *CrossEntropy) logits() []float64 {
	z, wide := make([]float32, c.images*c.classes), make([]float64, c.images*c.classes)
	c.be.Read(z, c.net.Logits().Slice(0, len(z)))
	widen(wide, z)
	return wide
}
