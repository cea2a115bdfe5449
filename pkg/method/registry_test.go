package method

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of methods into docs/methods.md")

// TestDocumentation keeps docs/methods.md in step with the registry.
func TestDocumentation(t *testing.T) {
	const path, mark = "../../docs/methods.md", "<!-- made from the registry: go test ./pkg/method -update -->\n"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, table, ok := strings.Cut(string(b), mark)
	if !ok {
		t.Fatalf("%s has no line %q", path, mark)
	}
	if *update {
		if err := os.WriteFile(path, []byte(head+mark+"\n"+Markdown()), 0o666); err != nil {
			t.Fatal(err)
		}
	} else if table != "\n"+Markdown() {
		t.Errorf("%s differs from the registry: run go test ./pkg/method -update", path)
	}
}

func TestSettings(t *testing.T) {
	for _, c := range []struct {
		method, set   string
		all, label, e string
	}{
		{method: "ce"},
		{method: "sam", all: "rho=0.05"},
		{method: "sam", set: "rho=.1", all: "rho=0.1"},
		{method: "sam", set: "sam.rho=5e-2", all: "rho=0.05"},
		{method: "sam+cutout", set: "length=8", all: "sam.rho=0.05,cutout.length=8"},
		{method: "ce", set: "rho=1", e: "rho: method ce has no parameters"},
		{method: "sam", set: "r=1", e: "r is no parameter of method sam, which has rho"},
		{method: "sam", set: "rho", e: `"rho" is not of the form name=value`},
		{method: "sam", set: "rho=-1", e: "rho=-1: want a number of at least 0"},
		{method: "sam", set: "rho=NaN", e: "rho=NaN: want a number of at least 0"},
		{method: "dropout", set: "p=1", e: "p=1: want a number from 0 to 0.99"},
		{method: "random-erasing", set: "fill=grey", e: "fill=grey: want one of ref, zero, noise"},
		{method: "dropout+random-erasing", set: "p=0.1", e: "p is a parameter of several parts: write one of dropout.p, random-erasing.p"},
	} {
		info, err := Find(c.method)
		if err != nil {
			t.Fatal(err)
		}
		var set []string
		if c.set != "" {
			set = []string{c.set}
		}
		s, err := info.Settings(set)
		if c.e != "" {
			if err == nil || err.Error() != c.e {
				t.Errorf("%s %s: error %v, want %s", c.method, c.set, err, c.e)
			}
			continue
		}
		if err != nil || s.String() != c.all {
			t.Errorf("%s %s: %q, error %v; want %q", c.method, c.set, s.String(), err, c.all)
		}
	}
}

// TestDefaultsOfCIFAR100: what the sources' scripts have for the one and the
// other data set.
func TestDefaultsOfCIFAR100(t *testing.T) {
	for _, c := range []struct{ method, ten, hundred string }{
		{"sam", "rho=0.05", "rho=0.1"}, // example_cifar.py of ASAM's authors, --minimizer SAM
		{"asam", "rho=0.5,eta=0.01", "rho=1,eta=0.01"},
		{"cutout", "length=16", "length=8"},                         // train.py of its authors
		{"energy-in", "weight=0.1,m-in=-23", "weight=0.1,m-in=-27"}, // run.sh of its authors, energy_ft
		{"energy-ood", "weight=0.1,m-in=-23,m-out=-5,outliers=patches", "weight=0.1,m-in=-27,m-out=-5,outliers=patches"},
		{"sam+cutout", "sam.rho=0.05,cutout.length=16", "sam.rho=0.1,cutout.length=8"},
		{"fsam", "gamma=0.1,eta=1", "gamma=0.1,eta=1"},
	} {
		info, err := Find(c.method)
		if err != nil {
			t.Fatal(err)
		}
		for classes, want := range map[int]string{10: c.ten, 100: c.hundred} {
			s, err := info.For(classes).Settings(nil)
			if err != nil || s.String() != want {
				t.Errorf("%s of %d classes: %q, %v; want %q", c.method, classes, s.String(), err, want)
			}
		}
		if s, _ := info.Settings(nil); s.String() != c.ten {
			t.Errorf("%s: the registry's own defaults have become %q", c.method, s.String())
		}
	}
	info, _ := Find("sam")
	for _, want := range []string{"rho=0.05, with 100 classes 0.1 "} {
		if d := info.Describe(); !strings.Contains(d, want) {
			t.Errorf("the description lacks %q: %s", want, d)
		}
	}
}

func TestFindRefuses(t *testing.T) {
	for name, want := range map[string]string{
		"sgd":                "is none of ce, srn, ",
		"sam+":               `method "" is none of`,
		"sam+sam":            "names sam twice",
		"sam+asam":           "at most one may have a rule of passes",
		"logitnorm+barron":   "at most one may have a loss",
		"meta-weight-net+ce": "",
	} {
		_, err := Find(name)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

func TestOtherNames(t *testing.T) {
	for name, want := range map[string]string{"l2t-dlf": "l2t-dlf", "l2t-dlf-like": "l2t-dlf", "slf-like+cutout": "cutout+slf", "ala-like": "ala", "ala": "ala",
		"arlf": "barron", "l-m-softmax": "l-softmax", "implicit": "gradalign", "smooth+cutout": "cutout+smooth01", "confidence": "confidence-penalty"} {
		info, err := Find(name)
		if err != nil || info.Name != want {
			t.Errorf("%s is found as %q, %v; want %q", name, info.Name, err, want)
		}
	}
}

func TestEveryMethodIsDescribed(t *testing.T) {
	for _, m := range Methods() {
		if m.Formula == "" || m.Passes == "" || m.Name != "ce" && m.Reference == "" {
			t.Errorf("%s: formula, passes or reference missing", m.Name)
		}
		own := m.Name == "ce" || m.Name == "consistency" || m.Surrogate || strings.Contains(m.Reference, "control of srn")
		if own != (m.Read == OwnRule) {
			t.Errorf("%s: %q of its source has been read", m.Name, m.Read)
		}
		if m.Read == Abstract && m.Faithful() {
			t.Errorf("%s is called faithful to a source of which the abstract alone was read", m.Name)
		}
		d := m.Describe()
		for _, text := range m.Differs {
			if !strings.Contains(d, "differs     "+text) {
				t.Errorf("%s: the description lacks in what it differs: %s", m.Name, text)
			}
		}
		for _, p := range m.Params {
			if v, err := p.canonical(p.Default); err != nil || v != p.Default {
				t.Errorf("%s: default of %s: %q, %v", m.Name, p.Name, v, err)
			}
			if p.Help == "" || !strings.Contains(d, p.Name+"="+p.Default) {
				t.Errorf("%s: %s is not described", m.Name, p.Name)
			}
		}
	}
}
