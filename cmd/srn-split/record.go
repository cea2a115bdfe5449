package main

import (
	"srn/pkg/cifar"
	"srn/pkg/dataset"
)

// record is what --json prints.
type record struct {
	Type         string     `json:"type"`
	Output       string     `json:"output"`
	Written      bool       `json:"written"`
	SHA256       string     `json:"sha256"` // of the uncompressed bytes
	Dataset      string     `json:"dataset"`
	Source       string     `json:"source,omitempty"`
	SourceFormat string     `json:"source_format,omitempty"`
	SourceSHA256 string     `json:"source_sha256,omitempty"`
	Verified     string     `json:"verified,omitempty"`
	Notes        []string   `json:"notes,omitempty"`
	ValFraction  float64    `json:"val_fraction"`
	Seed         uint64     `json:"seed"`
	Mean         [3]float32 `json:"mean"`
	Std          [3]float32 `json:"std"`

	Train     int `json:"train"`
	MetaTrain int `json:"meta_train"`
	MetaVal   int `json:"meta_val"`
	Test      int `json:"test"`

	TrainTwins            int `json:"train_twins"`
	TrainTwinsMislabelled int `json:"train_twins_mislabelled"`
	TestTwins             int `json:"test_twins"`
	TestInTrain           int `json:"test_in_train"`

	Classes           []string `json:"classes"`
	TrainPerClass     []int    `json:"train_per_class"`
	MetaTrainPerClass []int    `json:"meta_train_per_class"`
	MetaValPerClass   []int    `json:"meta_val_per_class"`
	TestPerClass      []int    `json:"test_per_class"`
}

func (s *split) record(d *dataset.Data, source cifar.Source, written bool) record {
	n := len(d.Classes)
	return record{
		Type: "split", Output: s.Output, Written: written, SHA256: d.SHA256,
		Dataset: d.Name, Source: source.Path, SourceFormat: source.Format, SourceSHA256: source.SHA256,
		Verified: source.Verified, Notes: source.Notes,
		ValFraction: d.ValFraction, Seed: d.Seed, Mean: d.Mean, Std: d.Std,
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
