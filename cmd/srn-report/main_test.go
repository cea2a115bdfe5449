package main

import (
	"bytes"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"srn/pkg/artifact"
	"srn/pkg/record"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"srn-report": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: os.Getenv("UPDATE") != "",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// exits CODE COMMAND… runs a command that must end with the code.
			"exits": func(ts *testscript.TestScript, _ bool, args []string) {
				err := ts.Exec(args[1], args[2:]...)
				var exit *exec.ExitError
				if !errors.As(err, &exit) || strconv.Itoa(exit.ExitCode()) != args[0] {
					ts.Fatalf("%v: want exit code %s", err, args[0])
				}
			},
			// records FILE TOOL METHOD SEED EPOCHS [KEY=VALUE…] writes records of a run;
			// see fixture.
			"records": func(ts *testscript.TestScript, _ bool, args []string) {
				seed, err := strconv.ParseInt(args[3], 10, 64)
				ts.Check(err)
				epochs, err := strconv.Atoi(args[4])
				ts.Check(err)
				f := fixture{tool: args[1], method: args[2], seed: seed, epochs: epochs, options: map[string]string{}}
				for _, a := range args[5:] {
					k, v, _ := strings.Cut(a, "=")
					f.options[k] = v
				}
				text, err := f.text()
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o666))
			},
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("SRN_THREADS", "")
			// What a text file cannot hold: a tensor with a NaN.
			return artifact.Write(filepath.Join(e.WorkDir, "t.safetensors"), &artifact.File{Tensors: []artifact.Tensor{
				artifact.Float32("a", []int{3}, []float32{2, -2, float32(math.NaN())})}})
		},
	})
}

// fixture is a run whose records a script asks for. Options: top1, of the last
// epoch; wd; lr; checkpoint, its hash; ratio; cut, which leaves the end out;
// stop, the last epoch; text, in place of the method's name in it.
type fixture struct {
	tool, method string
	seed         int64
	epochs       int
	options      map[string]string
}

func (f fixture) number(name string, standard float64) float64 {
	if v, err := strconv.ParseFloat(f.options[name], 64); err == nil {
		return v
	}
	return standard
}

func (f fixture) fit() record.Fit {
	official := true
	c := record.Fit{Network: record.Network{Arch: "resnet8", Classes: 10}, Training: record.Training{
		Data:    record.Data{Dataset: "cifar10", DataSHA256: "aaaa", DataOfficial: &official, TrainSplit: "train", TrainImages: 50000, TestImages: 10000},
		Methods: strings.Split(f.method, "+"), Method: f.method, Parameters: map[string]any{}, Epochs: f.epochs, BatchSize: 128, LR: f.number("lr", 0.06), Schedule: "cosine", Momentum: 0.9,
		WeightDecay: f.number("wd", 0), Augment: "crop-flip", Init: "torch", Seed: f.seed, Precision: "f32", Kernels: "avx512",
	}}
	if f.method == "srn" {
		c.Guided = record.Guided{SRN: "bbbb", Surrogate: "s-meta conv", Lambda: 1, GuidanceRatio: f.number("ratio", 0), GuidanceEvery: 10, GuidanceRefresh: "whole"}
	}
	return c
}

func (f fixture) text() ([]byte, error) {
	fit := f.fit()
	header := record.Header{Tool: f.tool, Version: "v1", Schema: record.Schema, Seed: f.seed, Config: map[string]any{"split": "test"}, Inputs: []record.Input{{Name: "data", Path: "d.zst", SHA256: "aaaa"}}}
	checkpoint := f.options["checkpoint"]
	on := func(epoch int) record.Subject {
		s := record.Subject{Checkpoint: "c" + strconv.Itoa(epoch), CheckpointSHA256: checkpoint, Network: fit.Network, Training: &fit.Training, Epoch: &epoch,
			Examined: record.Examined{OnDataset: "cifar10", OnDataSHA256: "aaaa", Split: "test", Images: 10000, OnKernels: "avx512", OnPrecision: "f32"}}
		if epoch < f.epochs {
			s.CheckpointSHA256 = ""
		}
		return s
	}
	var list []record.Record
	top1 := f.number("top1", 0.9)
	switch f.tool {
	case "srn-fit":
		header.Config = &fit
		if fit.SRN != "" {
			header.Inputs = append(header.Inputs, record.Input{Name: "srn", Path: "s.zst", SHA256: fit.SRN})
		}
		last := int(f.number("stop", float64(f.epochs)))
		for _, e := range []int{last - 1, last} {
			rec := &record.Epoch{Network: fit.Network, Training: fit.Training, Epoch: e, TrainLoss: 1.5, TrainTop1: 0.5, EpochSeconds: 10, ImagesPerSecond: 5000}
			if e == f.epochs {
				rec.TrainLoss, rec.TrainTop1, rec.TestTop1, rec.EpochSeconds, rec.ImagesPerSecond = 0.5, 0.8, &top1, 12, 4200
			}
			if e > 0 {
				list = append(list, rec)
			}
		}
		if checkpoint != "" {
			list = append(list, &record.Final{Network: fit.Network, Training: fit.Training, Epoch: f.epochs, CheckpointSHA256: checkpoint})
		}
	case "srn-eval":
		if checkpoint != "" {
			header.Inputs = append(header.Inputs, record.Input{Name: "checkpoint", Path: "c.zst", SHA256: checkpoint})
		}
		for e, v := range map[int]float64{f.epochs: top1} {
			list = append(list, &record.Eval{Subject: on(e), Top1: v, Top5: 0.99, Loss: 0.4, ECE: 0.02})
		}
	case "srn-hessian":
		s := on(f.epochs)
		s.Images = 500
		list = append(list, &record.Top{Subject: s, Matrix: record.Matrix{LossAt: record.LossAt{LossConfig: record.LossConfig{Subset: "first:500", BN: "eval", Objective: "cross_entropy_mean"}}, Operator: "hessian", Per: "all"},
			Solver: record.Solver{Algorithm: "lanczos"}, Eigenpair: record.Eigenpair{LambdaMax: 12.5, Residual: 1e-4, Converged: true, HVPs: 10}, LambdaMin: math.NaN(), Timed: record.Timed{HessianSeconds: 1}})
	case "srn-meta":
		header.Config = &record.Meta{MetaRun: record.MetaRun{Network: fit.Network, Dataset: "cifar10", DataSHA256: "aaaa", Precision: "f32", Surrogate: "conv", Objective: "s-meta", Seed: f.seed}, Channels: []int{128, 64, 32}, Kernel: 9, RMax: 10, GammaMar: 1, Rounds: 100, InnerEpochs: 8, InnerLR: 0.01, OuterLR: 0.001}
		r, s := 0.5, 0.1
		list = append(list, &record.Round{Round: 100, R: &r, SMeta: &s, ValLoss: 1, Margin: 2}, &record.Surrogate{Round: 100, SurrogateSHA256: "bbbb"})
	}
	list = append([]record.Record{header}, list...)
	if _, cut := f.options["cut"]; !cut {
		status := record.OK
		if s := f.options["status"]; s != "" {
			status = s
		}
		list = append(list, record.End{Status: status})
	}
	var b bytes.Buffer
	for _, r := range list {
		line, err := record.Encode(r)
		if err != nil {
			return nil, err
		}
		b.Write(append(line, '\n'))
	}
	return b.Bytes(), nil
}
