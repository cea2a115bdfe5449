// Package method holds the training rules that srn-fit compares: each in a
// file of its own that states what it computes, after whom, and with which
// parameters. A method sees a network and a loaded batch and leaves a
// gradient; it knows neither the backend's kind nor the training loop.
package method

import (
	"fmt"
	"slices"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/device"
	"srn/pkg/srn"
)

// Network is what a method needs of a network; srn/pkg/resnet.Net is one.
type Network interface {
	Backend() device.Backend
	Params() device.Buffer
	Grad() device.Buffer
}

// Step is one training step: a batch whose images and targets are loaded.
type Step struct {
	Net Network
	// Task runs the network forward and backward on the batch and leaves the
	// gradient of the mean cross-entropy in Grad.
	Task func()
	// Number counts the run's steps from 0.
	Number int
}

// Method is a training rule.
type Method interface {
	// Gradient leaves in the network's Grad the gradient to descend.
	// Weight decay is not part of it.
	Gradient(s *Step) error
	// Report returns, once after each epoch, the method's own fields for the
	// epoch's record.
	Report() artifact.Fields
	// State returns what a resumed run needs; Restore takes it back.
	State() []artifact.Tensor
	Restore(f *artifact.File, path string) error
}

// Info describes a method to users.
type Info struct {
	Name      string
	Formula   string // what it minimises or how it steps
	Reference string
	PaperRow  string // its row in the paper's tables, "" if it has none
	Passes    int    // forward-backward passes a step
	Surrogate bool   // needs a trained surrogate
	New       func(Options) (Method, error)
}

// registry lists the methods in the order in which they are shown.
var registry = []Info{crossEntropyInfo, srnInfo}

// Methods lists all methods.
func Methods() []Info { return slices.Clone(registry) }

// Find returns the method of that name, or an error that lists what there is.
func Find(name string) (Info, error) {
	var names []string
	for _, m := range registry {
		if m.Name == name {
			return m, nil
		}
		names = append(names, m.Name)
	}
	return Info{}, fmt.Errorf("method %q is none of %s", name, strings.Join(names, ", "))
}

// Options are what methods are made from.
type Options struct {
	Net       Network
	Surrogate *srn.Surrogate // nil: none given
	Guidance  srn.GuidanceConfig
}
