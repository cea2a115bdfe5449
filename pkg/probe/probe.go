// Package probe is what the commands that examine checkpoints share: flags,
// loading with all checks before any work, networks, and the fields by which
// every record tells what it is about.
package probe

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/cli"
	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/device/open"
	"srn/pkg/record"
	"srn/pkg/resnet"
)

// Flags name the checkpoints, the data they are examined on, and the output.
type Flags struct {
	Data   string `required:"" placeholder:"FILE" help:"Data artifact of srn-split."`
	Split  string `default:"test" enum:"test,train,meta_val,meta_train" placeholder:"NAME" help:"Images to use: test, train, meta_val or meta_train (${default})."`
	Output string `short:"o" default:"-" placeholder:"FILE" help:"Records to write; compressed where the name ends in .zst; - is standard output (default)."`

	Arch    string `placeholder:"NAME" group:"Foreign checkpoints:" help:"Architecture, such as resnet20, where the file does not tell."`
	Mean    string `placeholder:"R,G,B" group:"Foreign checkpoints:" help:"Mean of pixels scaled to 0…1 by which images were normalised in training."`
	Std     string `placeholder:"R,G,B" group:"Foreign checkpoints:" help:"Standard deviation, likewise."`
	Classes int    `placeholder:"N" group:"Foreign checkpoints:" help:"Number of classes that the file must have."`

	Key    string   `placeholder:"KEY" group:"Foreign checkpoints:" help:"State dict to take of a file that has several, such as state_dict_ema; or a prefix of the names to take."`
	Rename []string `placeholder:"OLD=NEW" sep:"none" group:"Foreign checkpoints:" help:"Take a module or tensor of the file by another name, such as head=linear; may be given again."`

	Checkpoints []string `arg:"" name:"checkpoint" help:"Checkpoints of srn-fit, or of PyTorch: .pt, .pth and .th of torch.save, safetensors, .npz; - is standard input."`
}

// Session holds what the flags name, loaded and found to fit together.
type Session struct {
	Data        *dataset.Data
	Split       *dataset.Split
	Indices     []int32 // of the split's images in it
	Checkpoints []*checkpoint.Checkpoint
	Device      device.Backend
	Inputs      []record.Input // further ones, for the output's header

	flags  *Flags
	ctx    *cli.Context
	net    *resnet.Net
	config resnet.Config // asked for; the network's own has its defaults filled in
}

// Open loads the data and all checkpoints.
func (f *Flags) Open(ctx *cli.Context) (*Session, error) {
	overrides, err := f.overrides()
	if err != nil {
		return nil, err
	}
	if err := f.checkFiles(); err != nil {
		return nil, err
	}
	ctx.Interrupted() // from here on, a signal ends the work in good order
	s := &Session{flags: f, ctx: ctx}
	if s.Device, err = open.Backend(ctx.Device, ctx.Threads); err != nil {
		return nil, err
	}
	if s.Data, err = dataset.Load(f.Data); err != nil {
		return nil, err
	}
	if s.Split, s.Indices, err = s.Data.Select(f.Split); err != nil {
		return nil, cli.Errorf(cli.ExitUsage, "--split: %v", err)
	}
	if len(s.Indices) == 0 {
		return nil, cli.WithHint(cli.Errorf(cli.ExitInput, "%s: split %s has no images", f.Data, f.Split),
			"make the data with another --val-fraction, or use another --split")
	}
	for _, path := range f.Checkpoints {
		if err := s.load(path, overrides); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// overrides reads the flags for foreign checkpoints.
func (f *Flags) overrides() (o checkpoint.Overrides, err error) {
	o = checkpoint.Overrides{Arch: f.Arch, Classes: f.Classes, Key: f.Key}
	for _, text := range f.Rename {
		r, err := checkpoint.ParseRename(text)
		if err != nil {
			return o, cli.Errorf(cli.ExitUsage, "--rename: %v", err)
		}
		o.Rename = append(o.Rename, r)
	}
	if f.Arch != "" {
		if _, err := resnet.Blocks(f.Arch); err != nil {
			return o, cli.Errorf(cli.ExitUsage, "--arch: %v", err)
		}
	}
	if f.Classes < 0 {
		return o, cli.Errorf(cli.ExitUsage, "--classes: %d is negative", f.Classes)
	}
	for _, e := range []struct {
		flag, text string
		to         **[3]float32
	}{{"--mean", f.Mean, &o.Mean}, {"--std", f.Std, &o.Std}} {
		if e.text == "" {
			continue
		}
		t, err := checkpoint.ParseTriple(e.text)
		if err != nil {
			return o, cli.Errorf(cli.ExitUsage, "%s: %v", e.flag, err)
		}
		for _, v := range t {
			if v < 0 || v > 1 {
				return o, cli.WithHint(cli.Errorf(cli.ExitUsage, "%s: %g is not from 0 to 1", e.flag, v), "pixels are scaled to 0…1: divide what is meant for 0…255 by 255")
			}
		}
		*e.to = &t
	}
	return o, nil
}

// checkFiles refuses names that cannot all be meant.
func (f *Flags) checkFiles() error {
	stdin := 0
	for _, in := range append([]string{f.Data}, f.Checkpoints...) {
		if in == "-" {
			stdin++
		} else if f.Output != "-" && artifact.SameFile(in, f.Output) {
			return cli.WithHint(cli.Errorf(cli.ExitUsage, "%s is both input and output", f.Output), "choose another name for -o")
		}
	}
	if stdin > 1 {
		return cli.Errorf(cli.ExitUsage, "only one input can be standard input")
	}
	return nil
}

// load reads a checkpoint to examine.
func (s *Session) load(path string, o checkpoint.Overrides) error {
	c, err := s.read(path, o)
	if err == nil {
		s.Checkpoints = append(s.Checkpoints, c)
	}
	return err
}

// read reads a checkpoint and checks that it fits the data.
func (s *Session) read(path string, o checkpoint.Overrides) (*checkpoint.Checkpoint, error) {
	c, err := checkpoint.Load(path, o)
	if err != nil {
		return nil, advised(err)
	}
	if err := c.CheckClasses(s.Data.Name, len(s.Data.Classes)); err != nil {
		return nil, err
	}
	if m := c.Meta; near(m.Mean, s.Data.Std) && near(m.Std, s.Data.Mean) && !(near(m.Mean, s.Data.Mean) && near(m.Std, s.Data.Std)) {
		return nil, cli.WithHint(cli.Errorf(cli.ExitInput, "%s: mean %s and std %s look swapped: the images of %s have mean %s and std %s", path,
			checkpoint.FormatTriple(c.Meta.Mean), checkpoint.FormatTriple(c.Meta.Std), s.flags.Data,
			checkpoint.FormatTriple(s.Data.Mean), checkpoint.FormatTriple(s.Data.Std)), "give --mean and --std the other way round")
	}
	for _, note := range c.Notes {
		s.ctx.Logf("%s: %s", path, note)
	}
	if t := c.Meta.Training; t != nil && t.Dataset != s.Data.Name {
		s.ctx.Warnf("%s was trained on %s, not %s", path, t.Dataset, s.Data.Name)
	} else if t != nil && t.DataSHA256 != s.Data.SHA256 {
		s.ctx.Warnf("%s was trained on another dataset file (%.12s) of %s than %s (%.12s): their splits may differ",
			path, t.DataSHA256, t.Dataset, s.flags.Data, s.Data.SHA256)
	}
	return c, nil
}

// advised adds the flags that would settle an error.
func advised(err error) error {
	var advice *checkpoint.AdviceError
	if !errors.As(err, &advice) || len(advice.Advice) == 0 {
		return err
	}
	flags := make([]string, len(advice.Advice))
	for i, a := range advice.Advice {
		flags[i] = fmt.Sprintf("--%s %s", a.Option, a.Value)
	}
	give := "give "
	if advice.Examples {
		give = "give what it was trained with, such as "
	}
	return cli.WithHint(err, give+strings.Join(flags, " "))
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

// Create starts the output. Config is what else decides the results.
func (s *Session) Create(seed int64, config artifact.Fields) (*artifact.RecordWriter, error) {
	return artifact.CreateRecords(s.flags.Output, s.header(seed, config))
}

// header is the output's first record.
func (s *Session) header(seed int64, config artifact.Fields) record.Header {
	f := s.flags
	all := append(artifact.Fields{
		{Key: "split", Value: f.Split}, {Key: "arch", Value: f.Arch}, {Key: "mean", Value: f.Mean},
		{Key: "std", Value: f.Std}, {Key: "device", Value: s.Device.Name()},
	}, config...)
	if f.Key != "" {
		all = append(all, artifact.Field{Key: "key", Value: f.Key})
	}
	if len(f.Rename) > 0 {
		all = append(all, artifact.Field{Key: "rename", Value: f.Rename})
	}
	inputs := []record.Input{{Name: "data", Path: f.Data, SHA256: s.Data.SHA256}}
	for _, c := range s.Checkpoints {
		inputs = append(inputs, record.Input{Name: "checkpoint", Path: c.Path, SHA256: c.SHA256})
	}
	return record.Header{
		Tool: s.ctx.Name, Version: s.ctx.Version, Config: all, Seed: seed, Inputs: append(inputs, s.Inputs...),
	}
}

// Subject is what a record says of its checkpoint and images.
func (s *Session) Subject(c *checkpoint.Checkpoint) record.Subject {
	m := c.Meta
	subject := record.Subject{
		Checkpoint: c.Path, CheckpointSHA256: c.SHA256,
		Network: record.Network{Arch: m.Arch, Classes: m.NumClasses}, Training: m.Training,
		Mean: m.Mean, Std: m.Std,
		Examined: record.Examined{OnDataset: s.Data.Name, OnDataSHA256: s.Data.SHA256, OnDataOfficial: s.Data.Official,
			Split: s.flags.Split, Images: len(s.Indices), OnKernels: s.Device.Name(), OnPrecision: s.ctx.Precision()},
	}
	if !m.Foreign {
		subject.Epoch = &m.Epoch
	}
	return subject
}

// Fields are those of the subject, after the record's type.
func (s *Session) Fields(kind string, c *checkpoint.Checkpoint) artifact.Fields {
	subject := s.Subject(c)
	list := artifact.Fields{{Key: "type", Value: kind}}
	for _, f := range record.FieldsOf(subject) {
		if v, ok := f.Value(&subject); ok && f.Key != "images" && !(f.Optional && v.IsZero()) {
			list = append(list, artifact.Field{Key: f.Key, Value: v.Interface()})
		}
	}
	return list
}

// Label is a checkpoint's name in messages.
func Label(c *checkpoint.Checkpoint) string {
	if c.Path == "-" {
		return "standard input"
	}
	return filepath.Base(c.Path)
}

// Each runs work for every checkpoint and writes the record it returns, so that
// what a run has done before it fails or is interrupted is kept. The stream
// ends with the status "ok", "interrupted" or "failed".
func (s *Session) Each(out *artifact.RecordWriter, work func(*checkpoint.Checkpoint) (record.Record, error)) error {
	for _, c := range s.Checkpoints {
		rec, err := work(c)
		if err == nil {
			if err = out.Write(rec); err == nil {
				err = out.Flush()
			}
		}
		if err != nil {
			return s.Finish(out, err)
		}
	}
	return s.Finish(out, nil)
}

// Finish ends the output as the error, if any, says, and returns that error.
func (s *Session) Finish(out *artifact.RecordWriter, err error) error {
	if err == nil {
		return out.End("ok")
	}
	status := "failed"
	if cli.ExitCode(err) == cli.ExitInterrupted {
		status = "interrupted"
	}
	if end := out.End(status); end != nil {
		s.ctx.Warnf("%v", end)
	}
	return err
}

// Stopped returns an error once the user has asked to stop.
func (s *Session) Stopped() error {
	select {
	case <-s.ctx.Interrupted():
		return cli.Errorf(cli.ExitInterrupted, "interrupted; the records of finished checkpoints are kept")
	default:
		return nil
	}
}

// Diverged is the error of a checkpoint whose outputs are not finite.
func Diverged(c *checkpoint.Checkpoint, err error) error {
	return cli.WithHint(cli.Errorf(cli.ExitDiverged, "%s: %w", c.Path, err), fmt.Sprintf("leave %s out, or use an earlier checkpoint of the run", c.Path))
}
