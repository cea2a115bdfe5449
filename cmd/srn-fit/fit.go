package main

import (
	"errors"
	"fmt"
	"os"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/cli"
	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/device/open"
	"srn/pkg/method"
	"srn/pkg/record"
	"srn/pkg/resnet"
	"srn/pkg/run"
	"srn/pkg/srn/guidance"
	"srn/pkg/srn/surrogate"
	"srn/pkg/train"
)

// fit is the command's flags.
type fit struct {
	Data            string   `placeholder:"FILE" help:"Data artifact of srn-split."`
	Arch            string   `default:"resnet20" placeholder:"NAME" help:"Network: resnet8, resnet20, resnet32 or another resnet6n+2 (${default})."`
	Method          string   `default:"ce" placeholder:"NAME" help:"Training rule, or several joined by +, such as sam+cutout; list shows all (${default})."`
	Set             []string `sep:"none" placeholder:"NAME=VALUE" help:"A parameter of the method; may be given again."`
	Describe        bool     `help:"Print what the method is, its parameters and what its sources leave open, and exit."`
	SRN             string   `name:"srn" placeholder:"FILE" help:"Surrogate of srn-meta, for --method srn."`
	Outliers        string   `placeholder:"FILE" help:"Images of no class, for --method energy-ood: a data artifact or a safetensors file with a tensor images (default: generated)."`
	From            string   `placeholder:"FILE" help:"Checkpoint to start from in place of random weights."`
	Epochs          *int     `placeholder:"N" help:"Passes over the training images (200, with --protocol he 182)."`
	Batch           int      `name:"batch-size" aliases:"batch" default:"128" placeholder:"N" help:"Images of a step (${default})."`
	Protocol        string   `default:"paper" enum:"paper,external,he,akamaster" placeholder:"NAME" help:"Presets: paper; external, with AutoAugment, Cutout, label smoothing, weight decay and another learning rate; he and akamaster, recipes of plain training whose accuracies are published; --describe tells all (${default})."`
	LR              *float64 `name:"lr" placeholder:"X" help:"Initial learning rate (0.06, with the other protocols 0.1)."`
	Schedule        string   `enum:",cosine,constant,step" default:"" placeholder:"KIND" help:"Learning rate over the epochs: cosine, constant, step (cosine, with --protocol he and akamaster step)."`
	Milestones      []int    `placeholder:"N,…" help:"With --schedule step, epochs after which the learning rate falls."`
	LRDrop          float64  `name:"lr-drop" placeholder:"X" help:"Factor by which it falls (0.1)."`
	Warmup          float64  `placeholder:"E" help:"Epochs in which the learning rate rises linearly, step by step, to the schedule's (0)."`
	Momentum        float64  `default:"0.9" placeholder:"X" help:"Momentum of SGD (${default})."`
	Nesterov        bool     `help:"Nesterov's momentum."`
	WeightDecay     *float64 `placeholder:"X" help:"L2 weight decay, with any method (0; with the method weight-decay or --protocol external 5e-4, with he and akamaster 1e-4)."`
	WeightDecayOf   string   `enum:"all,weights" default:"all" placeholder:"WHAT" help:"What decays: all parameters; weights, those of convolutions and the classifier but not batch normalisation's and biases (${default})."`
	ClipNorm        float64  `placeholder:"X" help:"Norm to which a longer gradient is shortened, before weight decay; 0 is never (0)."`
	EMA             float64  `name:"ema" placeholder:"X" help:"Evaluate and keep an exponential average of parameters and running statistics, with this decay a step; 0 is none (0)."`
	Augment         string   `default:"crop-flip" enum:"crop-flip,none" placeholder:"KIND" help:"crop-flip: random crop with padding 4 and horizontal flip; none (${default})."`
	Split           string   `enum:",train,meta_train" default:"" placeholder:"NAME" help:"What is trained on: train, all training images, or meta_train (train, with --protocol he meta_train)."`
	Init            string   `enum:",torch,he" default:"" placeholder:"KIND" help:"Weights at the start: torch, uniform within 1/√fan-in as PyTorch's layers have them; he, normal with variance 2/fan-in (torch, with --protocol he and akamaster he)."`
	Seed            int64    `default:"0" placeholder:"N" help:"Of initialisation, order and augmentation (${default})."`
	Output          string   `short:"o" placeholder:"FILE" help:"Checkpoint to write; - is standard output."`
	Metrics         string   `placeholder:"FILE" help:"Records of the epochs to write; - is standard output."`
	EvalEvery       int      `default:"0" placeholder:"N" help:"Score the test images every N epochs and after the last; 0 is never (${default})."`
	CheckpointEvery int      `default:"0" placeholder:"N" help:"Write a checkpoint every N epochs and after the last (${default})."`
	Checkpoints     string   `placeholder:"DIR" help:"Folder of these checkpoints."`
	Paranoid        bool     `help:"Take the first and every 100th step of an epoch again with plain Go kernels, and fail where they differ; results are the same."`

	guidance.Options `embed:"" group:"Guidance by a surrogate:"`
	cli.Lifecycle
	cli.Common
}

func (f *fit) Examples() string { return examples }

// Run trains.
func (f *fit) Run(ctx *cli.Context) error {
	if f.Method == "list" {
		return list(ctx)
	}
	protocol, err := train.FindProtocol(f.Protocol)
	if err != nil {
		return cli.Errorf(cli.ExitUsage, "--protocol: %v", err)
	}
	f.preset(protocol)
	f.Method = protocol.Join(f.Method)
	info, err := method.Find(f.Method)
	if err != nil {
		return cli.WithHint(cli.Errorf(cli.ExitUsage, "--method: %v", err), "srn-fit --method list describes them")
	}
	f.Method = info.Name
	if f.Outliers != "" && info.Outliers {
		f.Set = append(f.Set, method.FromFile)
	}
	settings, err := info.Settings(f.Set)
	if err != nil {
		return cli.WithHint(cli.Errorf(cli.ExitUsage, "--set: %v", err), "srn-fit --method "+f.Method+" --describe explains them")
	}
	if _, _, err := resnet.Layouts(f.Arch, 10); err != nil {
		return cli.Errorf(cli.ExitUsage, "--arch: %v", err)
	}
	if f.Describe {
		data := &dataset.Data{}
		if f.Data != "" {
			if data, err = dataset.Load(f.Data); err != nil {
				return err
			}
			_, settings = f.settle(data, info)
		}
		return describe(ctx, info, settings, protocol, f.config(data, info, settings, protocol))
	}
	if err := f.check(info); err != nil {
		return err
	}
	mode, err := f.Lifecycle.Mode()
	if err != nil {
		return err
	}
	data, err := dataset.Load(f.Data)
	if err != nil {
		return err
	}
	info, settings = f.settle(data, info)
	config := f.config(data, info, settings, protocol)
	if err := config.Check(); err != nil {
		return err
	}
	if n := config.TrainImages; config.BatchSize > n && n >= 2 {
		ctx.Logf("--batch-size: there are %d images; taking %d", n, n)
		config.BatchSize, f.Batch = n, n
	}
	if err := resnet.CheckMemory("batch_size", f.Arch, info.Needs(settings).Copies*config.BatchSize, info.Needs(settings).Tangents); err != nil {
		return err
	}
	be, err := open.Backend(ctx.Device, ctx.Threads)
	if err != nil {
		return err
	}
	config.Kernels = run.Kernels(be)
	inputs := []record.Input{{Name: "data", Path: f.Data, SHA256: data.SHA256}}
	options := method.Options{Guidance: f.Options, Settings: settings, Seed: uint64(f.Seed), Mean: data.Mean, Std: data.Std, Augment: config.Augmentation()}
	if info.Validation {
		options.Validation = &method.Validation{Images: data.Images(&data.Train), Labels: data.Train.Labels, Indices: data.MetaVal}
	}
	if f.Outliers != "" {
		if options.Outliers, err = dataset.LoadPictures(f.Outliers); err != nil {
			return err
		}
		config.Outliers = options.Outliers.SHA256
		inputs = append(inputs, record.Input{Name: "outliers", Path: f.Outliers, SHA256: config.Outliers})
		if config.Outliers == data.SHA256 {
			return cli.Errorf(cli.ExitUsage, "--outliers: %s is the data that is trained on", f.Outliers)
		}
	}
	var guide *surrogate.File
	if info.Surrogate {
		if guide, err = surrogate.Load(f.SRN); err != nil {
			return err
		}
		config.SRN, config.Surrogate = guide.SHA256, guide.Kind()
		inputs = append(inputs, record.Input{Name: "srn", Path: f.SRN, SHA256: guide.SHA256})
		if guide.DataSHA256 != data.SHA256 {
			ctx.Warnf("%s was trained on other data (%.12s) than %s (%.12s)", f.SRN, guide.DataSHA256, f.Data, data.SHA256)
		}
	}
	var from *checkpoint.Checkpoint
	if f.From != "" {
		// Images are normalised as the data say, whatever the network has seen.
		if from, err = checkpoint.Load(f.From, checkpoint.Overrides{Arch: f.Arch, Classes: len(data.Classes), Mean: &data.Mean, Std: &data.Std}); err != nil {
			return err
		}
		if err := from.CheckClasses(data.Name, len(data.Classes)); err != nil {
			return err
		}
		config.From = from.SHA256
		inputs = append(inputs, record.Input{Name: "from", Path: f.From, SHA256: from.SHA256})
	}
	// on is the training on a backend.
	on := func(be device.Backend) (*train.Run, error) {
		options := options
		needs := info.Needs(settings)
		net, err := resnet.New(be, resnet.Config{Arch: f.Arch, Classes: len(data.Classes), Batch: needs.Copies * f.Batch,
			Initialisation: resnet.Initialisation(f.Init), Tangents: needs.Tangents, InputGrad: needs.InputGrad, FeatureMask: needs.FeatureMask})
		if err != nil {
			return nil, cli.Errorf(cli.ExitUsage, "--arch: %v", err)
		}
		options.Net = net
		if guide != nil {
			if options.Surrogate, err = guide.Surrogate(be, net.Layout()); err != nil {
				return nil, err
			}
		}
		m, err := info.New(options)
		if err != nil {
			return nil, cli.Errorf(cli.ExitUsage, "%w", err)
		}
		return &train.Run{Config: config, Data: data, Net: net, Method: m, From: from}, nil
	}
	r, err := on(be)
	if err != nil {
		return err
	}
	r.Meta = checkpoint.Meta{
		Arch: f.Arch, NumClasses: r.Net.Classes, Mean: data.Mean, Std: data.Std,
		Training:   &r.Config.Training,
		Provenance: artifact.Provenance{Format: checkpoint.Format, Tool: ctx.Name, Version: ctx.Version, Inputs: inputs},
	}
	r.Files = f.files()
	r.Files.Series, r.Files.Provenance = config.Series(f.Checkpoints), r.Meta.Provenance
	r.Files.Provenance.Config = config.Fit
	begin, err := r.Files.Begin(mode)
	if err != nil {
		return err
	}
	for _, note := range begin.Notes {
		ctx.Warnf("%s", note)
	}
	if begin.Complete {
		ctx.Logf("%s is complete", f.Output)
		sum, err := artifact.HashFile(f.Output)
		if err != nil {
			return err
		}
		return f.result(ctx, sum)
	}
	if f.Paranoid {
		plain, err := open.PlainGo(ctx.Threads)
		if err != nil {
			return err
		}
		if r.Shadow, err = on(plain); err != nil {
			return err
		}
	}
	return f.train(ctx, r, begin)
}

// files are the names given.
func (f *fit) files() run.Files { return run.Files{Output: f.Output, Metrics: f.Metrics} }

// result is what --json prints.
func (f *fit) result(ctx *cli.Context, sha256 string) error {
	return ctx.Record(record.Output{Output: f.Output, SHA256: sha256, Status: record.OK, Done: *f.Epochs})
}

// train restores or starts the run and follows it.
func (f *fit) train(ctx *cli.Context, r *train.Run, begin run.Beginning) (err error) {
	if f.Checkpoints != "" {
		if err := os.MkdirAll(f.Checkpoints, 0o777); err != nil {
			return err
		}
	}
	for _, r := range []*train.Run{r, r.Shadow} {
		if r != nil {
			if err := r.Prepare(); err != nil {
				return err
			}
		}
	}
	var saved train.Saved
	if begin.State != nil {
		if saved, err = r.Restore(begin); err != nil {
			return err
		}
		ctx.Logf("resuming in epoch %d of %d", saved.Epoch, *f.Epochs)
	}
	p := r.Files.Provenance
	r.Records, err = r.Files.OpenMetrics(begin, saved.Records, record.Header{Tool: p.Tool, Version: p.Version, Config: p.Config, Seed: f.Seed, Inputs: p.Inputs})
	if err != nil {
		return err
	}
	if r.Records != nil {
		defer func() { err = errors.Join(err, r.Records.Close()) }()
	}
	_, images, err := r.Data.Select(f.Split)
	if err != nil {
		return err
	}
	bar := ctx.Progress(int64(*f.Epochs)*int64(len(images)), fmt.Sprintf("%s %s", f.Arch, f.Method))
	defer bar.Done()
	r.Progress = func(epoch, image int) { bar.Set(int64(epoch-1)*int64(len(images)) + int64(image)) }
	warned := false
	r.EpochDone = func(e train.Epoch) {
		ctx.Logf("%s", summary(e, *f.Epochs))
		if text := weakness(e, *f.Epochs); text != "" && !warned {
			warned = true
			ctx.Warnf("%s", text)
		}
	}
	err = r.Train(ctx.Interruptible())
	if a := r.Agreement; a.Steps > 0 {
		ctx.Logf("%d steps taken again in plain Go: %s differed most, by %.1e of its norm", a.Steps, a.What, a.Difference)
	}
	var differs *train.ShadowError
	if errors.As(err, &differs) {
		return cli.WithHint(err, "this processor's kernels cannot be trusted: train with SRN_KERNELS=generic, and tell the authors")
	}
	var diverged *train.DivergedError
	if errors.As(err, &diverged) {
		if r.Records != nil {
			err = errors.Join(err, r.Records.End(record.Diverged))
		}
		return cli.WithHint(err, "lower --lr, or another strength of the method")
	}
	var failed *train.DeviceError
	if errors.As(err, &failed) && failed.Resumable {
		return cli.WithHint(err, "run the same command with --resume to go on")
	}
	if err != nil {
		return err
	}
	return f.result(ctx, r.Final)
}

// summary is an epoch in a line.
func summary(e train.Epoch, epochs int) string {
	s := fmt.Sprintf("epoch %d/%d  loss %.4f  train %.2f%%", e.Epoch, epochs, e.TrainLoss, 100*e.TrainTop1)
	if e.Test != nil {
		s += fmt.Sprintf("  test %.2f%%", 100*e.Test.Top1)
	}
	return s + fmt.Sprintf("  lr %.4f  %.1f s  %.0f images/s", e.LR, e.Seconds, float64(e.Images)/e.Seconds)
}
