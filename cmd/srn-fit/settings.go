package main

import (
	"cmp"

	"srn/pkg/cli"
	"srn/pkg/dataset"
	"srn/pkg/method"
	"srn/pkg/record"
	"srn/pkg/srn/guidance"
	"srn/pkg/train"
)

// preset takes from the protocol what flags leave open.
func (f *fit) preset(p train.Protocol) {
	f.Epochs = cmp.Or(f.Epochs, &p.Epochs)
	f.Schedule, f.Init, f.Split = cmp.Or(f.Schedule, p.Schedule), cmp.Or(f.Init, p.Init), cmp.Or(f.Split, p.Split)
	if f.Schedule == "step" {
		f.LRDrop = cmp.Or(f.LRDrop, 0.1)
		if f.Milestones == nil && *f.Epochs == p.Epochs {
			f.Milestones = p.Milestones
		}
	}
}

// settle takes the defaults that go with the data. That the settings are valid
// has been checked.
func (f *fit) settle(d *dataset.Data, info method.Info) (method.Info, method.Settings) {
	info = info.For(len(d.Classes))
	settings, _ := info.Settings(f.Set)
	return info, settings
}

// check refuses flags that contradict each other.
func (f *fit) check(info method.Info) error {
	usage := func(hint, format string, a ...any) error {
		return cli.WithHint(cli.Errorf(cli.ExitUsage, format, a...), hint)
	}
	switch {
	case f.Data == "":
		return usage("make one with srn-split", "--data: no data artifact is given")
	case f.Output == "":
		return usage("name the checkpoint, such as -o net.safetensors.zst", "-o: no output is given")
	case info.Surrogate && f.SRN == "":
		return usage("train one with srn-meta and give it by --srn", "--method %s needs a surrogate", info.Name)
	case !info.Surrogate && f.SRN != "":
		return usage("use --method srn, or leave --srn out", "--srn: method %s does not use a surrogate", info.Name)
	case !info.Surrogate && f.Options != guidance.DefaultOptions():
		return usage("use --method srn, or leave them out", "--lambda-srn, --guidance-ratio and --guidance-every: method %s has no guidance", info.Name)
	case f.Schedule == "step" && f.Milestones == nil:
		return usage("name them, such as --milestones 100,150", "--schedule step: no milestones are given")
	case f.Schedule != "step" && (f.Milestones != nil || f.LRDrop != 0):
		return usage("use --schedule step, or leave them out", "--milestones and --lr-drop: the schedule %s has none", f.Schedule)
	case f.Outliers != "" && !info.Outliers:
		return usage("use --method energy-ood, or leave --outliers out", "--outliers: method %s takes none", info.Name)
	case info.Validation && f.Split != "meta_train":
		return usage("train on the rest by --split meta_train", "method %s learns from held-out images, which must not be trained on", info.Name)
	case f.CheckpointEvery > 0 && f.Checkpoints == "":
		return usage("name their folder by --checkpoints", "--checkpoint-every: the checkpoints have no folder")
	case f.CheckpointEvery == 0 && f.Checkpoints != "":
		return usage("say how often by --checkpoint-every", "--checkpoints: no checkpoints are asked for")
	case f.Paranoid && f.TF32():
		return usage("leave out one of them", "--paranoid: plain Go computes in float32, not in TF32")
	case f.JSON && (f.Output == "-" || f.Metrics == "-"):
		return usage("name files", "--json: the result and another output both want standard output")
	}
	return f.files().CheckNames(f.Data, f.SRN, f.Outliers, f.From)
}

// config takes what flags leave open from the method and the protocol.
func (f *fit) config(d *dataset.Data, info method.Info, settings method.Settings, protocol train.Protocol) train.Config {
	lr, decay := protocol.LR, protocol.WeightDecay
	if f.LR != nil {
		lr = *f.LR
	}
	if info.WeightDecay > 0 {
		decay = info.WeightDecay
	}
	if f.WeightDecay != nil {
		decay = *f.WeightDecay
	}
	var c train.Config
	c.Network = record.Network{Arch: f.Arch, Classes: len(d.Classes)}
	c.Training = record.Training{
		Data:    record.Data{Dataset: d.Name, DataSHA256: d.SHA256, DataOfficial: d.Official, LabelNoise: d.Noise.Rate, NoiseKind: d.Noise.Kind, TrainSplit: f.Split, TestImages: d.Test.Len()},
		Methods: settings.Methods(), Method: f.Method, Parameters: settings.Parameters(),
		Epochs: *f.Epochs, BatchSize: f.Batch, LR: lr, Schedule: f.Schedule, Momentum: f.Momentum,
		WeightDecay: decay, Augment: f.Augment, Init: f.Init, Seed: f.Seed,
		EvalEvery: f.EvalEvery, CheckpointEvery: f.CheckpointEvery, Precision: f.Precision(),
		Recipe: record.Recipe{Milestones: f.Milestones, LRDrop: f.LRDrop, Warmup: f.Warmup, Nesterov: f.Nesterov, ClipNorm: f.ClipNorm, EMA: f.EMA},
	}
	if f.WeightDecayOf != "all" {
		c.DecayOf = f.WeightDecayOf
	}
	if _, images, err := d.Select(f.Split); err == nil {
		c.TrainImages = len(images)
	}
	if f.SRN != "" {
		c.Guided = record.Guided{Lambda: f.Lambda, GuidanceRatio: f.Ratio, GuidanceEvery: f.Every, GuidanceRefresh: f.Refresh}
	}
	return c
}
