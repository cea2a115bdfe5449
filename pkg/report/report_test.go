package report

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/record"
)

var update = flag.Bool("update", false, "write the golden files anew")

// build makes the report of the fixture, its paths shortened to names.
func build(t testing.TB) *Report {
	t.Helper()
	sources := fixtureSources(t)
	r, err := Build(sources, Options{Version: "v0.1.0"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func fixtureSources(t testing.TB) []*Source {
	t.Helper()
	sources, err := Read(fixture(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources {
		s.Path = filepath.Base(s.Path)
	}
	return sources
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("%s, line %d:\n%s\nwant\n%s\n(go test -update writes it anew)", path, i+1, g[i], w[i])
		}
	}
	t.Fatalf("%s: %d lines, want %d", path, len(g), len(w))
}

func TestMarkdown(t *testing.T) {
	var b strings.Builder
	if err := build(t).Markdown(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.md", b.String())
}

func TestCSV(t *testing.T) {
	var b strings.Builder
	if err := build(t).CSV(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.csv", b.String())
}

// TestHTML checks that the page is well formed and refers to nothing outside
// itself, and compares its outline: headings, tables with their sizes, figures
// with their titles and series.
func TestHTML(t *testing.T) {
	var b bytes.Buffer
	if err := build(t).HTML(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	if bad := regexp.MustCompile(`(?i)<script|<link|<img|https?://|@import|url\(|ZgotmplZ`).FindString(page); bad != "" {
		t.Errorf("the page holds %q", bad)
	}
	golden(t, "outline.txt", outline(t, page))
	if path := os.Getenv("SRN_REPORT_PAGE"); path != "" { // to look at it
		if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func outline(t *testing.T, page string) string {
	d := xml.NewDecoder(strings.NewReader(page))
	d.Entity = xml.HTMLEntity
	var out strings.Builder
	var text strings.Builder
	rows, cells := 0, 0
	ids := map[string]bool{}
	var refs []string
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("not well formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if n := token.Name.Local; n != "span" && n != "sub" {
				text.Reset()
			}
			for _, a := range token.Attr {
				switch a.Name.Local {
				case "id":
					if ids[a.Value] {
						t.Errorf("id %q twice", a.Value)
					}
					ids[a.Value] = true
				case "href":
					refs = append(refs, strings.TrimPrefix(a.Value, "#"))
				case "aria-labelledby":
					refs = append(refs, strings.Fields(a.Value)...)
				}
			}
			switch token.Name.Local {
			case "table":
				rows, cells = 0, 0
			case "tr":
				rows++
			case "th", "td":
				cells++
			case "path":
				for _, a := range token.Attr {
					if a.Name.Local == "class" && (strings.HasPrefix(a.Value, "band") || a.Value == "mark") {
						fmt.Fprintf(&out, "    %s\n", a.Value)
					}
				}
			}
		case xml.CharData:
			text.Write(token)
		case xml.EndElement:
			switch name := token.Name.Local; name {
			case "h1", "h2", "h3", "title", "summary":
				fmt.Fprintf(&out, "%s %s\n", name, strings.TrimSpace(text.String()))
			case "caption":
				fmt.Fprintf(&out, "table %s\n", text.String())
			case "desc":
				fmt.Fprintf(&out, "  %s\n", text.String())
			case "table":
				fmt.Fprintf(&out, "  %d rows, %d cells\n", rows, cells)
			}
		}
	}
	for _, r := range refs {
		if !ids[r] {
			t.Errorf("reference to %q, which is nowhere", r)
		}
	}
	// Markers' titles come by the hundred.
	return regexp.MustCompile(`(?m)^title .* at \d+: .*\n`).ReplaceAllString(out.String(), "")
}

// TestOrderOfArguments: the same records in any order, some twice, give the
// same bytes.
func TestOrderOfArguments(t *testing.T) {
	sources := fixtureSources(t)
	render := func(s []*Source) string {
		r, err := Build(s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := r.HTML(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	want := render(sources)
	shuffled := append([]*Source(nil), sources...)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	if render(append(shuffled, sources[3])) != want {
		t.Error("the order of arguments shows")
	}
}

func findingsOf(t *testing.T, sources []*Source) string {
	t.Helper()
	r, err := Build(sources, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range r.Findings {
		if f.Warning {
			f.Text = "warning: " + f.Text
		}
		lines = append(lines, f.Text)
	}
	return strings.Join(lines, "\n")
}

// stream is one training run of two epochs ending at a test accuracy.
func stream(method string, seed int64, test float64, config map[string]any, data string) *Source {
	all := map[string]any{"dataset": "cifar10", "arch": "resnet8", "method": method, "epochs": 2.0, "weight_decay": 0.0, "lr": 0.06}
	for k, v := range config {
		all[k] = v
	}
	return &Source{Path: fmt.Sprintf("%s-%d-%s-%v", method, seed, data, config), OldStream: artifact.OldStream{
		Header: record.Header{Tool: toolFit, Version: "v1", Seed: seed, Config: all, Inputs: []record.Input{{Name: "data", SHA256: data}}},
		Records: []artifact.Record{
			{"type": "epoch", "epoch": 1.0, "test_top1": 0.99, "guidance_ratio": 0.0},
			{"type": "epoch", "epoch": 2.0, "test_top1": test, "guidance_ratio": 0.0},
		},
		Complete: true, Status: "ok",
	}}
}

func TestFindings(t *testing.T) {
	diverged := stream("srn", 1, 0.1, nil, "d")
	diverged.Status, diverged.Records = "diverged", diverged.Records[:1]
	guided := func(v ...float64) *Source {
		s := stream("srn", 0, 0.8, nil, "d")
		for i := range v {
			s.Records[i]["guidance_ratio"] = v[i]
		}
		return s
	}
	top := &Source{Path: "h", OldStream: artifact.OldStream{Header: record.Header{Tool: toolHessian, Version: "v2"}, Complete: true, Records: []artifact.Record{
		{"type": "top", "dataset": "cifar10", "arch": "resnet8", "method": "ce", "seed": 0.0, "epoch": 2.0, "split": "test", "n": 100.0, "bn": "eval", "lambda_max": 5.0, "converged": false},
		{"type": "top", "dataset": "cifar10", "arch": "resnet8", "method": "ce", "seed": 0.0, "epoch": 2.0, "split": "train", "n": 100.0, "bn": "eval", "lambda_max": 7.0, "converged": true},
	}}}
	cases := []struct {
		name    string
		sources []*Source
		want    []string
		not     string
	}{
		{"weak guidance", []*Source{guided(1e-5, 2e-5)}, []string{"warning: srn: the guidance ratio ‖λ∇r‖/‖∇task‖ stays below 10⁻³ in every epoch (median 1.5·10⁻⁵, largest 2.0·10⁻⁵): before a difference from plain CE is put down to it, compare an untrained surrogate of the same strength (srn-untrained)"}, ""},
		{"weaker later", []*Source{guided(1e-2, 2e-5)}, []string{"srn: the guidance ratio ‖λ∇r‖/‖∇task‖ has a median of 0.0050 over epochs"}, "warning"},
		{"no guidance", []*Source{stream("ce", 0, 0.8, nil, "d")}, nil, "guidance"},
		{"diverged", []*Source{diverged, stream("ce", 1, 0.8, nil, "d")}, []string{"warning: srn, seed 1: stopped after epoch 1 of 2 (diverged); left out of the tables"}, ""},
		{"seed missing", []*Source{stream("ce", 0, 0.8, nil, "d"), stream("ce", 1, 0.8, nil, "d"), stream("srn", 1, 0.8, nil, "d")}, []string{"srn lacks seed 0, which other methods have"}, ""},
		{"one seed each", []*Source{stream("ce", 0, 0.8, nil, "d"), stream("srn", 0, 0.8, nil, "d")}, []string{"one seed each: the scatter between seeds is unknown, so no difference here says that one method is better"}, "lacks"},
		{"two data artifacts", []*Source{stream("ce", 0, 0.8, nil, "d1"), stream("srn", 0, 0.9, nil, "d2")}, []string{"warning: ResNet-8 on CIFAR-10: the records come from 2 data artifacts (d1, d2); they are kept apart, not compared"}, "against"},
		{"seed twice", []*Source{stream("ce", 0, 0.8, map[string]any{"threads": 1.0}, "d"), stream("ce", 0, 0.8, map[string]any{"threads": 2.0}, "d")}, []string{"warning: ce: seed 0 is there more than once; ce-0-d-map[threads:2] is left out"}, ""},
		{"curvature", []*Source{stream("ce", 0, 0.8, nil, "d"), top}, []string{
			"λ_max was measured under 2 conditions, which are kept apart; the comparison table has the most frequent",
			"warning: λ_max (test split, N = 100, BN eval) did not converge on some checkpoints: ce 1 of 1; ask srn-hessian for more steps",
			"the records were made by 2 versions of the tools: v1, v2",
		}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := findingsOf(t, c.sources)
			for _, w := range c.want {
				if !strings.Contains("\n"+got+"\n", "\n"+w+"\n") {
					t.Errorf("lacks %q:\n%s", w, got)
				}
			}
			if c.not != "" && strings.Contains(got, c.not) {
				t.Errorf("says %q:\n%s", c.not, got)
			}
		})
	}
}

func TestLastEpochCountsNeverTheBest(t *testing.T) {
	r, err := Build([]*Source{stream("ce", 0, 0.8, nil, "d")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Results()[0].Top1; got.N != 1 || got.Mean != 0.8 {
		t.Errorf("%+v", got)
	}
}

// TestGroups: runs are repetitions where only the seed differs, and otherwise
// groups of their own, named by what differs.
func TestGroups(t *testing.T) {
	r, err := Build([]*Source{
		stream("ce", 0, 0.8, nil, "d"), stream("ce", 1, 0.82, map[string]any{"threads": 4.0, "metrics": "a/b"}, "d"),
		stream("srn", 0, 0.81, nil, "d"), stream("srn", 1, 0.85, map[string]any{"lr": 0.1}, "d"),
		stream("srn", 0, 0.84, map[string]any{"guidance_ratio_target": 0.1}, "d"),
		stream("ce", 0, 0.9, map[string]any{"weight_decay": 5e-4}, "d"),
		stream("ce", 0, 0.95, map[string]any{"epochs": 1.0}, "d"),
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range r.Results() {
		s := fmt.Sprintf("%s wd %g epochs %d seeds %v", g.Method, g.WeightDecay, g.Epochs, g.Seeds)
		if g.Top1Minus != nil {
			s += fmt.Sprintf(": %+.3f to %s", g.Top1Minus.Mean, g.Baseline)
		}
		got = append(got, s)
	}
	want := []string{
		"ce wd 0 epochs 1 seeds [0]",
		"ce wd 0 epochs 2 seeds [0 1]",
		"ce wd 0.0005 epochs 2 seeds [0]: +0.100 to ce, 2 epochs",
		"srn (lr 0.06) wd 0 epochs 2 seeds [0]: +0.010 to ce, 2 epochs",
		"srn (lr 0.1) wd 0 epochs 2 seeds [1]: +0.030 to ce, 2 epochs",
		"srn at ratio 0.1 wd 0 epochs 2 seeds [0]: +0.040 to ce, 2 epochs",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestPlacing: a measurement goes to the run with its checkpoint's hash, else
// to the one alike, else by name, and nowhere where that does not tell.
func TestPlacing(t *testing.T) {
	eval := func(checkpoint, sum string) *Source {
		return &Source{Path: "e", OldStream: artifact.OldStream{Header: record.Header{Tool: toolEval, Version: "v1"}, Complete: true, Records: []artifact.Record{
			{"type": "eval", "dataset": "cifar10", "arch": "resnet8", "method": "srn", "seed": 0.0, "epoch": 2.0, "weight_decay": 0.0, "split": "test", "checkpoint": checkpoint, "checkpoint_sha256": sum, "top1": 0.5},
		}}}
	}
	literal := stream("srn", 0, 0.8, nil, "d")
	held := stream("srn", 0, 0.8, map[string]any{"guidance_ratio_target": 0.1}, "d")
	held.Path, literal.Path = "runs/srn-rho.jsonl", "runs/srn.jsonl"
	held.Records = append(held.Records, artifact.Record{"type": "final", "checkpoint_sha256": "abc"})
	for _, c := range []struct {
		name    string
		sources []*Source
		want    string
	}{
		{"alike", []*Source{literal, eval("x", "")}, "srn 0.5"},
		{"by hash", []*Source{literal, held, eval("runs/srn.zst", "abc")}, "srn 0.8, srn at ratio 0.1 0.5"},
		{"by name", []*Source{literal, held, eval("runs/srn.zst", "")}, "srn 0.5, srn at ratio 0.1 0.8"},
		{"nowhere", []*Source{literal, held, eval("x", "")}, "srn 0.8, srn at ratio 0.1 0.8"},
		{"alone", []*Source{eval("models/foreign.safetensors", "")}, "srn 0.5"},
	} {
		r, err := Build(c.sources, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, g := range r.Results() {
			got = append(got, fmt.Sprint(g.Method, " ", g.Top1.Mean))
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %s, want %s", c.name, s, c.want)
		}
	}
}
