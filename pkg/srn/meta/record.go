package meta

import (
	"fmt"

	"srn/pkg/dataset"
	"srn/pkg/record"
)

// Record is the configuration as records and the surrogate's file hold it.
// Data's Name, SHA256 and parts are those of the dataset file.
func (c Config) Record(network record.Network, data *dataset.Data, precision, kernels string) record.Meta {
	return record.Meta{
		MetaRun: record.MetaRun{Network: network, Dataset: data.Name, DataSHA256: data.SHA256,
			MetaTrainImages: len(data.MetaTrain), MetaValImages: len(data.MetaVal), Precision: precision, Kernels: kernels,
			Seed: c.Seed, Objective: c.Objective, Surrogate: c.Surrogate},

		Channels: c.Channels, Kernel: c.Kernel, Segments: c.Segments, Head: c.Head, Clamp: c.Clamp,
		RMax: c.RMax, Input: c.Input, AverageDecay: c.AverageDecay,

		Margin: c.Margin, MarginFloor: c.MarginFloor, MarginTau: c.MarginTau, GammaMar: c.GammaMar,
		Z: c.Z, ZFloor: c.ZFloor, ZDecay: c.ZDecay, ZWindow: c.ZWindow,

		Lambda: c.Lambda, GuidanceRatio: c.Ratio, GuidanceEvery: c.Every, GuidanceRefresh: c.Refresh,

		Mode: c.Mode, Rounds: c.Rounds, InnerEpochs: c.InnerEpochs, InnerLR: c.InnerLR, InnerSchedule: c.InnerSchedule,
		InnerMomentum: c.InnerMomentum, InnerWeightDecay: c.InnerWeightDecay, InnerBatchSize: c.InnerBatch,
		InnerN: c.InnerN, OuterN: c.OuterN, Sampling: c.Sampling, Theta: c.Theta, OuterBN: c.OuterBN, Augment: c.Augment,

		Signal: c.Signal, SignalRho: c.SignalRho, Unroll: c.Unroll, InfluenceDecay: c.InfluenceDecay, MetaGrad: c.MetaGrad,
		OuterOptimizer: c.OuterOptimizer, OuterLR: c.OuterLR, OuterAverage: c.OuterAverage,
	}
}

// Classifier is the training of the classifier Θ^(T) that meta-training leaves
// behind: the method srn-meta, of as many epochs as there were rounds.
func (c Config) Classifier(data *dataset.Data, precision, kernels string) record.Training {
	augment := "none"
	if c.Augment {
		augment = "crop-flip"
	}
	return record.Training{
		Data: record.Data{Dataset: data.Name, DataSHA256: data.SHA256, DataOfficial: data.Official, TrainSplit: "meta_train",
			TrainImages: len(data.MetaTrain), TestImages: data.Test.Len()},
		Methods: []string{"srn-meta"}, Method: "srn-meta", Parameters: map[string]any{"srn-meta.mode": c.Mode},
		Epochs: c.Rounds, BatchSize: c.InnerBatch, LR: c.InnerLR, Schedule: c.InnerSchedule, Momentum: c.InnerMomentum,
		WeightDecay: c.InnerWeightDecay, Augment: augment, Init: "torch", Seed: c.Seed, Precision: precision, Kernels: kernels,
		Guided: record.Guided{Surrogate: c.Objective + " " + c.Surrogate, Lambda: c.Lambda, GuidanceRatio: c.Ratio,
			GuidanceEvery: c.Every, GuidanceRefresh: c.Refresh},
	}
}

// DivergedError says that a number ceased to be finite.
type DivergedError struct {
	Round int
	What  string
	Last  string // file that holds the last state saved, or ""
	Saved int    // its round
}

func (e *DivergedError) Error() string {
	text := fmt.Sprintf("round %d: %s is not finite", e.Round, e.What)
	if e.Last != "" {
		text += fmt.Sprintf("; the state of round %d is in %s", e.Saved, e.Last)
	}
	return text
}

// ExitCode is that of a run that diverged.
func (e *DivergedError) ExitCode() int { return 4 }

func (m *Meta) diverged(what string) error {
	return &DivergedError{Round: m.round + 1, What: what}
}
