// Package checkpoint reads and writes trained networks as tensor files whose
// names and layouts are those of PyTorch's CIFAR residual networks, so that a
// state dict converted to safetensors is a checkpoint, and a checkpoint loads
// by load_state_dict(strict=False).
package checkpoint

import (
	"fmt"

	"srn/pkg/artifact"
	"srn/pkg/device"
	"srn/pkg/nn"
	"srn/pkg/resnet"
)

// Format is the metadata "format" of the files written here.
const Format = "srn-checkpoint/2"

// Checkpoint is a network's parameters and running statistics, with what is
// known of their origin.
type Checkpoint struct {
	Path   string // where it was read, as the user named it
	SHA256 string // of the file's uncompressed bytes, set by Load and Save
	Meta   Meta
	// Params and Running are the flat vectors of the network, laid out as
	// [srn/pkg/resnet.Layouts] says.
	Params, Running []float32
	// Notes tell the user what was taken for granted or ignored in reading.
	Notes []string
}

// Network is what a checkpoint is applied to and taken from;
// [srn/pkg/resnet.Net] is one.
type Network interface {
	Backend() device.Backend
	Params() device.Buffer
	Running() device.Buffer
	Load()
}

// Layouts describes Params and Running.
func (c *Checkpoint) Layouts() (params, running nn.Layout, err error) {
	return resnet.Layouts(c.Meta.Arch, c.Meta.NumClasses)
}

// CheckClasses says whether the checkpoint predicts the classes of a data set;
// the error is an *artifact.FormatError.
func (c *Checkpoint) CheckClasses(dataset string, classes int) error {
	if c.Meta.NumClasses == classes {
		return nil
	}
	origin := ""
	if c.Meta.Training != nil {
		origin = fmt.Sprintf(" (trained on %s)", c.Meta.Training.Dataset)
	}
	e := c.fail("tensor \"linear.weight\"", fmt.Sprintf("give the data set that it was trained on, or a checkpoint trained on %s", dataset),
		"predicts %d classes%s, but %s has %d", c.Meta.NumClasses, origin, dataset, classes)
	e.Setting = "data"
	return e
}

// Apply gives a network of the same architecture and classes the checkpoint's
// parameters and running statistics, and prepares them for its passes.
func (c *Checkpoint) Apply(net Network) {
	be := net.Backend()
	be.Write(net.Params(), c.Params)
	be.Write(net.Running(), c.Running)
	net.Load()
}

// FromNet copies a network's state. Meta's Arch and NumClasses are the network's.
func FromNet(net Network, meta Meta) *Checkpoint {
	be := net.Backend()
	c := &Checkpoint{
		Meta:    meta,
		Params:  make([]float32, net.Params().Len()),
		Running: make([]float32, net.Running().Len()),
	}
	be.Read(c.Params, net.Params())
	be.Read(c.Running, net.Running())
	return c
}

// Save writes the checkpoint atomically, compressed where path ends in .zst
// or is "-".
func (c *Checkpoint) Save(path string) error {
	f, err := c.File()
	if err != nil {
		return err
	}
	if err := artifact.Write(path, f); err != nil {
		return err
	}
	c.SHA256 = f.SHA256
	return nil
}

// File is the checkpoint as a tensor file: parameters and running statistics
// as F32 under PyTorch's names.
func (c *Checkpoint) File() (*artifact.File, error) {
	params, running, err := c.Layouts()
	if err != nil {
		return nil, err
	}
	metadata, err := c.Meta.encode()
	if err != nil {
		return nil, err
	}
	f := &artifact.File{Metadata: metadata}
	for _, part := range []struct {
		layout nn.Layout
		values []float32
	}{{params, c.Params}, {running, c.Running}} {
		for _, p := range part.layout {
			f.Tensors = append(f.Tensors, artifact.Float32(p.Name, p.Shape, part.values[p.Offset:p.Offset+p.Len()]))
		}
	}
	return f, nil
}
