package method

import (
	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/nn"
)

// validator computes gradients of the mean loss, cross-entropy as a rule, on
// batches of held-out images, and leaves the loaded batch and the running
// statistics as they are.
type validator struct {
	net     Network
	passes  *passes
	be      device.Backend
	sampler *dataset.Sampler
	batches *dataset.Batches
	batch   int

	picks          []device.Pick
	input, targets device.Buffer // of the batch at hand
}

// valBatch is the parameter of methods that look at held-out images at every
// step.
var valBatch = number("val-batch", 100, 2, 1e6, "held-out images of a step, at most the batch size")

// valAugment is how they are varied; the first of the words is the default.
func valAugment(words ...string) Param {
	return word("val-augment", "held-out images: training, cropped and mirrored as the training images are; none, as they are", words...)
}

const valAugmentNote = "Held-out images are cropped and mirrored as the training images are, as in the authors' code (which pads by reflection for Meta-Weight-Net)."

func newValidator(o Options, batch int, augment dataset.Augment) *validator {
	net, v := o.Net, o.Validation
	batch = min(batch, net.Loss().Len(), len(v.Indices))
	d := &validator{net: net, passes: newPasses(net), be: net.Backend(), batch: batch,
		sampler: dataset.NewSampler(v.Indices, batch, o.Seed, augment),
		batches: dataset.NewBatches(net, v.Images, v.Labels)}
	d.input, d.targets = d.be.New(net.Input().Len()), d.be.New(net.Targets().Len())
	return d
}

// heldOut is the validator that the parameters of a method ask for.
func heldOut(o Options, v values) *validator {
	augment := o.Augment
	if v.word("val-augment") == "none" {
		augment = dataset.Augment{}
	}
	return newValidator(o, int(v.number("val-batch")), augment)
}

// gradient writes the gradient at the network's parameters on the step's
// batch of held-out images.
func (d *validator) gradient(to device.Buffer, s *Step) {
	d.within(s, func(n int) {
		d.passes.forward(n, nn.TrainFrozen)
		d.net.Backward(n)
	})
	d.be.Copy(to, d.net.Grad())
}

// within loads the step's batch of held-out images, does what it is given,
// and puts the training batch back.
func (d *validator) within(s *Step, do func(images int)) {
	d.be.Copy(d.input, d.net.Input())
	d.be.Copy(d.targets, d.net.Targets())
	// An epoch's last batch, which may be short, is left out.
	whole := d.sampler.Len() / d.batch
	d.picks = d.sampler.Batch(s.Number/whole, s.Number%whole, d.picks)
	d.batches.LoadPicks(d.picks)
	d.batches.WriteTargets()
	do(len(d.picks))
	d.be.Copy(d.net.Input(), d.input)
	d.be.Copy(d.net.Targets(), d.targets)
}
