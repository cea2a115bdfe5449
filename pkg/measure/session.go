package measure

import (
	"fmt"
	"path/filepath"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/record"
	"srn/pkg/resnet"
	"srn/pkg/run"
)

// Source names what is examined.
type Source struct {
	Data        string   // dataset file
	Split       string   // of it: test, train, meta_train or meta_val
	Checkpoints []string // files
	Overrides   checkpoint.Overrides
	Precision   string // of the backend's products, for the records: f32 or tf32
}

// Session holds what a source names, loaded and found to fit together, and a
// network on a device.
type Session struct {
	Source
	Events
	Data        *dataset.Data
	Split       *dataset.Split
	Indices     []int32 // of the split's images in it
	Checkpoints []*checkpoint.Checkpoint
	Device      device.Backend

	others []record.Input // files beyond data and checkpoints
	net    *resnet.Net
	config resnet.Config // asked for; the network's own has its defaults filled in
}

// Open loads the data and all checkpoints, with all checks before any work.
func Open(be device.Backend, source Source, events Events) (*Session, error) {
	s := &Session{Source: source, Events: events, Device: be}
	var err error
	if s.Data, err = dataset.Load(source.Data); err != nil {
		return nil, err
	}
	if s.Split, s.Indices, err = s.Data.Select(source.Split); err != nil {
		return nil, run.Refuse("split", "%v", err)
	}
	if len(s.Indices) == 0 {
		return nil, &artifact.FormatError{Path: source.Data, Problem: fmt.Sprintf("split %s has no images", source.Split),
			Mend: "make the data with another fraction of validation images, or use another split"}
	}
	for _, path := range source.Checkpoints {
		c, err := s.load(path)
		if err != nil {
			return nil, err
		}
		s.Checkpoints = append(s.Checkpoints, c)
	}
	return s, nil
}

// load reads a checkpoint and checks that it fits the data.
func (s *Session) load(path string) (*checkpoint.Checkpoint, error) {
	c, err := checkpoint.Load(path, s.Overrides)
	if err != nil {
		return nil, err
	}
	if err := c.CheckClasses(s.Data.Name, len(s.Data.Classes)); err != nil {
		return nil, err
	}
	m := c.Meta
	if near(m.Mean, s.Data.Std) && near(m.Std, s.Data.Mean) && !(near(m.Mean, s.Data.Mean) && near(m.Std, s.Data.Std)) {
		return nil, &artifact.FormatError{Path: path, Problem: fmt.Sprintf("mean %s and std %s look swapped: the images of %s have mean %s and std %s",
			checkpoint.FormatTriple(m.Mean), checkpoint.FormatTriple(m.Std), s.Source.Data,
			checkpoint.FormatTriple(s.Data.Mean), checkpoint.FormatTriple(s.Data.Std)), Mend: "give mean and std the other way round"}
	}
	for _, note := range c.Notes {
		s.note(path + ": " + note)
	}
	if t := m.Training; t != nil {
		if t.Dataset != s.Data.Name {
			s.warn(fmt.Sprintf("%s was trained on %s, not %s", path, t.Dataset, s.Data.Name))
		} else if t.DataSHA256 != "" && t.DataSHA256 != s.Data.SHA256 {
			s.warn(fmt.Sprintf("%s was trained on another dataset file (%.12s) of %s than %s (%.12s): their splits may differ",
				path, t.DataSHA256, t.Dataset, s.Source.Data, s.Data.SHA256))
		}
	}
	return c, nil
}

// Another reads a checkpoint that is not among those examined, such as the
// other end of a line, and lists it among the inputs under a name.
func (s *Session) Another(name, path string) (*checkpoint.Checkpoint, error) {
	if path == "-" {
		return nil, run.Refuse(name, "wants a file, not standard input")
	}
	c, err := s.load(path)
	if err != nil {
		return nil, err
	}
	s.input(name, path, c.SHA256)
	return c, nil
}

func (s *Session) input(name, path, sha256 string) {
	s.others = append(s.others, record.Input{Name: name, Path: path, SHA256: sha256})
}

// Inputs lists all files that were read.
func (s *Session) Inputs() []record.Input {
	list := []record.Input{{Name: "data", Path: s.Source.Data, SHA256: s.Data.SHA256}}
	for _, c := range s.Checkpoints {
		list = append(list, record.Input{Name: "checkpoint", Path: c.Path, SHA256: c.SHA256})
	}
	return append(list, s.others...)
}

// near tells whether constants of normalisation could be of the same images.
func near(a, b [3]float32) bool {
	for i := range a {
		if d := a[i] - b[i]; d < -0.1 || d > 0.1 {
			return false
		}
	}
	return true
}

// Net returns a network in the state of a checkpoint. It may be the network of
// the previous call, changed.
func (s *Session) Net(c *checkpoint.Checkpoint, config resnet.Config) (*resnet.Net, error) {
	config.Arch, config.Classes = c.Meta.Arch, c.Meta.NumClasses
	if s.net == nil || s.config != config {
		s.net = nil // so that the old one's memory can serve the new one
		net, err := resnet.New(s.Device, config)
		if err != nil {
			return nil, err
		}
		s.net, s.config = net, config
	}
	c.Apply(s.net)
	return s.net, nil
}

// Images are the split's, normalised as the checkpoint's network was trained.
func (s *Session) Images(c *checkpoint.Checkpoint) *device.Images {
	images := s.Data.Images(s.Split)
	images.Mean, images.Std = c.Meta.Mean, c.Meta.Std
	return images
}

// Subject is what a record says of a checkpoint and of the images, so many of
// the split's.
func (s *Session) Subject(c *checkpoint.Checkpoint, images int) record.Subject {
	m := c.Meta
	subject := record.Subject{
		Checkpoint: c.Path, CheckpointSHA256: c.SHA256,
		Network:  record.Network{Arch: m.Arch, Classes: m.NumClasses},
		Training: m.Training, Mean: m.Mean, Std: m.Std, Examined: s.examined(images),
	}
	if !m.Foreign {
		subject.Epoch = &m.Epoch
	}
	return subject
}

func (s *Session) examined(images int) record.Examined {
	return record.Examined{
		OnDataset: s.Data.Name, OnDataSHA256: s.Data.SHA256, OnDataOfficial: s.Data.Official,
		Split: s.Source.Split, Images: images, OnKernels: run.Kernels(s.Device), OnPrecision: s.Precision,
	}
}

// Label is a checkpoint's name in messages.
func Label(path string) string {
	if path == "-" {
		return "standard input"
	}
	return filepath.Base(path)
}
