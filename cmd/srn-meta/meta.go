package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/cli"
	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/device/open"
	"srn/pkg/record"
	"srn/pkg/resnet"
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
	Resume     bool   `help:"Go on from the state beside the output, if there is one; return at once if the run is complete."`
	Describe   bool   `help:"Print what every flag below decides, its default and the reason, and exit."`

	meta.ScheduleConfig  `embed:"" group:"Schedule:"`
	meta.ObjectiveConfig `embed:"" group:"Objective:"`
	meta.TargetConfig    `embed:"" group:"Meta-target of s-meta:"`
	surrogate.Config     `embed:"" group:"Surrogate:"`
	guidance.Options     `embed:"" group:"Guidance of the inner stage:"`
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
	interrupted := ctx.Interrupted()
	run := meta.Run{
		Out: m.Output, Metrics: m.Metrics, Resume: m.Resume,
		File: &surrogate.File{Arch: m.Arch, Dataset: data.Name, DataSHA256: data.SHA256,
			Meta: config.Record(record.Network{Arch: m.Arch, Classes: len(data.Classes)}, data, ctx.Precision(), be.Name()),
			Provenance: artifact.Provenance{Tool: ctx.Name, Version: ctx.Version,
				Inputs: []record.Input{{Name: "data", Path: m.Data, SHA256: data.SHA256}}}},
		Stop: func() bool {
			select {
			case <-interrupted:
				return true
			default:
				return false
			}
		},
	}
	if m.Resume {
		if done, err := run.Complete(); err != nil {
			return err
		} else if done {
			if _, err := os.Stat(m.Classifier); m.Classifier != "" && err != nil {
				return cli.WithHint(cli.Errorf(cli.ExitUsage, "--classifier: %s is complete, but %v", m.Output, err), "leave --resume out to train again")
			}
			ctx.Logf("%s is complete", m.Output)
			return meta.RemoveState(m.Output)
		}
	}
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
		run.Finish = func() error {
			return checkpoint.FromNet(net, checkpoint.Meta{Arch: m.Arch, NumClasses: len(data.Classes), Mean: data.Mean, Std: data.Std,
				Training: new(config.Classifier(data, ctx.Precision(), be.Name())),
				Epoch:    config.Rounds, Complete: true, Provenance: run.File.Provenance}).Save(m.Classifier)
		}
	}
	return m.execute(ctx, trainer, run)
}

// presets are the values of γ_mar that the paper's tables agree with.
var presets = map[string]float64{"table2": 0.5, "table7": 1}

func examplesOf(data *dataset.Data, net *resnet.Net) meta.Examples {
	batches := dataset.NewBatches(net, data.Images(&data.Train), data.Train.Labels)
	return meta.Examples{Classes: len(data.Classes), Labels: data.Train.Labels, MetaTrain: data.MetaTrain, MetaVal: data.MetaVal,
		Feed: func(picks []device.Pick) { batches.LoadPicks(picks) }}
}

// execute runs the rounds and tells what became of them.
func (m *command) execute(ctx *cli.Context, trainer *meta.Meta, run meta.Run) error {
	bar := ctx.Progress(int64(trainer.Rounds), m.Arch+" meta")
	defer bar.Done()
	var ratio float64
	rounds := 0
	run.Report = func(r record.Round) {
		bar.Set(int64(r.Round))
		ratio += r.GuidanceRatio
		rounds++
		if every := max(trainer.Rounds/10, 1); r.Round%every == 0 || r.Round == trainer.Rounds {
			ctx.Logf("round %d/%d: %sval loss %.3f, top1 %.1f%%, margin %.3f, ‖λh‖/‖∇task‖ %.1e",
				r.Round, trainer.Rounds, wanted(r), r.ValLoss, 100*r.ValTop1, r.Margin, r.GuidanceRatio)
		}
	}
	err := trainer.Execute(run)
	var diverged *meta.DivergedError
	switch {
	case errors.Is(err, meta.ErrInterrupted) && trainer.Done() > 0:
		return cli.WithHint(cli.Errorf(cli.ExitInterrupted, "interrupted after round %d of %d; saved in %s", trainer.Done(), trainer.Rounds, meta.StatePath(m.Output)),
			"run the same command with --resume to go on")
	case errors.Is(err, meta.ErrInterrupted):
		return cli.Errorf(cli.ExitInterrupted, "interrupted within the first round: nothing is saved")
	case errors.As(err, &diverged):
		return cli.WithHint(err, "lower --inner-lr, --outer-lr or --guidance-ratio")
	case err != nil:
		return err
	}
	const noticeable = 1e-3
	if mean := ratio / float64(max(rounds, 1)); rounds > 0 && mean < noticeable && (m.Lambda != 0 || m.Ratio != 0) {
		ctx.Warnf("the guidance's norm was %.1e of the task gradient's: small beside it; --guidance-ratio sets it (docs/srn.md)", mean)
	}
	return ctx.Record(record.Output{Output: m.Output, SHA256: run.File.SHA256, Status: record.OK, Done: trainer.Done()})
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
	case m.Resume && (m.Output == "-" || m.Metrics == "-"):
		return usage("name files", "--resume: standard output cannot be resumed")
	case m.Output == "-" && m.Metrics == "-":
		return usage("name a file for one of them", "-o and --metrics are both standard output")
	case m.Metrics != "" && artifact.SameFile(m.Output, m.Metrics):
		return usage("choose another name", "-o and --metrics are one file")
	}
	if m.Preset != "" && m.GammaMar != meta.DefaultTarget().GammaMar {
		return usage("leave one of them out", "--preset %s and --gamma-mar contradict each other", m.Preset)
	}
	if m.Classifier == "-" {
		return usage("name a file", "--classifier: standard output is the surrogate's alone")
	}
	for _, other := range []string{m.Metrics, m.Data, m.Classifier} {
		if other != "" && m.Output != "-" && artifact.SameFile(meta.StatePath(m.Output), other) {
			return usage("choose another name", "%s is where the run keeps its state", other)
		}
	}
	for _, out := range []string{m.Output, m.Metrics, m.Classifier} {
		if out != "" && artifact.SameFile(m.Data, out) {
			return usage("choose another name", "%s is both input and output", out)
		}
	}
	for _, out := range []string{m.Output, m.Metrics} {
		if out != "" && m.Classifier != "" && artifact.SameFile(m.Classifier, out) {
			return usage("choose another name", "--classifier: %s is another output, too", out)
		}
	}
	if m.Classifier != "" {
		if err := artifact.CheckOutput(m.Classifier); err != nil {
			return err
		}
	}
	return artifact.CheckOutput(m.Output)
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
