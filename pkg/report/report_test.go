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
	"srn/pkg/report/load"
	"srn/pkg/report/render"
	"srn/pkg/report/sections"
)

var update = flag.Bool("update", false, "write the golden files anew")

// build makes the report of the fixture, its paths shortened to names.
func build(t testing.TB) *sections.Report {
	t.Helper()
	sources := fixtureSources(t)
	r, err := sections.Build(sources, sections.Options{Version: "v0.1.0"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func fixtureSources(t testing.TB) []*load.Source {
	t.Helper()
	sources, err := load.Read(fixture(t, t.TempDir()))
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
	if err := render.Markdown(build(t), &b); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.md", b.String())
}

func TestCSV(t *testing.T) {
	var b strings.Builder
	if err := render.CSV(build(t), &b); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.csv", b.String())
}

// TestHTML checks that the page is well formed and refers to nothing outside
// itself, and compares its outline: headings, tables with their sizes, figures
// with their titles and series.
func TestHTML(t *testing.T) {
	var b bytes.Buffer
	if err := render.HTML(build(t), &b); err != nil {
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
	page := func(s []*load.Source) string {
		var b strings.Builder
		if err := render.HTML(made(t, s), &b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	want := page(sources)
	shuffled := append([]*load.Source(nil), sources...)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	if page(append(shuffled, sources[3])) != want {
		t.Error("the order of arguments shows")
	}
}

// made is a report of sources, or of some of its parts.
func made(t testing.TB, sources []*load.Source, only ...string) *sections.Report {
	t.Helper()
	r, err := sections.Build(sources, sections.Options{Only: only})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func findingsOf(t *testing.T, sources []*load.Source) string {
	t.Helper()
	var lines []string
	for _, f := range made(t, sources).Findings {
		if f.Warning {
			f.Text = "warning: " + f.Text
		}
		lines = append(lines, f.Text)
	}
	return strings.Join(lines, "\n")
}

// stream is one training run of two epochs ending at a test accuracy, changed
// from CIFAR-10's in full.
func stream(method string, seed int64, test float64, change ...func(*record.Fit)) *load.Source {
	f := fitting("resnet8", method, seed, 2)
	for _, c := range change {
		c(&f)
	}
	epoch := func(n int, top1 float64) *record.Epoch {
		e := &record.Epoch{Network: f.Network, Training: f.Training, Epoch: n, TestTop1: &top1}
		if f.SRN != "" {
			e.GuidanceRatio = ptr(f.GuidanceRatio)
		}
		return e
	}
	s := &load.Source{Path: fmt.Sprintf("%s-%d-%g-%s", method, seed, test, f.DataSHA256[:4])}
	s.Stream = artifact.Stream{Header: record.Header{Tool: "srn-fit", Version: "v1", Schema: record.Schema, Seed: seed, Config: &f}, Complete: true, Status: record.OK}
	s.Records = []record.Record{epoch(1, 0.99)}
	if f.Epochs > 1 {
		s.Records = append(s.Records, epoch(f.Epochs, test))
	} else {
		s.Records = []record.Record{epoch(1, test)}
	}
	return s
}

func otherData(sum string) func(*record.Fit) {
	return func(f *record.Fit) { f.DataSHA256 = strings.Repeat(sum, 32) }
}
func decay(v float64) func(*record.Fit)  { return func(f *record.Fit) { f.WeightDecay = v } }
func rate(v float64) func(*record.Fit)   { return func(f *record.Fit) { f.LR = v } }
func ratio(v float64) func(*record.Fit)  { return func(f *record.Fit) { f.GuidanceRatio = v } }
func epochs(n int) func(*record.Fit)     { return func(f *record.Fit) { f.Epochs = n } }
func kernels(s string) func(*record.Fit) { return func(f *record.Fit) { f.Kernels = s } }
func parameter(name string, v any) func(*record.Fit) {
	return func(f *record.Fit) { f.Parameters = map[string]any{name: v} }
}

// held is training on the images that are not held out.
func held(f *record.Fit) { f.TrainSplit, f.TrainImages = "meta_train", 45000 }

func TestFindings(t *testing.T) {
	diverged := stream("srn", 1, 0.1)
	diverged.Status, diverged.Records = record.Diverged, diverged.Records[:1]
	guided := func(v ...float64) *load.Source {
		s := stream("srn", 0, 0.8)
		for i := range v {
			s.Records[i].(*record.Epoch).GuidanceRatio = &v[i]
		}
		return s
	}
	top := &load.Source{Path: "h"}
	top.Header, top.Complete = record.Header{Tool: "srn-hessian", Version: "v2"}, true
	for _, k := range []struct {
		split     string
		converged bool
	}{{"test", false}, {"train", true}} {
		s := subject(fitting("resnet8", "ce", 0, 2), "c", 2, 100)
		s.Split = k.split
		top.Records = append(top.Records, &record.Top{Subject: s, Matrix: record.Matrix{LossAt: record.LossAt{LossConfig: record.LossConfig{Subset: "all", BN: "eval"}}, Operator: "hessian"}, Eigenpair: record.Eigenpair{LambdaMax: 5, Converged: k.converged}})
	}
	cut := stream("ce", 1, 0.8)
	cut.Complete, cut.Path = false, "x.jsonl.partial"
	cases := []struct {
		name    string
		sources []*load.Source
		want    []string
		not     string
	}{
		{"weak guidance", []*load.Source{guided(1e-5, 2e-5)}, []string{"warning: srn: the guidance ratio ‖λ∇r‖/‖∇task‖ stays below 10⁻³ in every epoch (median 1.5·10⁻⁵, largest 2.0·10⁻⁵): before a difference from plain CE is put down to it, compare an untrained surrogate of the same strength (srn-untrained)"}, ""},
		{"weaker later", []*load.Source{guided(1e-2, 2e-5)}, []string{"srn: the guidance ratio ‖λ∇r‖/‖∇task‖ has a median of 0.0050 over epochs"}, "stays below"},
		{"no guidance", []*load.Source{stream("ce", 0, 0.8)}, nil, "guidance"},
		{"diverged", []*load.Source{diverged, stream("ce", 1, 0.8)}, []string{"warning: srn, seed 1: stopped after epoch 1 of 2 (diverged); counted as failed"}, ""},
		{"partial", []*load.Source{cut}, []string{"warning: ce, seed 1: stopped after epoch 2 of 2 (incomplete: still being written, or interrupted); left out of the tables"}, ""},
		{"seed missing", []*load.Source{stream("ce", 0, 0.8), stream("ce", 1, 0.8), stream("srn", 1, 0.8)}, []string{"srn: no run of seed 0, which other configurations have"}, ""},
		{"one seed each", []*load.Source{stream("ce", 0, 0.8), stream("srn", 0, 0.8)}, []string{"one seed each: the scatter between seeds is unknown, so no difference here says that one method is better"}, "no run of"},
		{"two dataset files", []*load.Source{stream("ce", 0, 0.8, otherData("d1")), stream("srn", 0, 0.9, otherData("d2"))}, []string{
			"warning: ResNet-8 on CIFAR-10: the records come from 2 dataset files (d1d1d1d1d1d1, d2d2d2d2d2d2); they are kept apart, not compared",
			"warning: ResNet-8 on CIFAR-10, data d2d2d2d2d2d2: no baseline for srn: the nearest plain training, ce, has data sha256 d2d2d2d2d2d2 against d1d1d1d1d1d1"}, "percentage points"},
		{"seed twice", []*load.Source{stream("ce", 0, 0.8, kernels("avx2")), stream("ce", 0, 0.81)}, []string{"warning: ce: seed 0 is there more than once; ce-0-0.81-d0c5 is left out"}, ""},
		{"kernels", []*load.Source{stream("ce", 0, 0.8, kernels("avx2")), stream("ce", 1, 0.81)}, []string{"ce: kernels avx2 against avx512"}, "warning"},
		{"development", []*load.Source{func() *load.Source { s := stream("ce", 0, 0.8); s.Header.Version = "devel"; return s }()}, []string{"1 record file is made by development versions, which name no revision: what made them cannot be traced"}, ""},
		{"no baseline", []*load.Source{stream("sam", 0, 0.8), stream("sam", 0, 0.8, decay(5e-4)), stream("ce", 0, 0.7, rate(0.1))}, []string{
			"warning: no baseline for sam: the nearest plain training, ce, has lr 0.06 against 0.1",
			"warning: no baseline for sam, wd 5e-4: the nearest plain training, ce, has lr 0.06 against 0.1, weight decay 5e-4 against 0"}, ""},
		{"curvature", []*load.Source{stream("ce", 0, 0.8), top}, []string{
			"λ_max was measured under 2 conditions, which are kept apart; the comparison table has the most frequent",
			"warning: λ_max (test split, N = 100, BN eval) did not converge on some checkpoints: ce 1 of 1; ask srn-hessian for more steps",
			"the records were made by 2 versions of the tools: v1, v2",
		}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := findingsOf(t, c.sources)
			for _, w := range c.want {
				if !strings.Contains("\n"+got+"\n", "\n"+w) {
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
	if got := made(t, []*load.Source{stream("ce", 0, 0.8)}).Results[0].Top1; got.N != 1 || got.Mean != 0.8 {
		t.Errorf("%+v", got)
	}
}

// TestGroups: runs are repetitions where only the seed differs, and otherwise
// groups of their own, named by what differs.
func TestGroups(t *testing.T) {
	r := made(t, []*load.Source{
		stream("ce", 0, 0.8), stream("ce", 1, 0.82, kernels("avx2")),
		stream("srn", 0, 0.81), stream("srn", 1, 0.85, rate(0.1)),
		stream("srn", 0, 0.84, ratio(0.1)), stream("ce", 0, 0.9, decay(5e-4)), stream("ce", 0, 0.95, epochs(1)),
	})
	var got []string
	for _, g := range r.Results {
		s := fmt.Sprintf("%s wd %g epochs %d seeds %v", g.Method, g.WeightDecay, g.Epochs, g.Seeds)
		if g.Top1Minus != nil {
			s += fmt.Sprintf(": %+.3f to %s", g.Top1Minus.Mean, g.Baseline)
		}
		if g.NoBaseline != "" {
			s += ": " + g.NoBaseline
		}
		got = append(got, s)
	}
	want := []string{
		"ce wd 0 epochs 1 seeds [0]",
		"ce wd 0 epochs 2 seeds [0 1]",
		"ce wd 0.0005 epochs 2 seeds [0]: +0.100 to ce, 2 epochs",
		"srn (lr 0.06) wd 0 epochs 2 seeds [0]: +0.010 to ce, 2 epochs",
		"srn (lr 0.1) wd 0 epochs 2 seeds [1]: the nearest plain training, ce, has lr 0.1 against 0.06",
		"srn at ratio 0.1 wd 0 epochs 2 seeds [0]: +0.040 to ce, 2 epochs",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestPlacing: a measurement goes to the run with its checkpoint's hash, else
// to the one with the same settings and seed, and else it is a run of its own.
func TestPlacing(t *testing.T) {
	eval := func(f *record.Fit, sum string) *load.Source {
		s := &load.Source{Path: "e"}
		s.Header, s.Complete = record.Header{Tool: "srn-eval", Version: "v1"}, true
		e := &record.Eval{Subject: subject(fitting("resnet8", "srn", 0, 2), "runs/x", 2, 10000), Top1: 0.5}
		if e.CheckpointSHA256 = sum; f == nil {
			e.Training, e.Subject.Epoch = nil, nil
		} else {
			e.Training = &f.Training
		}
		s.Records = []record.Record{e}
		return s
	}
	fit := func(change ...func(*record.Fit)) *record.Fit {
		f := fitting("resnet8", "srn", 0, 2)
		f.EvalEvery = 7 // how it was observed does not matter
		for _, c := range change {
			c(&f)
		}
		return &f
	}
	literal, held := stream("srn", 0, 0.8), stream("srn", 0, 0.8, ratio(0.1))
	held.Records = append(held.Records, &record.Final{Epoch: 2, CheckpointSHA256: "abc"})
	for _, c := range []struct {
		name    string
		sources []*load.Source
		want    string
	}{
		{"alike", []*load.Source{literal, held, eval(fit(), "x")}, "srn 0.5, srn at ratio 0.1 0.8"},
		{"by hash", []*load.Source{literal, held, eval(fit(), "abc")}, "srn 0.8, srn at ratio 0.1 0.5"},
		{"of another", []*load.Source{literal, held, eval(fit(rate(0.1)), "x")}, "srn (lr 0.06) 0.8, srn (lr 0.1) 0.5, srn at ratio 0.1 0.8"},
		{"of another surrogate", []*load.Source{literal, eval(fit(func(f *record.Fit) { f.SRN = dataSum }), "x")}, "srn 0.8"},
		{"of other software", []*load.Source{literal, eval(nil, "x")}, "srn 0.8, x 0.5"},
	} {
		var got []string
		for _, g := range made(t, c.sources).Results {
			got = append(got, fmt.Sprint(g.Method, " ", g.Top1.Mean))
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %s, want %s", c.name, s, c.want)
		}
	}
}
