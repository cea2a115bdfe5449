package test

import (
	"archive/zip"
	"encoding/json"
	"math"
	"os"
	"os/exec"
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

// blocks are the fenced blocks of a language on a page.
func blocks(t *testing.T, page, language string) (list []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		list = append(list, m[1])
	}
	return list
}

// The page's lines for other tools run where those tools are: jq, mlr and
// duckdb on PATH, Python's packages with the interpreter that SRN_PYTHON names.
func TestPyTorchPageTools(t *testing.T) {
	dir := pageFiles(t)
	const flags = " --data photos.safetensors.zst --mean 0.5,0.5,0.5 --std 0.25,0.25,0.25 checkpoint.pth"
	mustRun(t, dir, "srn-split -q --dataset folder --data photos -o photos.safetensors.zst")
	mustRun(t, dir, "srn-eval -q"+flags+" -o eval.jsonl")
	mustRun(t, dir, "srn-fit -q --data photos.safetensors.zst --arch resnet8 --epochs 2 --batch 40 -o fit.safetensors.zst --metrics fit.jsonl")

	tools := 0
	for _, line := range strings.Split(strings.TrimSpace(blocks(t, "../docs/pytorch.md", "sh")[0]), "\n") {
		tool, _, _ := strings.Cut(line, " ")
		if _, err := exec.LookPath(tool); err != nil {
			t.Logf("no %s", tool)
			continue
		}
		tools++
		cmd := exec.Command("sh", "-c", line)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "checkpoint.pth") || !strings.Contains(string(out), "0.95") {
			t.Errorf("$ %s\n%s%v", line, out, err)
		}
	}
	python := os.Getenv("SRN_PYTHON")
	if python == "" {
		t.Logf("%d tools; SRN_PYTHON names no Python", tools)
		return
	}
	// What each block of Python needs, and what shows that it has worked.
	for i, c := range []struct{ before, after string }{
		{`import io, glob, numpy as np, pandas as pd
from PIL import Image
def png(path): return {"bytes": open(path, "rb").read(), "path": path}
for part in ("train", "test"):
    files = sorted(glob.glob(f"photos/{part}/*/*.png"))
    pd.DataFrame({"img": [png(f) for f in files], "label": [i % 4 for i in range(len(files))]}).to_parquet(f"{part}-00000-of-00001.parquet")
`, "srn-split --dataset npz --data huggingface.npz -o hf.safetensors.zst"},
		{`import numpy as np, scipy.io
for part, n in (("train", 40), ("test", 20)):
    r = np.random.default_rng(n)
    scipy.io.savemat(f"{part}_32x32.mat", {"X": r.integers(0, 256, (32, 32, 3, n), dtype=np.uint8), "y": (np.arange(n) % 10 + 1).astype(np.uint8)[:, None]})
`, "srn-split --dataset npz --data svhn.npz -o svhn.safetensors.zst"},
		{"", ""}, {"", ""}, {"", ""},
	} {
		block := blocks(t, "../docs/pytorch.md", "python")[i]
		cmd := exec.Command(python, "-c", c.before+block)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "WANDB_SILENT=true")
		out, err := cmd.CombinedOutput()
		if strings.Contains(string(out), "ModuleNotFoundError") {
			t.Logf("block %d: %s", i, out)
			continue
		}
		if err != nil {
			t.Errorf("block %d: %v\n%s", i, err, out)
			continue
		}
		if c.after != "" {
			mustRun(t, dir, c.after)
		}
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "runs/fit/events*")); len(found) == 0 {
		t.Log("no events of TensorBoard")
	}
}

// TestPublished evaluates akamaster's files, in the folder that SRN_AKAMASTER
// names, on the real CIFAR-10, without flags, to the accuracies of his README.
func TestPublished(t *testing.T) {
	files, data := os.Getenv("SRN_AKAMASTER"), os.Getenv("SRN_CIFAR10")
	if files == "" || data == "" {
		t.Skip("SRN_AKAMASTER names no folder with resnet20-12fca82f.th, or SRN_CIFAR10 no CIFAR-10")
	}
	dir := t.TempDir()
	mustRun(t, dir, "srn-split -q --dataset cifar10 --data "+data+" -o cifar10.safetensors")
	for name, want := range map[string]string{"resnet20-12fca82f": "91.73", "resnet32-d509ac18": "92.63", "resnet44-014dd654": "93.10", "resnet56-4bfd9763": "93.39"} {
		path := filepath.Join(files, name+".th")
		if _, err := os.Stat(path); err != nil {
			t.Logf("no %s", path)
			continue
		}
		code, stderr := run(t, dir, "srn-eval --data cifar10.safetensors "+path+" -o out.jsonl")
		if code != 0 || !strings.Contains(stderr, "top-1 "+want+"%") {
			t.Errorf("%s: exit code %d, want %s: %s", name, code, want, stderr)
		}
		os.Remove(filepath.Join(dir, "out.jsonl"))
	}
}
