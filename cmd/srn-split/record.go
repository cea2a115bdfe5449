package main

import (
	"srn/pkg/cifar"
	"srn/pkg/dataset"
	"srn/pkg/record"
)

// record is what --json prints.
func (s *split) record(d *dataset.Data, source cifar.Source, written bool) record.Split {
	n := len(d.Classes)
	return record.Split{
		Output: s.Output, Written: written, SHA256: d.SHA256,
		Dataset: d.Name, Source: source.Path, SourceFormat: source.Format, SourceSHA256: source.SHA256,
		Verified: source.Verified, Notes: source.Notes,
		Official:    *d.Official,
		ValFraction: d.ValFraction, Seed: d.Seed, LabelNoise: d.Noise.Rate, NoiseKind: d.Noise.Kind, Mean: d.Mean, Std: d.Std,
		Train: d.Train.Len(), MetaTrain: len(d.MetaTrain), MetaVal: len(d.MetaVal), Test: d.Test.Len(),
		TrainTwins: d.Twins.Train, TrainTwinsMislabelled: d.Twins.Mislabelled,
		TestTwins: d.Twins.Test, TestInTrain: d.Twins.Leaked,
		Classes:           d.Classes,
		TrainPerClass:     d.Train.Counts(n, d.Train.Indices()),
		MetaTrainPerClass: d.Train.Counts(n, d.MetaTrain),
		MetaValPerClass:   d.Train.Counts(n, d.MetaVal),
		TestPerClass:      d.Test.Counts(n, d.Test.Indices()),
	}
}
