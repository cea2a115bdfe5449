package test

import (
	"archive/zip"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"srn/pkg/record"
)

// pageFiles unpacks the files of docs/pytorch.md, which
// testdata/make_pytorch.py makes.
func pageFiles(t *testing.T) string {
	t.Helper()
	z, err := zip.OpenReader("testdata/pytorch.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	dir := t.TempDir()
	if err := os.CopyFS(dir, z); err != nil {
		t.Fatal(err)
	}
	return dir
}

// pageLines are a page's indented lines that begin with a command, with the
// exit code that each names in a comment, 0 without one.
func pageLines(t *testing.T, page string) (lines []string, codes []int) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^    (srn-[^#\n]*?) *(?:# exit ([0-9]))?$`).FindAllStringSubmatch(string(text), -1) {
		lines = append(lines, m[1])
		code := 0
		if m[2] != "" {
			code = int(m[2][0] - '0')
		}
		codes = append(codes, code)
	}
	return lines, codes
}

// Every line of docs/pytorch.md does what the page says, and the figures are
// PyTorch's.
func TestPyTorchPage(t *testing.T) {
	dir := pageFiles(t)
	lines, codes := pageLines(t, "../docs/pytorch.md")
	if len(lines) < 8 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, line := range lines {
		if code, stderr := run(t, dir, line); code != codes[i] {
			t.Errorf("$ %s\nexit code %d, want %d: %s", line, code, codes[i], stderr)
		}
	}
	var want struct{ Top1, Loss float64 }
	b, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "eval.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(string(text)) {
		var r record.Eval
		if !strings.HasPrefix(line, `{"type":"eval"`) {
			continue
		}
		found++
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if r.Top1 != want.Top1 || math.Abs(r.Loss-want.Loss) > 1e-4*want.Loss {
			t.Errorf("top-1 %v and loss %v, PyTorch has %v and %v", r.Top1, r.Loss, want.Top1, want.Loss)
		}
	}
	if found != 1 {
		t.Errorf("%d records of eval", found)
	}
	// Folder and arrays hold the same images.
	for _, name := range []string{"photos", "arrays"} {
		mustRun(t, dir, "srn-eval -q --data "+name+".safetensors.zst --mean 0.5,0.5,0.5 --std 0.25,0.25,0.25 checkpoint.pth -o "+name+".jsonl")
	}
	loss := regexp.MustCompile(`"loss":[0-9.e-]+`)
	a, _ := os.ReadFile(filepath.Join(dir, "photos.jsonl"))
	c, _ := os.ReadFile(filepath.Join(dir, "arrays.jsonl"))
	if got, want := loss.Find(a), loss.Find(c); len(got) == 0 || string(got) != string(want) {
		t.Errorf("%s of the folder, %s of the arrays", got, want)
	}
}
