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

	"srn/pkg/artifact"
	"srn/pkg/record"
)

// fixture writes record files with values such as real runs have, into a
// folder, and returns their paths. Two seeds would show a band; three do, of
// which the last SRN run was cut short.
func fixture(t testing.TB, folder string) []string {
	t.Helper()
	f := &fixtureWriter{t: t, folder: folder, arch: "resnet8", data: strings.Repeat("d0c5", 16)}
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

// measure writes landscapes, density, guidance and stability of a run of 30
// epochs without weight decay.
func (f *fixtureWriter) measure(method string, seed int64) {
	name := fmt.Sprintf("%s-%s-%d", f.arch, method, seed)
	sharp := map[string]float64{"ce": 60, "srn": 45}[method] + 4*float64(seed)
	about := func(kind string, epoch int, more artifact.Record) artifact.Record {
		r := artifact.Record{"type": kind, "checkpoint": name, "arch": f.arch, "method": method, "dataset": "cifar10", "seed": seed, "weight_decay": 0, "epochs": 30, "epoch": epoch,
			"split": "test", "n": 1000, "subset": "seeded", "subset_seed": 0, "bn": "eval", "l2_term": 0, "guidance_ratio_target": 0}
		for k, v := range more {
			r[k] = v
		}
		return r
	}
	var planes, rest []artifact.Record
	for _, y := range []any{5, nil} {
		more := artifact.Record{"along": "random", "normalise": "filter", "direction_seed": 0, "x_min": -1, "x_max": 1, "x_steps": 5, "y_min": -1, "y_max": 1, "y_steps": y, "loss": 0.4}
		rows := 5
		if y == nil {
			more["y_min"], more["y_max"], rows = nil, nil, 1
		}
		planes = append(planes, about("landscape", 30, more))
		for j := range rows {
			for i := range 5 {
				a, b := float64(i-2)/2, float64(j-2)/2
				cell := artifact.Record{"type": "cell", "checkpoint": name, "i": i, "j": j, "x": a, "y": b, "loss": 0.4 + sharp/20*(a*a+b*b), "top1": 0.8}
				if y == nil {
					cell["j"], cell["y"], cell["loss"] = nil, nil, 0.4+sharp/20*a*a
				}
				if method == "ce" && i+j == 0 && y != nil {
					cell["loss"] = nil // not finite
				}
				planes = append(planes, cell)
			}
		}
	}
	rest = append(rest, about("density", 30, artifact.Record{"nodes": [][]float64{{-2, 0, 1, 9, sharp}, {-1.5, 0.1, 2, 12, sharp}}, "weights": [][]float64{{0.05, 0.9, 0.03, 0.01, 0.01}, {0.04, 0.9, 0.04, 0.01, 0.01}},
		"bandwidth": 0.8, "trace": 90 + sharp, "trace_stderr": 3}))
	for _, epoch := range []int{10, 20, 30} {
		x := float64(epoch) / 30
		rest = append(rest, about("guidance", epoch, artifact.Record{"r": 0.7 + 1e-5*x, "cos_theta": 0.02 + 0.01*x, "cos_grad": -0.01 * x, "abs_cos_v_max": 0.004 * x, "abs_cos_random": 0.0029, "rayleigh_over_lambda_max": 0.01 * x, "lambda_max": sharp, "srn_sha256": surrogateSum}),
			about("stability", epoch, artifact.Record{"lambda_max": sharp, "lr": 0.06 * (1 - x), "bound": 2 / sharp, "lr_over_bound": 0.06 * (1 - x) * sharp / 2, "lr_over_bound_momentum": 0.06 * (1 - x) * sharp / 3.8, "lambda_max_scaled": 900 * (1 + x)}))
	}
	rest = append(rest, artifact.Record{"type": "guidance_series", "checkpoints": 3, "srn_sha256": surrogateSum, "r2_val_loss": 0.81, "r2_s_meta": 0.7, "r2_lambda_max": 0.2, "r2_theta_norm": 0.99, "r2_epoch": 0.98, "r2_baselines_adjusted": nil, "r2_baselines_and_signals_adjusted": nil})
	f.write(name+".planes.jsonl", toolHessian, 0, map[string]any{"split": "test"}, true, planes)
	f.write(name+".more.jsonl", toolHessian, 0, map[string]any{"split": "test"}, true, rest)
}

// surrogateSum stands for the hash of the surrogate that all guided runs have
// in common.
const surrogateSum = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"

// inputs are the data and, of guided runs, the surrogate.
func (f *fixtureWriter) inputs(tool, name string) []record.Input {
	list := []record.Input{{Name: "data", Path: "data.safetensors.zst", SHA256: f.data}}
	if tool == toolFit && strings.Contains(name, "srn") {
		list = append(list, record.Input{Name: "srn", Path: "srn.safetensors.zst", SHA256: surrogateSum})
	}
	return list
}

type fixtureWriter struct {
	t      testing.TB
	folder string
	arch   string
	data   string
	paths  []string
}

func (f *fixtureWriter) write(name, tool string, seed int64, config map[string]any, complete bool, records []artifact.Record) {
	f.t.Helper()
	lines := []any{map[string]any{"type": "header", "tool": tool, "version": "v0.1.0", "schema": 1, "seed": seed, "config": config, "inputs": f.inputs(tool, name)}}
	for _, r := range records {
		lines = append(lines, r)
	}
	if complete {
		lines = append(lines, map[string]any{"type": "end", "status": "ok"})
	}
	var text bytes.Buffer
	for _, l := range lines {
		b, err := record.Marshal(l)
		if err != nil {
			f.t.Fatal(err)
		}
		text.Write(append(b, '\n'))
	}
	path := filepath.Join(f.folder, name)
	if err := os.WriteFile(path, text.Bytes(), 0o666); err != nil {
		f.t.Fatal(err)
	}
	f.paths = append(f.paths, path)
}

// train writes what one run gives: its epochs, evaluations of its checkpoints
// and λ_max of every other.
func (f *fixtureWriter) train(method string, wd, ratio float64, seed int64, epochs, stop int) {
	name := fmt.Sprintf("%s-%s-wd%g-rho%g-%d", f.arch, method, wd, ratio, seed)
	noise := rand.New(rand.NewPCG(uint64(seed), uint64(len(name))+uint64(wd*1e6)+uint64(ratio*100)))
	config := map[string]any{
		"dataset": "cifar10", "data_sha256": f.data, "arch": f.arch, "method": method, "epochs": epochs, "weight_decay": wd,
		"lr": 0.06, "batch": 128, "momentum": 0.9, "schedule": "cosine", "augment": "crop,flip", "seed": seed,
	}
	gain := 0.012*math.Sqrt(wd/5e-4) + 0.004*ratio/0.1
	if method == "srn" {
		config["lambda_srn"], config["guidance_every"] = 1, 10
		config["guidance_ratio_target"] = ratio
	}
	about := map[string]any{"arch": f.arch, "method": method, "dataset": "cifar10", "seed": seed, "weight_decay": wd, "epochs": epochs}
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
			rec["epoch_seconds"], rec["surrogate_seconds"] = 14.1+0.3*noise.Float64(), 0.11+0.01*noise.Float64()
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
	f.write(name+".fit.jsonl", toolFit, seed, config, stop == epochs, fit)
	f.write(name+".eval.jsonl", toolEval, 0, map[string]any{"split": "test"}, true, evals)
	f.write(name+".hessian.jsonl", toolHessian, 0, map[string]any{"split": "test", "examples": "1000", "bn": "eval"}, true, tops)
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
	sum := surrogateSum
	if seed > 0 {
		sum = fmt.Sprint(sum[1:], seed)
	}
	records = append(records, artifact.Record{"type": "final", "round": 100, "surrogate_sha256": sum})
	f.write(fmt.Sprintf("meta-%d.jsonl", seed), toolMeta, seed, map[string]any{
		"dataset": "cifar10", "data_sha256": f.data, "arch": "resnet8", "rounds": 100, "r_max": 10, "surrogate": "conv", "gamma_mar": 1, "augment": false, "seed": seed,
	}, true, records)
}
