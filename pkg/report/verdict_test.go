package report

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/record"
)

// trained is a training with what was measured on its checkpoints of two
// epochs, on test and on held-out images.
func trained(method string, seed int64, more artifact.Record, test, held [2]float64) []*Source {
	config := map[string]any{"dataset": "cifar10", "arch": "resnet8", "method": method, "epochs": 2.0, "lr": 0.06, "weight_decay": 0.0,
		"guidance_ratio_target": 0.0, "data_sha256": "d", "split": "meta_train", "augment": "none"}
	for k, v := range more {
		config[k] = v
	}
	name := fmt.Sprint(method, more, seed)
	fit := &Source{Path: name}
	fit.Header = record.Header{Tool: toolFit, Config: config, Seed: seed}
	fit.Complete = true
	list := []*Source{fit}
	for epoch := 1; epoch <= 2; epoch++ {
		sum := fmt.Sprint(name, epoch)
		fit.Records = append(fit.Records, artifact.Record{"type": "epoch", "epoch": float64(epoch)})
		for split, values := range map[string][2]float64{"test": test, "meta_val": held} {
			s := &Source{Path: name + split + fmt.Sprint(epoch)}
			s.Header.Tool = toolEval
			rec := artifact.Record{"type": "eval", "split": split, "epoch": float64(epoch), "epochs": 2.0, "top1": values[epoch-1], "loss": 1 - values[epoch-1],
				"dataset": "cifar10", "arch": "resnet8", "method": method, "weight_decay": config["weight_decay"], "seed": float64(seed),
				"data_sha256": "d", "checkpoint": name, "checkpoint_sha256": sum, "guidance_ratio_target": config["guidance_ratio_target"]}
			if label, ok := config["label"]; ok {
				rec["label"] = label
			}
			s.Records = []artifact.Record{rec}
			list = append(list, s)
		}
	}
	return list
}

func TestVerdicts(t *testing.T) {
	var sources []*Source
	guided := artifact.Record{"guidance_ratio_target": 0.1, "surrogate": "gap dictionary"}
	draw := func(n int) artifact.Record {
		return artifact.Record{"guidance_ratio_target": 0.1, "surrogate": "gap dictionary", "label": fmt.Sprintf("srn-untrained(draw=%d)", n)}
	}
	for seed := range int64(3) {
		e := 0.001 * float64(seed)
		at := func(v float64) [2]float64 { return [2]float64{v - 0.1, v} }
		sources = append(sources, trained("srn", seed, guided, at(0.50+e), at(0.4))...)
		sources = append(sources, trained("srn-untrained", seed, draw(1), at(0.44+2*e), at(0.4))...)
		sources = append(sources, trained("srn-untrained", seed, draw(2), at(0.46+2*e), at(0.4))...)
		sources = append(sources, trained("srn-flipped", seed, guided, at(0.50+0.5*e), at(0.4))...)
		sources = append(sources, trained("ce", seed, nil, at(0.47+e/2), at(0.40))...)
		// Best on held-out images at its first epoch.
		sources = append(sources, trained("weight-decay", seed, artifact.Record{"weight_decay": 0.01}, [2]float64{0.53 - e, 0.41}, [2]float64{0.6, 0.3})...)
	}
	r, err := Build(sources, Options{Only: []string{"verdicts"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Sections) != 1 || len(r.Sections[0].Tables) != 1 {
		t.Fatalf("%+v", r.Sections)
	}
	table := r.Sections[0].Tables[0]
	got := map[string][]string{}
	for _, row := range table.Rows {
		got[row[1]] = row
	}
	for against, want := range map[string]struct{ difference, verdict string }{
		"untrained, mean of 2 draws": {"+4.90", "better"},
		"flipped":                    {"+0.05", "not resolved"},
		"cross-entropy":              {"+3.05", "better"},
		"tuned: weight-decay, lr 0.06, wd 0.01, 2 epochs, stopped early": {"−2.80", "worse"},
	} {
		row := got[against]
		if row == nil || row[2] != "3" || row[3] != want.difference || row[len(row)-1] != want.verdict {
			t.Errorf("against %s: %v, want %v", against, row, want)
		}
	}
	want := "meta-training helps (against untrained guidance); it beats the same training without guidance; it loses to tuned plain training"
	if !strings.HasSuffix(table.Notes[0], want) {
		t.Errorf("%q, want %q", table.Notes[0], want)
	}
}

// As many pairs as are said to be needed have the measured mean as their
// detectable difference, and one fewer have not.
func TestSeedsToResolve(t *testing.T) {
	for _, d := range [][]float64{{1, 2, 4}, {1, -0.5, 0.7, 0.2}} {
		p := paired(d)
		n := seedsToResolve(p)
		detectable := func(n int) float64 {
			list := make([]float64, n)
			for i := range list {
				list[i] = float64(i%2*2 - 1)
			}
			q := paired(list)
			return q.Detectable * p.SD / q.SD
		}
		if n < 3 || detectable(n) > math.Abs(p.Mean)*1.001 || detectable(n-1) < math.Abs(p.Mean) {
			t.Errorf("%v: %d seeds detect %g, one fewer %g, of %g", d, n, detectable(n), detectable(n-1), p.Mean)
		}
	}
	if n := seedsToResolve(paired([]float64{1, -1})); n != 0 {
		t.Errorf("no difference: %d seeds", n)
	}
}

// Surrogates of several kinds are told apart by kind, those of one kind by
// the settings that differ among them.
func TestSurrogatesToldApart(t *testing.T) {
	var sources []*Source
	for i, config := range []map[string]any{
		{"objective": "gap", "surrogate": "dictionary", "unroll": 2.0, "mode": "online"},
		{"objective": "s-meta", "surrogate": "conv", "unroll": 1.0, "mode": "alternate"},
		{"objective": "s-meta", "surrogate": "conv", "unroll": 1.0, "mode": "online"},
	} {
		sum := fmt.Sprint("surrogate", i)
		meta := &Source{Path: sum}
		meta.Complete, meta.Records = true, []artifact.Record{{"type": "final", "surrogate_sha256": sum}}
		meta.Header = record.Header{Tool: toolMeta, Config: config}
		fit := trained("srn", 0, artifact.Record{"guidance_ratio_target": 0.1, "unlike": float64(i)}, [2]float64{0.4, 0.5}, [2]float64{0.4, 0.5})
		fit[0].Header.Inputs = []record.Input{{Name: "srn", SHA256: sum}}
		sources = append(append(sources, meta), fit...)
	}
	var got []string
	for _, r := range collect(sources).runs {
		got = append(got, r.settings["surrogate"])
	}
	want := "[gap dictionary s-meta conv, mode alternate s-meta conv, mode online]"
	if fmt.Sprint(got) != want {
		t.Errorf("surrogates are called %v, want %s", got, want)
	}
}

// Measurements of a series belong to the run whose last checkpoint is among
// them, where nothing else tells runs apart.
func TestSeriesFindTheirRun(t *testing.T) {
	var sources []*Source
	for i, lr := range []float64{0.06, 0.12} {
		name := fmt.Sprint("runs/", i, "/epoch-")
		fit := &Source{Path: fmt.Sprint("fit-", i)}
		fit.Header = record.Header{Tool: toolFit, Config: map[string]any{"dataset": "cifar10", "arch": "resnet8", "method": "ce", "epochs": 2.0, "lr": lr, "data_sha256": "d"}}
		fit.Records = []artifact.Record{{"type": "epoch", "epoch": 1.0}, {"type": "epoch", "epoch": 2.0},
			{"type": "final", "epoch": 2.0, "checkpoint_sha256": name + "2"}}
		evals := &Source{Path: fmt.Sprint("eval-", i)}
		evals.Header.Tool = toolEval
		for epoch := 1.0; epoch <= 2; epoch++ {
			at := fmt.Sprint(name, epoch)
			evals.Records = append(evals.Records, artifact.Record{"type": "eval", "split": "test", "epoch": epoch, "epochs": 2.0, "top1": lr * epoch,
				"dataset": "cifar10", "arch": "resnet8", "method": "ce", "data_sha256": "d", "checkpoint": at, "checkpoint_sha256": at})
		}
		fit.Complete, evals.Complete = true, true
		sources = append(sources, fit, evals)
	}
	c := collect(sources)
	if c.ambiguous != 0 || len(c.runs) != 2 {
		t.Fatalf("%d measurements left out, %d runs", c.ambiguous, len(c.runs))
	}
	for i, lr := range []float64{0.06, 0.12} {
		for epoch := 1; epoch <= 2; epoch++ {
			if got, ok := at(c.runs[i].evals, epoch, "top1"); !ok || got != lr*float64(epoch) {
				t.Errorf("run %d epoch %d: %g, want %g", i, epoch, got, lr*float64(epoch))
			}
		}
	}
}
