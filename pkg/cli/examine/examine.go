// Package examine is what the commands that examine checkpoints share: the
// flags that name data, checkpoints and output, and the records' beginning and
// end.
package examine

import (
	"errors"
	"fmt"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/cli"
	"srn/pkg/device/open"
	"srn/pkg/measure"
	"srn/pkg/resnet"
	"srn/pkg/run"
)

// Flags name the checkpoints, the data they are examined on, and the output.
type Flags struct {
	Data   string `required:"" record:"-" placeholder:"FILE" help:"Dataset file of srn-split."`
	Split  string `default:"${split}" enum:"test,train,meta_val,meta_train" placeholder:"NAME" help:"Images to use: test, train, meta_val or meta_train (${default})."`
	Output string `short:"o" record:"-" default:"-" placeholder:"FILE" help:"Records to write; compressed where the name ends in .zst; - is standard output (default)."`

	Arch    string `placeholder:"NAME" group:"Foreign checkpoints:" help:"Architecture, such as resnet20, where the file does not tell."`
	Mean    string `placeholder:"R,G,B" group:"Foreign checkpoints:" help:"Mean of pixels scaled to 0…1 by which images were normalised in training."`
	Std     string `placeholder:"R,G,B" group:"Foreign checkpoints:" help:"Standard deviation, likewise."`
	Classes int    `placeholder:"N" record:"-" group:"Foreign checkpoints:" help:"Number of classes that the file must have."`

	Key    string   `placeholder:"KEY" group:"Foreign checkpoints:" help:"State dict to take of a file that has several, such as state_dict_ema; or a prefix of the names to take."`
	Rename []string `placeholder:"OLD=NEW" sep:"none" group:"Foreign checkpoints:" help:"Take a module or tensor of the file by another name, such as head=linear; may be given again."`

	cli.Lifecycle

	Checkpoints []string `arg:"" name:"checkpoint" help:"Checkpoints of srn-fit, or of PyTorch: .pt, .pth and .th of torch.save, safetensors, .npz; - is standard input."`
}

// Open loads what the flags name. More are other files that are read, which
// cannot be the output.
func (f *Flags) Open(ctx *cli.Context, more ...string) (*measure.Session, error) {
	overrides, err := f.overrides()
	if err != nil {
		return nil, err
	}
	if err := f.checkFiles(more); err != nil {
		return nil, err
	}
	ctx.Interruptible() // from here on, a signal ends the work in good order
	be, err := open.Backend(ctx.Device, ctx.Threads)
	if err != nil {
		return nil, err
	}
	s, err := measure.Open(be, measure.Source{
		Data: f.Data, Split: f.Split, Checkpoints: f.Checkpoints, Overrides: overrides, Precision: ctx.Precision(),
	}, events(ctx))
	return s, advised(err)
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

// events shows what happens on standard error.
func events(ctx *cli.Context) measure.Events {
	return measure.Events{
		Note:     func(text string) { ctx.Logf("%s", text) },
		Warn:     func(text string) { ctx.Warnf("%s", text) },
		Progress: func(total int64, what string) measure.Progress { return ctx.Progress(total, what) },
	}
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
	if err := run.Bound("classes", f.Classes, 0, 1_000_000); err != nil {
		return o, err
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
func (f *Flags) checkFiles(more []string) error {
	stdin := 0
	for _, in := range append(append([]string{f.Data}, f.Checkpoints...), more...) {
		if in == "-" {
			stdin++
		} else if in != "" && f.Output != "-" && artifact.SameFile(in, f.Output) {
			return cli.WithHint(cli.Errorf(cli.ExitUsage, "%s is both input and output", f.Output), "choose another name for -o")
		}
	}
	if stdin > 1 {
		return cli.Errorf(cli.ExitUsage, "only one input can be standard input")
	}
	return nil
}
