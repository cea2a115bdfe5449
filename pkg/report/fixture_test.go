package report

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"srn/pkg/record"
)

// fixture writes record files with values such as real runs have, into a
// folder, and returns their paths. Two seeds would show a band; three do, of
// which the last SRN run was cut short.
func fixture(t testing.TB, folder string) []string {
	t.Helper()
	f := &fixtureWriter{t: t, folder: folder, arch: "resnet8"}
	for seed := range int64(3) {
		f.train("ce", 0, 0, seed, 30, 30)
		f.train("ce", 5e-4, 0, seed, 30, 30)
		f.train("srn", 0, 0, seed, 30, 30-13*int(seed/2))
		f.train("srn", 0, 0.1, seed, 30, 30)
		f.meta(seed)
	}
	f.other()
	return f.paths
}

// other writes what else a report can hold: runs of a second network whose
// methods are rows of the paper's tables, and every kind of measurement.
func (f *fixtureWriter) other() {
	f.arch = "resnet32"
	for seed := range int64(2) {
		f.train("ce", 0, 0, seed, 30, 30)
		f.train("label-smoothing", 0, 0, seed, 30, 30)
		f.train("srn", 0, 0, seed, 30, 30)
		f.measure("ce", seed)
		f.measure("srn", seed)
	}
}

// surrogateSum stands for the hash of the surrogate that all guided runs have
// in common.
const surrogateSum = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"

// dataSum stands for that of the dataset file.
var dataSum = strings.Repeat("d0c5", 16)

// fitting is the configuration of a training of CIFAR-10 in full.
func fitting(arch, method string, seed int64, epochs int) record.Fit {
	official := true
	f := record.Fit{Network: record.Network{Arch: arch, Classes: 10}, Training: record.Training{
		Data:    record.Data{Dataset: "cifar10", DataSHA256: dataSum, DataOfficial: &official, TrainSplit: "train", TrainImages: 50000, TestImages: 10000},
		Methods: strings.Split(method, "+"), Method: method, Parameters: map[string]any{}, Epochs: epochs, BatchSize: 128, LR: 0.06, Schedule: "cosine", Momentum: 0.9, Augment: "crop-flip", Init: "torch",
		Seed: seed, EvalEvery: 1, Precision: "f32", Kernels: "avx512",
	}}
	if strings.HasPrefix(method, "srn") {
		f.Guided = record.Guided{SRN: surrogateSum, Surrogate: "s-meta conv", Lambda: 1, GuidanceEvery: 10, GuidanceRefresh: "whole"}
	}
	return f
}

// subject is a checkpoint of a training, examined on test images.
func subject(f record.Fit, name string, epoch, images int) record.Subject {
	return record.Subject{Checkpoint: name + ".safetensors.zst", CheckpointSHA256: fmt.Sprintf("%s@%d", name, epoch), Network: f.Network, Training: &f.Training, Epoch: &epoch,
		Examined: record.Examined{OnDataset: f.Dataset, OnDataSHA256: f.DataSHA256, OnDataOfficial: f.DataOfficial, Split: "test", Images: images, OnKernels: "avx512", OnPrecision: "f32"}}
}

// onThousand is the loss of 1,000 random images.
func onThousand() record.LossAt {
	return record.LossAt{LossConfig: record.LossConfig{Subset: "1000", BN: "eval", PassImages: 1000, Objective: "cross_entropy_mean"}, Loss: 0.4}
}

func ptr[T any](v T) *T { return &v }

// measure writes landscapes, density, guidance and stability of a run of 30
// epochs without weight decay.
func (f *fixtureWriter) measure(method string, seed int64) {
	name := fmt.Sprintf("%s-%s-%d", f.arch, method, seed)
	fit := fitting(f.arch, method, seed, 30)
	sharp := map[string]float64{"ce": 60, "srn": 45}[method] + 4*float64(seed)
	var planes, rest []record.Record
	for _, flat := range []bool{false, true} {
		l := &record.Landscape{Subject: subject(fit, name, 30, 1000), LossAt: onThousand(), Along: "random", Normalise: "filter", Dimensions: 2, XMin: -1, XMax: 1, XSteps: 5, YMin: ptr(-1.0), YMax: ptr(1.0), YSteps: ptr(5)}
		rows := 5
		if flat {
			l.YMin, l.YMax, l.YSteps, l.Dimensions, rows = nil, nil, nil, 1, 1
		}
		planes = append(planes, l)
		for j := range rows {
			for i := range 5 {
				a, b := float64(i-2)/2, float64(j-2)/2
				cell := &record.Cell{Subject: l.Subject, I: i, J: ptr(j), X: a, Y: ptr(b), Loss: 0.4 + sharp/20*(a*a+b*b), Top1: 0.8}
				if flat {
					cell.J, cell.Y, cell.Loss = nil, nil, 0.4+sharp/20*a*a
				}
				if method == "ce" && i+j == 0 && !flat {
					cell.Loss = math.NaN()
				}
				planes = append(planes, cell)
			}
		}
	}
	rest = append(rest, &record.Density{Subject: subject(fit, name, 30, 1000), Matrix: record.Matrix{LossAt: onThousand(), Operator: "hessian", Per: "all"},
		Nodes: [][]float64{{-2, 0, 1, 9, sharp}, {-1.5, 0.1, 2, 12, sharp}}, Weights: [][]float64{{0.05, 0.9, 0.03, 0.01, 0.01}, {0.04, 0.9, 0.04, 0.01, 0.01}}, Bandwidth: ptr(0.8), Trace: 90 + sharp, TraceStderr: 3})
	for _, epoch := range []int{10, 20, 30} {
		x := float64(epoch) / 30
		rest = append(rest, &record.Guidance{Subject: subject(fit, name, epoch, 1000), LossAt: onThousand(), R: 0.7 + 1e-5*x, CosTheta: 0.02 + 0.01*x, CosGrad: -0.01 * x, AbsCosVMax: 0.004 * x, AbsCosRandom: 0.0029,
			RayleighOverLambdaMax: 0.01 * x, Eigenpair: record.Eigenpair{LambdaMax: sharp, Converged: true}, SurrogateSHA256: surrogateSum},
			&record.Stability{Subject: subject(fit, name, epoch, 1000), LossAt: onThousand(), Eigenpair: record.Eigenpair{LambdaMax: sharp, Converged: true}, EpochLR: ptr(0.06 * (1 - x)), Bound: ptr(2 / sharp),
				LROverBound: ptr(0.06 * (1 - x) * sharp / 2), LROverBoundMomentum: ptr(0.06 * (1 - x) * sharp / 3.8), LambdaMaxScaled: 900 * (1 + x)})
	}
	rest = append(rest, &record.GuidanceSeries{Network: fit.Network, Training: &fit.Training, Examined: subject(fit, name, 30, 1000).Examined, LossConfig: onThousand().LossConfig, Checkpoints: 3, SurrogateSHA256: surrogateSum,
		R2ValLoss: 0.81, R2SMeta: 0.7, R2LambdaMax: 0.2, R2ThetaNorm: 0.99, R2Epoch: 0.98, R2BaselinesAdjusted: math.NaN(), R2BaselinesAndSignalsAdjusted: math.NaN()})
	f.write(name+".planes.jsonl", "srn-hessian", 0, map[string]any{"split": "test"}, true, planes)
	f.write(name+".more.jsonl", "srn-hessian", 0, map[string]any{"split": "test"}, true, rest)
}

type fixtureWriter struct {
	t      testing.TB
	folder string
	arch   string
	paths  []string
}

// text is a record file's.
func text(t testing.TB, tool string, seed int64, config any, complete bool, records []record.Record) []byte {
	t.Helper()
	inputs := []record.Input{{Name: "data", Path: "data.safetensors.zst", SHA256: dataSum}}
	if f, ok := config.(*record.Fit); ok && f.SRN != "" {
		inputs = append(inputs, record.Input{Name: "srn", Path: "srn.safetensors.zst", SHA256: f.SRN})
	}
	lines := append([]record.Record{record.Header{Tool: tool, Version: "v0.1.0", Schema: record.Schema, Seed: seed, Config: config, Inputs: inputs}}, records...)
	if complete {
		lines = append(lines, record.End{Status: record.OK})
	}
	var all bytes.Buffer
	for _, l := range lines {
		b, err := record.Encode(l)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(append(b, '\n'))
	}
	return all.Bytes()
}

func (f *fixtureWriter) write(name, tool string, seed int64, config any, complete bool, records []record.Record) {
	f.t.Helper()
	path := filepath.Join(f.folder, name)
	if err := os.WriteFile(path, text(f.t, tool, seed, config, complete, records), 0o666); err != nil {
		f.t.Fatal(err)
	}
	f.paths = append(f.paths, path)
}

// train writes what one run gives: its epochs, evaluations of its checkpoints
// and λ_max of every other.
func (f *fixtureWriter) train(method string, wd, ratio float64, seed int64, epochs, stop int) {
	name := fmt.Sprintf("%s-%s-wd%g-rho%g-%d", f.arch, method, wd, ratio, seed)
	noise := rand.New(rand.NewPCG(uint64(seed), uint64(len(name))+uint64(wd*1e6)+uint64(ratio*100)))
	fit := fitting(f.arch, method, seed, epochs)
	fit.WeightDecay, fit.GuidanceRatio = wd, ratio
	gain := 0.012*math.Sqrt(wd/5e-4) + 0.004*ratio/0.1
	var list, evals, tops []record.Record
	for e := 1; e <= stop; e++ {
		x := float64(e) / float64(epochs)
		train := 0.89 - 0.52*math.Exp(-5*x) + 0.006*noise.NormFloat64()*(1-x)
		test := 0.862 + gain - 0.42*math.Exp(-5.2*x) + 0.02*noise.NormFloat64()*(1.02-x)
		rec := &record.Epoch{Network: fit.Network, Training: fit.Training, Epoch: e,
			TrainLoss: 0.31 + 1.5*math.Exp(-5*x) + 0.01*noise.Float64(), TrainTop1: train,
			EpochLR: 0.03 * (1 + math.Cos(math.Pi*(float64(e)-1)/float64(epochs))), GradNorm: 0.55 - 0.2*x, ThetaNorm: 24 + 14*x - 30*math.Sqrt(wd)*x,
			TestTop1: ptr(test), TestLoss: ptr(0.42 + 1.3*math.Exp(-5*x) + 0.02*noise.Float64()),
			EpochSeconds: 11.8 + 0.3*noise.Float64(), ImagesPerSecond: 4210 + 60*noise.Float64(),
		}
		if method == "srn" {
			rec.GuidanceRatio, rec.R = ptr(ratio), ptr(0.7261+1e-6*x)
			if ratio == 0 {
				rec.GuidanceRatio = ptr(5e-5 * (1 + 0.8*x + 0.1*noise.Float64()))
			}
			rec.EpochSeconds, rec.SurrogateSeconds = 14.1+0.3*noise.Float64(), ptr(0.11+0.01*noise.Float64())
		}
		list = append(list, rec)
		if e%5 == 0 || e == 1 {
			evals = append(evals, &record.Eval{Subject: subject(fit, name, e, 10000),
				Top1: test, Top5: 0.994 - 0.1*math.Exp(-6*x) + 0.001*noise.NormFloat64(), Loss: 0.41 + 1.3*math.Exp(-5*x) + 0.01*noise.Float64(), ECE: 0.02 + 0.01*x + 0.003*noise.Float64()})
			tops = append(tops, &record.Top{Subject: subject(fit, name, e, 1000), Matrix: record.Matrix{LossAt: onThousand(), Operator: "hessian", Per: "all"}, Solver: record.Solver{Algorithm: "lanczos"},
				Eigenpair: record.Eigenpair{LambdaMax: (14 + 60*math.Exp(-math.Pow((x-0.35)/0.25, 2)) - 300*wd*10) * math.Exp(0.25*noise.NormFloat64()),
					Residual: 2e-4 * (1 + noise.Float64()), Converged: e != 5 || method != "srn", Steps: 14, HVPs: 15}, LambdaMin: math.NaN(), Timed: record.Timed{HessianSeconds: 2.1}})
		}
		if e == epochs {
			list = append(list, &record.Final{Network: fit.Network, Training: fit.Training, Epoch: e, CheckpointSHA256: fmt.Sprintf("%s@%d", name, e)})
		}
	}
	f.write(name+".fit.jsonl", "srn-fit", seed, &fit, stop == epochs, list)
	f.write(name+".eval.jsonl", "srn-eval", 0, map[string]any{"split": "test"}, true, evals)
	f.write(name+".hessian.jsonl", "srn-hessian", 0, map[string]any{"split": "test", "examples": "1000", "bn": "eval"}, true, tops)
}

// metaConfig is the meta-training of the paper's protocol.
func metaConfig(seed int64) record.Meta {
	return record.Meta{MetaRun: record.MetaRun{Network: record.Network{Arch: "resnet8", Classes: 10}, Dataset: "cifar10", DataSHA256: dataSum, MetaTrainImages: 45000, MetaValImages: 5000, Precision: "f32", Kernels: "avx512",
		Surrogate: "conv", Seed: seed, Objective: "s-meta"}, Channels: []int{128, 64, 32}, Kernel: 9, Head: "gap-softplus", Clamp: "soft", RMax: 10, Input: "all", Margin: "paper", GammaMar: 1, Z: "ema", Lambda: 1, GuidanceEvery: 10, GuidanceRefresh: "whole",
		Mode: "alternate", Rounds: 100, InnerEpochs: 8, InnerLR: 0.01, InnerSchedule: "constant", InnerMomentum: 0.9, InnerBatchSize: 128, InnerN: 80, OuterN: 400, Sampling: "batches", Theta: "persist", OuterBN: "eval",
		MetaGrad: "first", OuterOptimizer: "adam", OuterLR: 0.001}
}

func (f *fixtureWriter) meta(seed int64) {
	noise := rand.New(rand.NewPCG(uint64(seed), 77))
	var records []record.Record
	for round := 1; round <= 100; round++ {
		x := float64(round) / 100
		records = append(records, &record.Round{Round: round, R: ptr(0.7257 + 0.0004*x), SMeta: ptr(1.4 - 2.6*x + 0.3*noise.NormFloat64()),
			ValLoss: 0.5 + 1.4*math.Exp(-6*x) + 0.02*noise.NormFloat64(), Margin: 3.2*(1-math.Exp(-4*x)) + 0.1*noise.NormFloat64(), FractionFloored: 0.02, RoundSeconds: 12.5})
	}
	sum := surrogateSum
	if seed > 0 {
		sum = fmt.Sprint(sum[1:], seed)
	}
	records = append(records, &record.Surrogate{Round: 100, SurrogateSHA256: sum})
	config := metaConfig(seed)
	f.write(fmt.Sprintf("meta-%d.jsonl", seed), "srn-meta", seed, &config, true, records)
}
