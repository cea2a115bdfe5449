// Package method holds the training rules that srn-fit compares: each in a
// file of its own that states what it computes, after whom, with which
// parameters, and where its source leaves something open.
//
// A method is a part, or several joined by "+", such as sam+cutout. A part
// implements one or more of the kinds in kind.go: a loss of the logits, a
// change of the batch, a term of the gradient, a reparameterisation of the
// network, or a rule of several passes. What it lacks is plain: without a loss
// it is cross-entropy, without a rule one pass forward and backward. A part
// sees a network and a loaded batch; it knows neither the backend's kind nor
// the training loop. Random draws are functions of the seed and the step, so
// that they need no state to resume.
package method

import (
	"srn/pkg/artifact"
	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/nn"
	"srn/pkg/record"
	"srn/pkg/srn/guidance"
	"srn/pkg/srn/surrogate"
)

// Network is what methods need of a network; srn/pkg/resnet.Net is one.
type Network interface {
	Backend() device.Backend
	Params() device.Buffer
	Grad() device.Buffer
	Layout() nn.Layout
	Input() device.Buffer
	InputGrad() device.Buffer
	InputDot() device.Buffer
	Targets() device.Buffer
	Logits() device.Buffer
	Loss() device.Buffer
	LogitGrad() device.Buffer
	LogitsDot() device.Buffer
	Features() device.Buffer
	FeatureGrad() device.Buffer
	FeatureMask() device.Buffer
	Loader(images *device.Images) device.Loader
	Load()
	Forward(images int, mode nn.Mode)
	CrossEntropy(images int)
	BackwardHead(images int)
	BackwardBody(images int)
	Backward(images int)
	ForwardTangent(images int, v device.Buffer)
	CrossEntropyTangent(images int)
	BackwardTangent(images int, gradDot device.Buffer)
}

// Step is one training step: a batch whose images and targets are loaded.
type Step struct {
	Images int            // of the batch
	Source *device.Images // where they come from
	Picks  []device.Pick  // which they are, cropped and mirrored how
	Number int            // of the run's steps, from 0
	Steps  int            // of the whole run
	LR     float64        // learning rate of the step
	MaxLR  float64        // at the run's beginning
	// Velocity is the momentum's, before the step.
	Velocity device.Buffer
}

// Progress is the fraction of the run done before the step.
func (s *Step) Progress() float64 { return float64(s.Number) / float64(max(s.Steps, 1)) }

// Method is a training rule.
type Method interface {
	// Gradient leaves in the network's Grad the gradient to descend, and in
	// its Loss and Logits the task's loss at the parameters and their logits.
	// Weight decay is not part of it.
	Gradient(s *Step) error
	// Report returns, once after each epoch, the method's own fields for the
	// epoch's record.
	Report() record.Figures
	// State returns what a resumed run needs; Restore takes it back.
	State() []artifact.Tensor
	Restore(f *artifact.File, path string) error
	// Effective puts into the network the parameters that it computes with,
	// where these are not the trained ones, and returns what puts the trained
	// ones back.
	Effective() (restore func())
}

// Needs is what a method asks of the network it trains.
type Needs struct {
	Tangents    bool // Jacobian- and Hessian-vector products
	InputGrad   bool // gradients in the images
	FeatureMask bool // a mask of the features
	Copies      int  // batches that a pass holds at once; 0 is 1
}

// Validation is held-out training images.
type Validation struct {
	Images  *device.Images
	Labels  []int32 // of Images
	Indices []int32 // of the held-out ones
}

// Options are what methods are made from.
type Options struct {
	Net        Network
	Surrogate  surrogate.Surrogate // nil: none given
	Guidance   guidance.Options
	Seed       uint64
	Mean, Std  [3]float32        // by which the images are normalised
	Validation *Validation       // nil: none
	Outliers   *dataset.Pictures // nil: none given
	Augment    dataset.Augment   // of training images
	Settings   Settings          // of Info.Settings; the zero value is all defaults
}
