package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"srn/pkg/artifact"
)

// fixture writes record files with values such as real runs have, into a
// folder, and returns their paths. Two seeds would show a band; three do, of
// which the last SRN run was cut short.
func fixture(t testing.TB, folder string) []string {
	t.Helper()
	f := &fixtureWriter{t: t, folder: folder, data: strings.Repeat("d0c5", 16)}
	for seed := range int64(3) {
		f.train("ce", 0, 0, seed, 30, 30)
		f.train("ce", 5e-4, 0, seed, 30, 30)
		f.train("srn", 0, 0, seed, 30, 30-13*int(seed/2))
		f.train("srn", 0, 0.1, seed, 30, 30)
		f.meta(seed)
	}
	return f.paths
}

type fixtureWriter struct {
	t      testing.TB
	folder string
	data   string
	paths  []string
}

func (f *fixtureWriter) write(name, tool string, seed int64, config map[string]any, complete bool, records []artifact.Record) {
	f.t.Helper()
	path := filepath.Join(f.folder, name)
	w, err := artifact.CreateRecords(path, artifact.Header{
		Tool: tool, Version: "v0.1.0", Schema: 1, Config: config, Seed: seed,
		Inputs: []artifact.Input{{Name: "data", Path: "data.safetensors.zst", SHA256: f.data}},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	for _, r := range records {
		if err := w.Write(r); err != nil {
			f.t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		f.t.Fatal(err)
	}
	if complete {
		if err := w.End("ok"); err != nil {
			f.t.Fatal(err)
		}
	}
	f.paths = append(f.paths, path)
}

// train writes what one run gives: its epochs, evaluations of its checkpoints
// and λ_max of every other.
func (f *fixtureWriter) train(method string, wd, ratio float64, seed int64, epochs, stop int) {
	name := fmt.Sprintf("%s-wd%g-rho%g-%d", method, wd, ratio, seed)
	noise := rand.New(rand.NewPCG(uint64(seed), uint64(len(name))+uint64(wd*1e6)+uint64(ratio*100)))
	config := map[string]any{
		"dataset": "cifar10", "data_sha256": f.data, "arch": "resnet8", "method": method, "epochs": epochs, "weight_decay": wd,
		"lr": 0.06, "batch": 128, "momentum": 0.9, "schedule": "cosine", "augment": "crop,flip", "seed": seed,
	}
	gain := 0.012*math.Sqrt(wd/5e-4) + 0.004*ratio/0.1
	if method == "srn" {
		config["lambda_srn"], config["guidance_every"] = 1, 10
		config["guidance_ratio_target"] = ratio
	}
	about := map[string]any{"arch": "resnet8", "method": method, "dataset": "cifar10", "seed": seed, "weight_decay": wd, "epochs": epochs}
	var fit, evals, tops []artifact.Record
	for e := 1; e <= stop; e++ {
		x := float64(e) / float64(epochs)
		train := 0.89 - 0.52*math.Exp(-5*x) + 0.006*noise.NormFloat64()*(1-x)
		test := 0.862 + gain - 0.42*math.Exp(-5.2*x) + 0.02*noise.NormFloat64()*(1.02-x)
		theta := 24 + 14*x - 30*math.Sqrt(wd)*x
		grad := 0.55 - 0.2*x
		rec := artifact.Record{
			"type": "epoch", "epoch": e, "train_loss": 0.31 + 1.5*math.Exp(-5*x) + 0.01*noise.Float64(), "train_top1": train,
			"lr": 0.03 * (1 + math.Cos(math.Pi*(float64(e)-1)/float64(epochs))), "grad_norm": grad, "theta_norm": theta,
			"test_top1": test, "test_loss": 0.42 + 1.3*math.Exp(-5*x) + 0.02*noise.Float64(),
			"epoch_seconds": 11.8 + 0.3*noise.Float64(), "images_per_second": 4210 + 60*noise.Float64(),
		}
		if method == "srn" {
			rec["guidance_ratio"], rec["r"] = ratio, 0.7261+1e-6*x
			if ratio == 0 {
				rec["guidance_ratio"] = 5e-5 * (1 + 0.8*x + 0.1*noise.Float64())
			}
			rec["epoch_seconds"] = 14.1 + 0.3*noise.Float64()
		}
		fit = append(fit, rec)
		if e%5 == 0 || e == 1 {
			eval := artifact.Record{"type": "eval", "checkpoint": name + ".safetensors.zst", "checkpoint_sha256": fmt.Sprintf("%s@%d", name, e), "epoch": e, "split": "test", "n": 10000,
				"top1": test, "top5": 0.994 - 0.1*math.Exp(-6*x) + 0.001*noise.NormFloat64(), "loss": 0.41 + 1.3*math.Exp(-5*x) + 0.01*noise.Float64(), "ece": 0.02 + 0.01*x + 0.003*noise.Float64()}
			top := artifact.Record{"type": "top", "checkpoint": name + ".safetensors.zst", "checkpoint_sha256": fmt.Sprintf("%s@%d", name, e), "epoch": e, "split": "test", "n": 1000, "subset": "seeded", "subset_seed": 0,
				"bn": "eval", "l2_term": 0, "algorithm": "lanczos", "steps": 14, "hvps": 15,
				"lambda_max": (14 + 60*math.Exp(-math.Pow((x-0.35)/0.25, 2)) - 300*wd*10) * math.Exp(0.25*noise.NormFloat64()),
				"residual":   2e-4 * (1 + noise.Float64()), "converged": e != 5 || method != "srn", "hessian_seconds": 2.1}
			for k, v := range about {
				eval[k], top[k] = v, v
			}
			evals, tops = append(evals, eval), append(tops, top)
		}
		if e == epochs {
			fit = append(fit, artifact.Record{"type": "final", "epoch": e, "checkpoint_sha256": fmt.Sprintf("%s@%d", name, e), "test_top1": test})
		}
	}
	f.write(name+".fit.jsonl.zst", toolFit, seed, config, stop == epochs, fit)
	f.write(name+".eval.jsonl.zst", toolEval, 0, map[string]any{"split": "test"}, true, evals)
	f.write(name+".hessian.jsonl.zst", toolHessian, 0, map[string]any{"split": "test", "examples": "1000", "bn": "eval"}, true, tops)
}

func (f *fixtureWriter) meta(seed int64) {
	noise := rand.New(rand.NewPCG(uint64(seed), 77))
	var records []artifact.Record
	for round := 1; round <= 100; round++ {
		x := float64(round) / 100
		records = append(records, artifact.Record{
			"type": "round", "round": round, "r": 0.7257 + 0.0004*x, "s_meta": 1.4 - 2.6*x + 0.3*noise.NormFloat64(),
			"val_loss": 0.5 + 1.4*math.Exp(-6*x) + 0.02*noise.NormFloat64(), "margin": 3.2*(1-math.Exp(-4*x)) + 0.1*noise.NormFloat64(),
			"fraction_clipped": 0, "fraction_floored": 0.02, "round_seconds": 12.5,
		})
	}
	f.write(fmt.Sprintf("meta-%d.jsonl.zst", seed), toolMeta, seed, map[string]any{
		"dataset": "cifar10", "data_sha256": f.data, "arch": "resnet8", "rounds": 100, "r_max": 10, "seed": seed,
	}, true, records)
}
