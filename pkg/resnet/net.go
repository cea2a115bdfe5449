package resnet

import (
	"fmt"

	"srn/pkg/device"
	"srn/pkg/nn"
)

// Config describes a network and the passes it will run.
type Config struct {
	Initialisation        // of Init; InitTorch if empty
	Arch           string // resnet8, resnet20, resnet32 or another resnet6n+2
	Classes        int
	Batch          int  // largest number of images of a pass
	ForwardOnly    bool // no gradients
	Tangents       bool // Hessian-vector products
	FeatureMask    bool // the features are multiplied by FeatureMask, except in evaluation
	InputGrad      bool // the gradient in the images too, and with Tangents directions that change them
}

// Net is a network on a backend. It is used by one goroutine.
type Net struct {
	Config
	be      device.Backend
	layout  nn.Layout
	running nn.Layout

	params, grad       device.Buffer
	paramsDot, gradDot device.Buffer
	stats              device.Buffer
	zero, one          device.Buffer // 64 channels of each

	input, targets                          device.Buffer
	inputGrad, inputDot                     device.Buffer // or nil
	logits, loss, dlogits                   device.Buffer
	logitsDot, dlogitsDot                   device.Buffer
	stem                                    *unit
	blocks                                  []*block
	head                                    *head
	loadPlan                                device.Stage
	loadTangentPlan                         device.Stage
	forwardPlans                            [3][]device.Stage // by nn.Mode
	backwardHeadPlan, backwardPlan          []device.Stage
	mask                                    device.Buffer // of the features, or nil
	forwardTangentPlan, backwardTangentPlan []device.Stage
	lossPlan, lossTangentPlan               device.Stage
}

// New builds a network; its parameters are zero until Init or SetParams.
func New(be device.Backend, c Config) (*Net, error) {
	if c.Batch < 1 {
		return nil, fmt.Errorf("batch of %d images: want at least 1", c.Batch)
	}
	if c.Initialisation == "" {
		c.Initialisation = InitTorch
	}
	layout, running, err := Layouts(c.Arch, c.Classes)
	if err != nil {
		return nil, err
	}
	n := &Net{Config: c, be: be, layout: layout, running: running}
	n.params, n.stats = be.New(layout.Len()), be.New(running.Len())
	n.zero, n.one = be.New(64), be.New(64)
	be.Fill(n.one, 1)
	n.input = be.New(c.Batch * imageSize * imageSize * imageChannels)
	n.targets, n.logits = be.New(c.Batch*c.Classes), be.New(c.Batch*c.Classes)
	n.dlogits, n.loss = be.New(c.Batch*c.Classes), be.New(c.Batch)
	if c.FeatureMask {
		n.mask = be.New(c.Batch * features)
		be.Fill(n.mask, 1)
	}
	if !c.ForwardOnly {
		n.grad = be.New(layout.Len())
	}
	if c.InputGrad {
		n.inputGrad = be.New(n.input.Len())
		if c.Tangents {
			n.inputDot = be.New(n.input.Len())
		}
	}
	if c.Tangents {
		n.paramsDot, n.gradDot = be.New(layout.Len()), be.New(layout.Len())
		n.logitsDot, n.dlogitsDot = be.New(c.Batch*c.Classes), be.New(c.Batch*c.Classes)
	}
	n.build()
	return n, nil
}

// Backend returns the backend the network lives on.
func (n *Net) Backend() device.Backend { return n.be }

// Params returns the trainable parameters as one flat vector in PyTorch's
// order. Call Load after changing it.
func (n *Net) Params() device.Buffer { return n.params }

// Grad returns the gradient of the latest Backward, laid out as Params.
func (n *Net) Grad() device.Buffer { return n.grad }

// Running returns the running means and variances as one flat vector.
func (n *Net) Running() device.Buffer { return n.stats }

// Layout describes Params.
func (n *Net) Layout() nn.Layout { return n.layout }

// RunningLayout describes Running.
func (n *Net) RunningLayout() nn.Layout { return n.running }

// Input returns the images of a batch, Batch×32×32×3, normalised.
func (n *Net) Input() device.Buffer { return n.input }

// InputGrad returns the gradient in Input of the latest Backward, InputDot the
// part of a direction that changes Input: ForwardTangent and what follows it
// are along InputDot and v together. Both are nil without InputGrad in the
// configuration; InputDot is zero at first.
func (n *Net) InputGrad() device.Buffer { return n.inputGrad }
func (n *Net) InputDot() device.Buffer  { return n.inputDot }

// Targets returns the target distributions of a batch, Batch×Classes.
func (n *Net) Targets() device.Buffer { return n.targets }

// Logits returns the outputs of the latest Forward, Batch×Classes.
func (n *Net) Logits() device.Buffer { return n.logits }

// Loss returns the per-example losses of the latest CrossEntropy.
func (n *Net) Loss() device.Buffer { return n.loss }

// LogitGrad returns the loss's gradient in the logits, which Backward starts from.
func (n *Net) LogitGrad() device.Buffer { return n.dlogits }

// LogitsDot returns the tangent of Logits, LogitGradDot that of LogitGrad.
func (n *Net) LogitsDot() device.Buffer    { return n.logitsDot }
func (n *Net) LogitGradDot() device.Buffer { return n.dlogitsDot }

// Loader plans filling Input from a data set.
func (n *Net) Loader(images *device.Images) device.Loader { return n.be.Load(n.input, images) }

// Load prepares the parameters for the passes that follow.
func (n *Net) Load() { n.be.Run(0, n.loadPlan) }

// Forward computes Logits of the first images of Input.
func (n *Net) Forward(images int, mode nn.Mode) { n.run(images, n.forwardPlans[mode]) }

// CrossEntropy computes Loss and LogitGrad from Logits and Targets: the
// gradient of the mean cross-entropy over the images.
func (n *Net) CrossEntropy(images int) { n.be.Run(images, n.lossPlan) }

// Features returns the pooled features of the latest Forward, Batch×64, as the
// classifier read them; FeatureGrad the loss's gradient in them.
func (n *Net) Features() device.Buffer    { return n.head.features.value }
func (n *Net) FeatureGrad() device.Buffer { return n.head.features.grad }

// FeatureMask returns what the features are multiplied by, Batch×64, ones at
// first; nil without it in the configuration.
func (n *Net) FeatureMask() device.Buffer { return n.mask }

// Backward computes Grad from LogitGrad. It follows Forward on the same images.
func (n *Net) Backward(images int) {
	n.BackwardHead(images)
	n.BackwardBody(images)
}

// BackwardHead is Backward's part of the classifier: its gradient, and
// FeatureGrad. BackwardBody is the rest, from FeatureGrad.
func (n *Net) BackwardHead(images int) { n.run(images, n.backwardHeadPlan) }
func (n *Net) BackwardBody(images int) { n.run(images, n.backwardPlan) }

// HVP computes hv = H·v for the Hessian H of the mean cross-entropy over the
// images. It follows Forward, CrossEntropy and Backward on the same images,
// and uses the batch normalisation of that Forward.
func (n *Net) HVP(images int, v, hv device.Buffer) {
	n.ForwardTangent(images, v)
	n.CrossEntropyTangent(images)
	n.BackwardTangent(images, hv)
}

// ForwardTangent computes LogitsDot, the derivative of Logits along v (a
// Jacobian-vector product). It follows Forward on the same images.
func (n *Net) ForwardTangent(images int, v device.Buffer) {
	n.be.Copy(n.paramsDot, v)
	n.be.Run(0, n.loadTangentPlan)
	n.run(images, n.forwardTangentPlan)
}

// CrossEntropyTangent computes LogitGradDot from LogitsDot: the derivative of
// LogitGrad along the v of ForwardTangent.
func (n *Net) CrossEntropyTangent(images int) { n.be.Run(images, n.lossTangentPlan) }

// BackwardTangent computes the derivative of Grad along the v of
// ForwardTangent, from LogitGrad and LogitGradDot, into gradDot. It follows
// Backward on the same images.
func (n *Net) BackwardTangent(images int, gradDot device.Buffer) {
	n.run(images, n.backwardTangentPlan)
	n.be.Copy(gradDot, n.gradDot)
}

func (n *Net) run(images int, plan []device.Stage) {
	if images < 1 || images > n.Batch {
		panic(fmt.Sprintf("resnet: %d images in a network planned for 1 to %d", images, n.Batch))
	}
	for _, s := range plan {
		n.be.Run(images, s)
	}
}

// view returns a named part of a flat vector, or nil of a nil vector.
func view(v device.Buffer, l nn.Layout, name string) device.Buffer {
	if v == nil {
		return nil
	}
	p, ok := l.Find(name)
	if !ok {
		panic("resnet: no parameter " + name)
	}
	return v.Slice(p.Offset, p.Offset+p.Len())
}
