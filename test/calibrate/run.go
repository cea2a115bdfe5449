package main

import (
	"bufio"
	"fmt"
	"math"
	"os"

	"srn/pkg/record"
)

// run is a simulated training with what was measured of it.
type run struct {
	record.Fit
	top1   float64 // on test images, a fraction
	loss   float64
	held   float64         // top-1 on held-out images; 0: not measured
	lambda map[int]float64 // λ_max by epoch
	failed string          // "" or how it ended: diverged
}

// testImages are those that a simulated top-1 is a share of.
const testImages = 10000

// hash stands for the SHA-256 of a file.
func hash(kind byte, number int) string { return fmt.Sprintf("%02x%062x", kind, number) }

// protocol is what all simulated trainings have in common.
func protocol(method string, seed int) run {
	official := true
	r := run{loss: 1}
	r.Network = record.Network{Arch: "resnet20", Classes: 10}
	r.Data = record.Data{Dataset: "cifar10", DataSHA256: hash(0xda, 1), DataOfficial: &official, TrainSplit: "meta_train", TrainImages: 45000, TestImages: testImages}
	r.Methods, r.Method, r.Parameters = []string{method}, method, map[string]any{}
	r.Epochs, r.BatchSize, r.LR, r.Schedule, r.Momentum = 30, 128, 0.06, "cosine", 0.9
	r.Augment, r.Init, r.Precision, r.Kernels, r.Seed = "crop-flip", "kaiming", "f32", "avx512", int64(seed)
	return r
}

// guided is a training that a surrogate guides: its own one for each seed.
func guided(method string, seed int) run {
	r := protocol(method, seed)
	r.Guided = record.Guided{SRN: hash(0x5a, seed), Surrogate: "gap dictionary", Lambda: 1, GuidanceRatio: 0.1, GuidanceEvery: 10, GuidanceRefresh: "whole"}
	return r
}

// untrained is the control of guided with an initialisation of the surrogate.
func untrained(draw, seed int) run {
	r := guided("srn-untrained", seed)
	r.SRN = hash(0x5a, 0)
	r.Parameters["srn-untrained.init-seed"] = float64(draw)
	return r
}

// shown is a top-1 as so many test images show it.
func shown(top1 float64) float64 { return math.Round(top1*testImages) / testImages }

// write makes a record file of the runs, as the commands write them.
func write(path string, runs []run) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	w := bufio.NewWriter(f)
	for i, r := range runs {
		for _, rec := range r.records(hash(0xcc, i)) {
			line, err := record.Encode(rec)
			if err != nil {
				return err
			}
			w.Write(line)
			w.WriteByte('\n')
		}
	}
	return w.Flush()
}

// records are the training's, then those of its evaluations and its λ_max.
func (r *run) records(checkpoint string) []record.Record {
	inputs := []record.Input{{Name: "data", Path: "data.safetensors.zst", SHA256: r.DataSHA256}}
	of := func(tool string, config any, list ...record.Record) []record.Record {
		status := record.OK
		if tool == "srn-fit" && r.failed != "" {
			status = r.failed
		}
		all := append([]record.Record{record.Header{Tool: tool, Version: "simulated", Schema: record.Schema, Seed: r.Seed, Config: config, Inputs: inputs}}, list...)
		return append(all, record.End{Status: status})
	}
	epochs := r.Epochs
	if r.failed != "" {
		epochs /= 2
	}
	trained := []record.Record{record.Epoch{Network: r.Network, Training: r.Training, Epoch: epochs, TrainLoss: 0.3, TrainTop1: 0.9, GradNorm: 1, ThetaNorm: 20, EpochSeconds: 1, ImagesPerSecond: 45000}}
	if r.failed != "" {
		return of("srn-fit", r.Fit, trained...)
	}
	list := of("srn-fit", r.Fit, append(trained, record.Final{Network: r.Network, Training: r.Training, Epoch: epochs, CheckpointSHA256: checkpoint})...)
	subject := func(split string, images, epoch int) record.Subject {
		return record.Subject{
			Checkpoint: "checkpoint.safetensors.zst", CheckpointSHA256: checkpoint, Network: r.Network, Training: &r.Training, Epoch: &epoch,
			Std:      [3]float32{1, 1, 1},
			Examined: record.Examined{OnDataset: r.Dataset, OnDataSHA256: r.DataSHA256, OnDataOfficial: r.DataOfficial, Split: split, Images: images, OnKernels: r.Kernels, OnPrecision: r.Precision},
		}
	}
	list = append(list, of("srn-eval", map[string]any{}, record.Eval{Subject: subject("test", testImages, r.Epochs), Top1: r.top1, Top5: min(1, r.top1+0.05), Loss: r.loss, ECE: 0.05, ECEBins: 15})...)
	if r.held > 0 {
		list = append(list, of("srn-eval", map[string]any{}, record.Eval{Subject: subject("meta_val", 5000, r.Epochs), Top1: r.held, Top5: min(1, r.held+0.05), Loss: r.loss, ECE: 0.05, ECEBins: 15})...)
	}
	if len(r.lambda) == 0 {
		return list
	}
	var tops []record.Record
	for epoch := range r.Epochs + 1 {
		lambda, ok := r.lambda[epoch]
		if !ok {
			continue
		}
		top := record.Top{
			Subject: subject("test", 1000, epoch),
			Matrix:  record.Matrix{LossAt: record.LossAt{LossConfig: record.LossConfig{Subset: "1000", BN: "eval", PassImages: 250, Objective: "cross_entropy_mean"}, Loss: 0.4}, Operator: "hessian", Per: "all", ParameterCount: 272474},
			Solver:  record.Solver{Algorithm: "lanczos", Tol: 1e-3},
			Order:   "la", K: 1, Eigenpair: record.Eigenpair{LambdaMax: lambda, Converged: true, Steps: 20, HVPs: 20},
			LambdaMin: math.NaN(), Eigenvalues: []float64{lambda}, Residuals: []float64{1e-4}, PairsConverged: []bool{true},
		}
		if epoch < r.Epochs {
			top.CheckpointSHA256 = fmt.Sprintf("%s%02x", checkpoint[:62], epoch)
		}
		tops = append(tops, top)
	}
	return append(list, of("srn-hessian", map[string]any{}, tops...)...)
}
