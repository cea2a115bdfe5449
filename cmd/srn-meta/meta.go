package main

import (
	"errors"
	"fmt"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/cli"
	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/device/open"
	"srn/pkg/record"
	"srn/pkg/resnet"
	"srn/pkg/run"
	"srn/pkg/srn/guidance"
	"srn/pkg/srn/meta"
	"srn/pkg/srn/surrogate"
)

// command is the command's flags.
type command struct {
	Data       string `placeholder:"FILE" help:"Data artifact of srn-split."`
	Arch       string `default:"resnet20" placeholder:"NAME" help:"Network that the surrogate reads: resnet8, resnet20, resnet32 or another resnet6n+2 (${default})."`
	Output     string `short:"o" placeholder:"FILE" help:"Surrogate to write; - is standard output."`
	Classifier string `placeholder:"FILE" help:"Checkpoint of the classifier to write too, at the end: Algorithm 1's Θ^(T)."`
	Preset     string `default:"" enum:",table2,table7" placeholder:"NAME" help:"A setting of the paper's tables: table2, γ_mar = 0.5, which Table 2's ResNet-20 agrees with; table7, γ_mar = 1, as Tables 5 and 7."`
	Metrics    string `placeholder:"FILE" help:"Records of the rounds to write; - is standard output."`
	Describe   bool   `help:"Print what every flag below decides, its default and the reason, and exit."`

	meta.ScheduleConfig  `embed:"" group:"Schedule:"`
	meta.ObjectiveConfig `embed:"" group:"Objective:"`
	meta.TargetConfig    `embed:"" group:"Meta-target of s-meta:"`
	surrogate.Config     `embed:"" group:"Surrogate:"`
	guidance.Options     `embed:"" group:"Guidance of the inner stage:"`
	cli.Lifecycle
	cli.Common
}

func (m *command) Examples() string { return examples }

// Run trains the surrogate.
func (m *command) Run(ctx *cli.Context) error {
	if m.Describe {
		return describe(ctx)
	}
	if err := m.check(); err != nil {
		return err
	}
	mode, err := m.Lifecycle.Mode()
	if err != nil {
		return err
	}
	data, err := dataset.Load(m.Data)
	if err != nil {
		return err
	}
	if m.Preset != "" {
		m.GammaMar = presets[m.Preset]
	}
	config := meta.Config{Config: m.Config, TargetConfig: m.TargetConfig, Options: m.Options,
		ScheduleConfig: m.ScheduleConfig, ObjectiveConfig: m.ObjectiveConfig}
	config.Resolve(data.Name)
	if err := config.Check(); err != nil {
		return err
	}
	be, err := open.Backend(ctx.Device, ctx.Threads)
	if err != nil {
		return err
	}
	if _, err := resnet.Blocks(m.Arch); err != nil {
		return cli.Errorf(cli.ExitUsage, "--arch: %v", err)
	}
	batches := meta.Examples{Classes: len(data.Classes), Labels: data.Train.Labels, MetaTrain: data.MetaTrain, MetaVal: data.MetaVal}
	if err := config.CheckData(batches); err != nil {
		return err
	}
	if err := resnet.CheckMemory("inner_n", m.Arch, config.Batch(len(data.Classes)), config.Tangents()); err != nil {
		return err
	}
	kernels := run.Kernels(be)
	r := meta.Run{Files: m.files(), File: &surrogate.File{Arch: m.Arch, Dataset: data.Name, DataSHA256: data.SHA256,
		Meta: config.Record(record.Network{Arch: m.Arch, Classes: len(data.Classes)}, data, ctx.Precision(), kernels),
		Provenance: artifact.Provenance{Format: surrogate.Format, Tool: ctx.Name, Version: ctx.Version,
			Inputs: []record.Input{{Name: "data", Path: m.Data, SHA256: data.SHA256}}}}}
	r.Files.Provenance = r.File.Made()
	net, err := resnet.New(be, resnet.Config{Arch: m.Arch, Classes: len(data.Classes), Batch: config.Batch(len(data.Classes)),
		Tangents: config.Tangents()})
	if err != nil {
		return cli.Errorf(cli.ExitUsage, "--arch: %v", err)
	}
	trainer, err := meta.New(net, examplesOf(data, net), config)
	if err != nil {
		return err
	}
	if m.Classifier != "" {
		r.Finish = func() error {
			return checkpoint.FromNet(net, checkpoint.Meta{Arch: m.Arch, NumClasses: len(data.Classes), Mean: data.Mean, Std: data.Std,
				Training: new(config.Classifier(data, ctx.Precision(), kernels)),
				Epoch:    config.Rounds, Complete: true, Provenance: r.File.Provenance}).Save(m.Classifier)
		}
	}
	if r.Begin, err = r.Files.Begin(mode); err != nil {
		return err
	}
	for _, note := range r.Begin.Notes {
		ctx.Warnf("%s", note)
	}
	if r.Begin.Complete {
		ctx.Logf("%s is complete", m.Output)
		sum, err := artifact.HashFile(m.Output)
		if err != nil {
			return err
		}
		return m.result(ctx, sum, config.Rounds)
	}
	return m.execute(ctx, trainer, r)
}

// files are the names given.
func (m *command) files() run.Files {
	return run.Files{Output: m.Output, Metrics: m.Metrics, Also: m.Classifier}
}

// result is what --json prints.
func (m *command) result(ctx *cli.Context, sha256 string, rounds int) error {
	return ctx.Record(record.Output{Output: m.Output, SHA256: sha256, Status: record.OK, Done: rounds})
}

// presets are the values of γ_mar that the paper's tables agree with.
var presets = map[string]float64{"table2": 0.5, "table7": 1}

func examplesOf(data *dataset.Data, net *resnet.Net) meta.Examples {
	batches := dataset.NewBatches(net, data.Images(&data.Train), data.Train.Labels)
	return meta.Examples{Classes: len(data.Classes), Labels: data.Train.Labels, MetaTrain: data.MetaTrain, MetaVal: data.MetaVal,
		Feed: func(picks []device.Pick) { batches.LoadPicks(picks) }}
}

// execute runs the rounds and tells what became of them.
func (m *command) execute(ctx *cli.Context, trainer *meta.Meta, r meta.Run) error {
	bar := ctx.Progress(int64(trainer.Rounds), m.Arch+" meta")
	defer bar.Done()
	var ratio float64
	rounds := 0
	r.Report = func(r record.Round) {
		bar.Set(int64(r.Round))
		ratio += r.GuidanceRatio
		rounds++
		if every := max(trainer.Rounds/10, 1); r.Round%every == 0 || r.Round == trainer.Rounds {
			ctx.Logf("round %d/%d: %sval loss %.3f, top1 %.1f%%, margin %.3f, ‖λh‖/‖∇task‖ %.1e",
				r.Round, trainer.Rounds, wanted(r), r.ValLoss, 100*r.ValTop1, r.Margin, r.GuidanceRatio)
		}
	}
	err := trainer.Execute(ctx.Interruptible(), r)
	var diverged *meta.DivergedError
	switch {
	case errors.As(err, &diverged):
		return cli.WithHint(err, "lower --inner-lr, --outer-lr or --guidance-ratio")
	case err != nil:
		return err
	}
	const noticeable = 1e-3
	if mean := ratio / float64(max(rounds, 1)); rounds > 0 && mean < noticeable && (m.Lambda != 0 || m.Ratio != 0) {
		ctx.Warnf("the guidance's norm was %.1e of the task gradient's: small beside it; --guidance-ratio sets it (docs/srn.md)", mean)
	}
	return m.result(ctx, r.File.SHA256, trainer.Done())
}

// wanted is what a round says of its objective.
func wanted(r record.Round) string {
	switch {
	case r.R != nil:
		return fmt.Sprintf("r %.4f, s_meta %+.3f, ", *r.R, *r.SMeta)
	case r.Gap != nil:
		return fmt.Sprintf("gap %+.3f, ", *r.Gap)
	}
	return fmt.Sprintf("‖∇_φ L_val‖ %.2e, ", *r.HypergradientNorm)
}

// check refuses flags that contradict each other.
func (m *command) check() error {
	usage := func(hint, format string, a ...any) error {
		return cli.WithHint(cli.Errorf(cli.ExitUsage, format, a...), hint)
	}
	switch {
	case m.Data == "":
		return usage("make one with srn-split", "--data: no data artifact is given")
	case m.Output == "":
		return usage("name the surrogate, such as -o srn.safetensors.zst", "-o: no output is given")
	case m.JSON && (m.Output == "-" || m.Metrics == "-"):
		return usage("name files", "--json: the result and another output both want standard output")
	}
	if m.Preset != "" && m.GammaMar != meta.DefaultTarget().GammaMar {
		return usage("leave one of them out", "--preset %s and --gamma-mar contradict each other", m.Preset)
	}
	if m.Classifier == "-" {
		return usage("name a file", "--classifier: standard output is the surrogate's alone")
	}
	return m.files().CheckNames(m.Data)
}

// describe prints all choices with their reasons.
func describe(ctx *cli.Context) error {
	if ctx.JSON {
		return ctx.Result(meta.Choices())
	}
	for _, c := range meta.Choices() {
		if _, err := fmt.Fprintf(ctx.Stdout(), "--%s %s\n    %s\n    Why: %s.\n", c.Flag, c.Default, strings.TrimSpace(c.Help), c.Why); err != nil {
			return err
		}
	}
	return nil
}
