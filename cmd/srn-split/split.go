package main

import (
	"fmt"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/cifar"
	"srn/pkg/cli"
	"srn/pkg/dataset"
	"srn/pkg/record"
)

// split is the command's flags.
type split struct {
	Dataset string `required:"" enum:"cifar10,cifar100,synthetic" placeholder:"NAME" help:"cifar10, cifar100 or synthetic."`
	Data    string `placeholder:"PATH" help:"Archive (.tar.gz or .tar), - for one on standard input, or folder with its unpacked files, or the folder above."`
	Output  string `short:"o" required:"" placeholder:"FILE" help:"Data artifact to write; compressed if it ends in .zst; - is standard output."`

	ValFraction float64 `default:"0.1" placeholder:"F" help:"Share of each class's training images for meta_val (${default})."`
	Keep        int     `name:"examples" default:"0" placeholder:"N" help:"Keep N training images alone, as many of each class as the classes' shares allow; 0 is all (${default})."`
	Seed        uint64  `default:"0" placeholder:"S" help:"Chooses the images of meta_val, those of --examples, and synthetic ones (${default})."`

	AllowPartial bool `help:"Accept other numbers of images than the official ones."`
	IfChanged    bool `help:"Leave the output untouched, time stamp included, where it would not change."`

	SyntheticTrain int `default:"5000" placeholder:"N" help:"Training images of the synthetic data set (${default})."`
	SyntheticTest  int `default:"1000" placeholder:"N" help:"Test images of the synthetic data set (${default})."`

	cli.Common
}

func (s *split) Examples() string { return examples }

// config is what decides the artifact's content beside the archive.
type config struct {
	Dataset        string  `json:"dataset"`
	ValFraction    float64 `json:"val_fraction"`
	Examples       int     `json:"examples,omitempty"`
	Seed           uint64  `json:"seed"`
	SyntheticTrain int     `json:"synthetic_train,omitempty"`
	SyntheticTest  int     `json:"synthetic_test,omitempty"`
}

// Run makes the artifact.
func (s *split) Run(ctx *cli.Context) error {
	if err := s.check(); err != nil {
		return err
	}
	p := artifact.Provenance{Tool: ctx.Name, Version: ctx.Version}
	c := config{Dataset: s.Dataset, ValFraction: s.ValFraction, Examples: s.Keep, Seed: s.Seed}
	var d *dataset.Data
	var source cifar.Source
	var err error
	if s.Dataset == "synthetic" {
		c.SyntheticTrain, c.SyntheticTest = s.SyntheticTrain, s.SyntheticTest
		if d, err = dataset.Synthetic(s.SyntheticTrain, s.SyntheticTest, s.Seed); err != nil {
			return cli.Errorf(cli.ExitUsage, "%w", err)
		}
	} else {
		if d, source, err = s.read(ctx); err != nil {
			return err
		}
		p.Inputs = []record.Input{{Name: "data", Path: source.Path, SHA256: source.SHA256}}
	}
	p.Config = c
	d.Official = new(source.Verified != "" && s.Keep == 0)
	d.FindTwins()
	if err := d.CheckTwins(s.Data); err != nil {
		return err
	}
	if s.Keep > 0 {
		if err := d.Thin(s.Keep, s.Seed); err != nil {
			return cli.Errorf(cli.ExitUsage, "--examples: %w", err)
		}
		d.FindTwins()
	}
	s.warn(ctx, d)
	d.Normalise()
	if err := d.Part(s.ValFraction, s.Seed); err != nil {
		return cli.Errorf(cli.ExitUsage, "%w", err)
	}
	written := true
	if s.IfChanged {
		written, err = d.SaveIfChanged(s.Output, p)
	} else {
		err = d.Save(s.Output, p)
	}
	if err != nil {
		return err
	}
	verb := "wrote"
	if !written {
		verb = "unchanged:"
	}
	ctx.Logf("%s %s: %d training images (%d meta_train, %d meta_val), %d test images, %d classes",
		verb, s.Output, d.Train.Len(), len(d.MetaTrain), len(d.MetaVal), d.Test.Len(), len(d.Classes))
	return ctx.Record(s.record(d, source, written))
}

// warn tells of images that occur more than once.
func (s *split) warn(ctx *cli.Context, d *dataset.Data) {
	t := d.Twins
	if t.Leaked > 0 {
		ctx.Warnf("%s: %d of %d test images are training images too, so that accuracies on them are too high", s.Data, t.Leaked, d.Test.Len())
	}
	if t.Train > 0 {
		labels := ""
		if t.Mislabelled > 0 {
			labels = fmt.Sprintf(", %d of them under different labels", t.Mislabelled)
		}
		ctx.Warnf("%s: %d of %d training images occur more than once%s; equal ones are in meta_train or meta_val together", s.Data, t.Train, d.Train.Len(), labels)
	}
	if t.Test > 0 {
		ctx.Warnf("%s: %d of %d test images occur more than once", s.Data, t.Test, d.Test.Len())
	}
}

func (s *split) check() error {
	switch {
	case s.Dataset == "synthetic" && s.Data != "":
		return cli.Errorf(cli.ExitUsage, "--data: the synthetic data set is read from nowhere")
	case s.Dataset != "synthetic" && s.Data == "":
		return cli.WithHint(cli.Errorf(cli.ExitUsage, "--data: missing; where is %s?", s.Dataset),
			"give the archive or folder by --data, or choose --dataset synthetic, which needs none")
	case s.Keep < 0:
		return cli.Errorf(cli.ExitUsage, "--examples: %d is negative", s.Keep)
	case !(s.ValFraction >= 0 && s.ValFraction < 1):
		return cli.Errorf(cli.ExitUsage, "--val-fraction: %v is not at least 0 and below 1", s.ValFraction)
	case s.JSON && s.Output == "-":
		return cli.Errorf(cli.ExitUsage, "--json and -o - both want standard output")
	case s.Data != "" && artifact.SameFile(s.Data, s.Output):
		return cli.Errorf(cli.ExitUsage, "-o: %s is the input", s.Output)
	}
	return artifact.CheckOutput(s.Output)
}

// read reads the archive or folder and says what it is.
func (s *split) read(ctx *cli.Context) (*dataset.Data, cifar.Source, error) {
	var bar *cli.Bar
	set, err := cifar.Read(s.Data, cifar.Options{
		Dataset:      s.Dataset,
		AllowPartial: s.AllowPartial,
		Progress: func(done, total int64) {
			if bar == nil {
				bar = ctx.Progress(total>>20, "reading (MiB)")
			}
			bar.Set(done >> 20)
		},
	})
	bar.Done()
	if err != nil {
		return nil, cifar.Source{}, err
	}
	if set.Source.Verified != "" {
		ctx.Logf("%s: verified, the official %s", s.Data, set.Source.Verified)
	}
	if len(set.Source.Notes) > 0 {
		ctx.Logf("note: %s: %s", s.Data, strings.Join(set.Source.Notes, "; "))
	}
	return &dataset.Data{
		Name:          set.Name,
		Classes:       set.Classes,
		CoarseClasses: set.CoarseClasses,
		Train:         dataset.Split(set.Train),
		Test:          dataset.Split(set.Test),
		SourceSHA256:  set.Source.SHA256,
	}, set.Source, nil
}
