package main

import (
	"fmt"
	"slices"

	"srn/pkg/artifact"
	"srn/pkg/cli"
	"srn/pkg/dataset"
	"srn/pkg/imageset"
	"srn/pkg/record"
	"srn/pkg/run"
)

// split is the command's flags.
type split struct {
	Dataset string `required:"" enum:"cifar10,cifar100,synthetic,folder,npz,cinic10,cifar10.1" placeholder:"NAME" help:"cifar10, cifar100, synthetic, folder (of images), npz (NumPy's arrays), cinic10 or cifar10.1."`
	Data    string `placeholder:"PATH" help:"Archive (.tar.gz or .tar), - for one on standard input, or folder with its unpacked files, or the folder above; a .npz or .npy file."`
	Output  string `short:"o" required:"" placeholder:"FILE" help:"Dataset file to write; compressed if it ends in .zst; - is standard output."`

	ValFraction *float64 `placeholder:"F" help:"Share of each class's training images for meta_val (0.1, or the images that the data set has for validation)."`
	Keep        int      `name:"examples" default:"0" placeholder:"N" help:"Keep N training images alone, as many of each class as the classes' shares allow; 0 is all (${default})."`
	Seed        uint64   `default:"0" placeholder:"S" help:"Chooses the images of meta_val, those of --examples and --test-fraction, and synthetic ones (${default})."`

	TestFraction float64 `default:"0" placeholder:"F" help:"Share of each class's images for testing, of a folder or npz without test images."`
	Resize       string  `default:"none" enum:"none,pad,area" placeholder:"HOW" help:"What becomes of images that are not 32×32: none refuses them, pad puts a black border around smaller ones (28×28 ones have one anyway), area scales their middle square by areas."`
	Train        string  `placeholder:"FILE" help:"Dataset file whose training images, parts and normalisation to take, for a data set of test images alone, such as CIFAR-10.1."`

	LabelNoise float64 `default:"0" placeholder:"F" help:"Share of each class's training images, but those of meta_val, that get a wrong label (${default})."`
	Noise      string  `enum:"symmetric,asymmetric" default:"symmetric" placeholder:"KIND" help:"Which: symmetric, each of the other classes alike; asymmetric, one class that it is taken for, of CIFAR-10 truck for automobile, bird for airplane, deer for horse, cat and dog for each other, of CIFAR-100 the next of its superclass (${default})."`
	NoiseSeed  uint64  `default:"0" placeholder:"S" help:"Chooses these images and labels (${default})."`

	AllowPartial bool `help:"Accept other numbers of images than the official ones."`
	IfChanged    bool `help:"Leave the output untouched, time stamp included, where it would not change."`

	SyntheticTrain int `default:"5000" placeholder:"N" help:"Training images of the synthetic data set (${default})."`
	SyntheticTest  int `default:"1000" placeholder:"N" help:"Test images of the synthetic data set (${default})."`

	cli.Common
}

func (s *split) Examples() string { return examples }

// config is what decides the artifact's content beside the data.
type config struct {
	Dataset        string  `json:"dataset"`
	ValFraction    float64 `json:"val_fraction"`
	Examples       int     `json:"examples,omitzero"`
	Seed           uint64  `json:"seed"`
	LabelNoise     float64 `json:"label_noise,omitzero"`
	Noise          string  `json:"noise,omitzero"`
	NoiseSeed      uint64  `json:"noise_seed,omitzero"`
	SyntheticTrain int     `json:"synthetic_train,omitzero"`
	SyntheticTest  int     `json:"synthetic_test,omitzero"`
	OwnValidation  bool    `json:"own_validation,omitzero"`
	TestFraction   float64 `json:"test_fraction,omitzero"`
	Resize         string  `json:"resize,omitzero"`
}

// Run makes the artifact.
func (s *split) Run(ctx *cli.Context) error {
	if err := s.check(); err != nil {
		return err
	}
	p := artifact.Provenance{Tool: ctx.Name, Version: ctx.Version}
	c := config{Dataset: s.Dataset, ValFraction: 0.1, Examples: s.Keep, Seed: s.Seed, TestFraction: s.TestFraction}
	if s.ValFraction != nil {
		c.ValFraction = *s.ValFraction
	}
	if s.Resize != "none" {
		c.Resize = s.Resize
	}
	in := &input{}
	var err error
	switch s.Dataset {
	case "synthetic":
		c.SyntheticTrain, c.SyntheticTest = s.SyntheticTrain, s.SyntheticTest
		if in.data, err = dataset.Synthetic(s.SyntheticTrain, s.SyntheticTest, s.Seed); err != nil {
			return cli.Errorf(cli.ExitUsage, "%w", err)
		}
	case "cifar10", "cifar100":
		in, err = s.readCIFAR(ctx)
	default:
		in, err = s.readImages(ctx)
	}
	if err != nil {
		return err
	}
	d := in.data
	if in.source.SHA256 != "" {
		p.Inputs = []record.Input{{Name: "data", Path: in.source.Path, SHA256: in.source.SHA256}}
	}
	if in.train != nil {
		p.Inputs = append(p.Inputs, record.Input{Name: "train", Path: s.Train, SHA256: in.train.SHA256})
		c.ValFraction, c.Seed = 0, 0 // the parts are those of the other artifact
		d.TrainOn(in.train)
	}
	d.Official = new(in.source.Verified != "" && s.Keep == 0)
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
	switch {
	case in.train != nil:
	case in.validation > 0 && s.ValFraction == nil:
		d.Normalise()
		d.PartAt(in.validation)
		c.OwnValidation, c.ValFraction = true, 0
	default:
		d.Normalise()
		if err := d.Part(c.ValFraction, s.Seed); err != nil {
			return cli.Errorf(cli.ExitUsage, "%w", err)
		}
	}
	s.warn(ctx, d, c.OwnValidation)
	if s.LabelNoise > 0 {
		if err := d.Mislabel(s.Noise, s.LabelNoise, s.NoiseSeed); err != nil {
			return cli.Errorf(cli.ExitUsage, "--label-noise: %w", err)
		}
		c.LabelNoise, c.Noise, c.NoiseSeed = s.LabelNoise, s.Noise, s.NoiseSeed
		d.Official = new(false)
	}
	p.Config = c
	written := true
	if s.IfChanged {
		written, err = d.SaveIfChanged(s.Output, p)
	} else {
		err = d.Save(s.Output, p)
	}
	if err != nil {
		return err
	}
	if d.Noise.Kind != "" {
		ctx.Logf("%g of the training labels but meta_val's are wrong (%s noise)", d.Noise.Rate, d.Noise.Kind)
	}
	verb := "wrote"
	if !written {
		verb = "unchanged:"
	}
	ctx.Logf("%s %s: %d training images (%d meta_train, %d meta_val), %d test images, %d classes",
		verb, s.Output, d.Train.Len(), len(d.MetaTrain), len(d.MetaVal), d.Test.Len(), len(d.Classes))
	return ctx.Record(s.record(d, in.source, written))
}

// warn tells of images that occur more than once.
func (s *split) warn(ctx *cli.Context, d *dataset.Data, ownValidation bool) {
	t := d.Twins
	if t.Leaked > 0 {
		ctx.Warnf("%s: %d of %d test images are training images too, so that accuracies on them are too high", s.Data, t.Leaked, d.Test.Len())
	}
	if t.Train > 0 {
		labels := ""
		if t.Mislabelled > 0 {
			labels = fmt.Sprintf(", %d of them under different labels", t.Mislabelled)
		}
		parts := "equal ones are in meta_train or meta_val together"
		if ownValidation {
			parts = fmt.Sprintf("%d of %d for validation are among those for fitting too", d.SharedByParts(), len(d.MetaVal))
		}
		ctx.Warnf("%s: %d of %d training images occur more than once%s; %s", s.Data, t.Train, d.Train.Len(), labels, parts)
	}
	if t.Test > 0 {
		ctx.Warnf("%s: %d of %d test images occur more than once", s.Data, t.Test, d.Test.Len())
	}
}

// mostImages is what indices of 32 bits and the memory of large machines have
// room for.
const mostImages = 100_000_000

func (s *split) check() error {
	if s.Dataset == "synthetic" {
		for _, part := range []struct {
			setting string
			n       int
		}{{"synthetic_train", s.SyntheticTrain}, {"synthetic_test", s.SyntheticTest}} {
			// Pixels, and once more as they are written.
			if err := run.CheckMemory(part.setting, 2*dataset.Pixels*float64(part.n), "ask for fewer images"); err != nil && part.n <= mostImages {
				return err
			}
		}
	}
	images := !slices.Contains([]string{"cifar10", "cifar100", "synthetic"}, s.Dataset)
	halved := s.Dataset == imageset.Folder || s.Dataset == imageset.Arrays
	switch {
	case s.Dataset == "synthetic" && s.Data != "":
		return cli.Errorf(cli.ExitUsage, "--data: the synthetic data set is read from nowhere")
	case s.Dataset != "synthetic" && s.Data == "":
		return cli.WithHint(cli.Errorf(cli.ExitUsage, "--data: missing; where is %s?", s.Dataset),
			"give the archive or folder by --data, or choose --dataset synthetic, which needs none")
	case s.Keep < 0 || s.Keep > mostImages:
		return cli.Errorf(cli.ExitUsage, "--examples: %d, want 0 to %d", s.Keep, mostImages)
	case s.SyntheticTrain > mostImages:
		return cli.Errorf(cli.ExitUsage, "--synthetic-train: %d, want at most %d", s.SyntheticTrain, mostImages)
	case s.SyntheticTest > mostImages:
		return cli.Errorf(cli.ExitUsage, "--synthetic-test: %d, want at most %d", s.SyntheticTest, mostImages)
	case s.ValFraction != nil && !(*s.ValFraction >= 0 && *s.ValFraction < 1):
		return cli.Errorf(cli.ExitUsage, "--val-fraction: %v is not at least 0 and below 1", *s.ValFraction)
	case !(s.LabelNoise >= 0 && s.LabelNoise <= 1):
		return cli.Errorf(cli.ExitUsage, "--label-noise: %v is not from 0 to 1", s.LabelNoise)
	case s.TestFraction != 0 && !halved:
		return cli.Errorf(cli.ExitUsage, "--test-fraction: %s has test images of its own", s.Dataset)
	case !(s.TestFraction >= 0 && s.TestFraction < 1):
		return cli.Errorf(cli.ExitUsage, "--test-fraction: %v is not at least 0 and below 1", s.TestFraction)
	case s.Resize != "none" && !images:
		return cli.Errorf(cli.ExitUsage, "--resize: %s has images of 32×32 pixels", s.Dataset)
	case s.Train != "" && !halved && s.Dataset != imageset.CIFAR101:
		return cli.Errorf(cli.ExitUsage, "--train: %s has training images of its own", s.Dataset)
	case s.Train == "" && s.Dataset == imageset.CIFAR101:
		return cli.WithHint(cli.Errorf(cli.ExitUsage, "--train: missing; CIFAR-10.1 has test images alone"),
			"give the dataset file of CIFAR-10 that networks are trained on, such as --train cifar10.safetensors.zst")
	case s.Train != "" && (s.ValFraction != nil || s.Keep > 0 || s.TestFraction > 0):
		return cli.Errorf(cli.ExitUsage, "--train: takes the parts of that artifact: leave --val-fraction, --examples and --test-fraction out")
	case s.Train != "" && s.LabelNoise > 0:
		return cli.Errorf(cli.ExitUsage, "--label-noise: the training labels are those of --train %s", s.Train)
	case s.JSON && s.Output == "-":
		return cli.Errorf(cli.ExitUsage, "--json and -o - both want standard output")
	case s.Data != "" && artifact.SameFile(s.Data, s.Output) || s.Train != "" && artifact.SameFile(s.Train, s.Output):
		return cli.Errorf(cli.ExitUsage, "-o: %s is the input", s.Output)
	}
	return artifact.CheckOutput(s.Output)
}
