package report

import (
	"fmt"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/record"
	"srn/pkg/report/load"
	"srn/pkg/report/sections"
)

// trained is a training with what was measured on its checkpoints of two
// epochs, on test and on held-out images.
func trained(method string, seed int64, test, heldOut [2]float64, change ...func(*record.Fit)) []*load.Source {
	f := fitting("resnet8", method, seed, 2)
	held(&f)
	for _, c := range change {
		c(&f)
	}
	name := fmt.Sprint(method, seed, f.WeightDecay, f.Parameters, f.LR)
	fit := &load.Source{Path: name}
	fit.Stream = artifact.Stream{Header: record.Header{Tool: "srn-fit", Config: &f, Seed: seed}, Complete: true}
	evals := &load.Source{Path: name + "-evals"}
	evals.Stream = artifact.Stream{Header: record.Header{Tool: "srn-eval"}, Complete: true}
	for epoch := 1; epoch <= 2; epoch++ {
		fit.Records = append(fit.Records, &record.Epoch{Network: f.Network, Training: f.Training, Epoch: epoch})
		for split, values := range map[string][2]float64{"test": test, "meta_val": heldOut} {
			e := &record.Eval{Subject: subject(f, name, epoch, 10000), Top1: values[epoch-1], Loss: 1 - values[epoch-1]}
			e.Split = split
			evals.Records = append(evals.Records, e)
		}
	}
	return []*load.Source{fit, evals}
}

func guidedBy(kind string, strength float64) func(*record.Fit) {
	return func(f *record.Fit) { f.Surrogate, f.GuidanceRatio = kind, strength }
}

// against are the rows of the table of verdicts by what they are against.
func against(t *testing.T, r *sections.Report) (map[string][]string, sections.Table) {
	t.Helper()
	if len(r.Sections) != 1 || len(r.Sections[0].Tables) != 1 {
		t.Fatalf("%+v", r.Sections)
	}
	rows := map[string][]string{}
	for _, row := range r.Sections[0].Tables[0].Rows {
		rows[row[1]] = row
	}
	return rows, r.Sections[0].Tables[0]
}

func TestVerdicts(t *testing.T) {
	var sources []*load.Source
	guided := guidedBy("gap dictionary", 0.1)
	for seed := range int64(3) {
		e := 0.001 * float64(seed)
		at := func(v float64) [2]float64 { return [2]float64{v - 0.1, v} }
		sources = append(sources, trained("srn", seed, at(0.50+e), at(0.4), guided)...)
		for initialisation, v := range []float64{0.448, 0.450, 0.452} {
			sources = append(sources, trained("srn-untrained", seed, at(v+2*e), at(0.4), guided, parameter("srn-untrained.init-seed", float64(initialisation)))...)
		}
		sources = append(sources, trained("srn-flipped", seed, at(0.50+0.5*e), at(0.4), guided)...)
		sources = append(sources, trained("ce", seed, at(0.47+e/2), at(0.40))...)
		// Best on held-out images at its first epoch.
		sources = append(sources, trained("weight-decay", seed, [2]float64{0.53 - e, 0.41}, [2]float64{0.6, 0.3}, decay(0.01))...)
	}
	got, table := against(t, made(t, sources, "verdicts"))
	for name, want := range map[string]struct{ pairs, difference, verdict string }{
		"untrained, mean of 3 initialisations": {"3", "+4.90", "better"},
		"flipped":                              {"3", "+0.05", "not resolved"},
		"cross-entropy":                        {"3", "+3.05", "better"},
		// Chosen by seed 0, compared by the others.
		"tuned: weight-decay, lr 0.06, wd 0.01, 2 epochs, stopped early": {"2ᵃ", "−2.70", "worse"},
	} {
		row := got[name]
		if row == nil || row[2] != want.pairs || row[3] != want.difference || row[4] != want.verdict {
			t.Errorf("against %s: %v, want %v", name, row, want)
		}
	}
	want := "this one surrogate, which all seeds share, is better than untrained ones; it beats the same training without guidance; it loses to tuned plain training."
	if !strings.HasSuffix(table.Notes[0], want) {
		t.Errorf("%q, want %q", table.Notes[0], want)
	}
}

// Weight decay of a ratio is the control of guidance of that ratio, however
// small it is.
func TestControlOfASmallRatio(t *testing.T) {
	var sources []*load.Source
	at := [2]float64{0.4, 0.5}
	for _, v := range []float64{0.001, 0.1} {
		sources = append(sources, trained("srn", 0, at, at, guidedBy("s-meta conv", v))...)
		sources = append(sources, trained("weight-decay-ratio", 0, at, at, parameter("weight-decay-ratio.ratio", v))...)
	}
	_, table := against(t, made(t, sources, "verdicts"))
	var got []string
	for _, row := range table.Rows {
		got = append(got, row[0]+": "+row[1])
	}
	want := "s-meta conv, srn at ratio 1e-3: weight decay of the same ratio\ns-meta conv, srn at ratio 0.1: weight decay of the same ratio"
	if strings.Join(got, "\n") != want {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

// Surrogates of several kinds are told apart by kind, those of one kind by
// the settings that differ among them.
func TestSurrogatesToldApart(t *testing.T) {
	var sources []*load.Source
	for i, change := range []func(*record.Meta){
		func(m *record.Meta) { m.Objective, m.Surrogate, m.Unroll, m.Mode = "gap", "dictionary", 2, "online" },
		func(m *record.Meta) { m.Mode = "alternate" },
		func(m *record.Meta) { m.Mode = "online" },
	} {
		sum := fmt.Sprint("surrogate", i)
		config := metaConfig(0)
		change(&config)
		meta := &load.Source{Path: sum}
		meta.Stream = artifact.Stream{Header: record.Header{Tool: "srn-meta", Config: &config}, Complete: true, Records: []record.Record{&record.Surrogate{SurrogateSHA256: sum}}}
		sources = append(append(sources, meta), trained("srn", 0, [2]float64{0.4, 0.5}, [2]float64{0.4, 0.5}, ratio(0.1), func(f *record.Fit) { f.SRN, f.Surrogate = sum, config.Objective+" "+config.Surrogate })...)
	}
	var got []string
	for _, r := range made(t, sources).Results {
		got = append(got, r.Method)
	}
	want := "srn at ratio 0.1 (surrogate gap dictionary)\nsrn at ratio 0.1 (surrogate s-meta conv, mode alternate)\nsrn at ratio 0.1 (surrogate s-meta conv, mode online)"
	if strings.Join(got, "\n") != want {
		t.Errorf("surrogates are called\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}
