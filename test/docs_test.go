package test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"srn/pkg/cifar/cifartest"
)

// notRun are the command lines of the documentation that this test cannot run
// or that others do, by how they begin, with the reason.
var notRun = map[string]string{
	"make -C pipelines fetch":    "needs a network; TestFetch of package pipelines downloads from a server of its own",
	"make -C pipelines smoke":    "minutes; CI runs it",
	"make -C pipelines slurm":    "TestSlurm of package pipelines submits to a Slurm of its own",
	"make -C pipelines parallel": "TestParallel of package pipelines runs it where GNU parallel is",
	"make cuda":                  "needs cuda.h and a C compiler; CI runs make test-cuda",
	"make test-cuda":             "needs cuda.h and a C++ compiler; CI runs it",
	"make bench-cuda":            "needs a GPU and PyTorch",
	"make bench":                 "hours beside PyTorch; TestSmoke of package bench runs each part",
	"python3 -m venv":            "installs PyTorch, from the network",
	"bin/srn-fit --device cuda":  "needs a GPU; CI runs it on an emulated one",
	"go generate ./kernels/cpu":  "TestGenerated of package kernels/cpu compares what it writes",
	"go generate ./kernels/cuda": "needs clang 19.1.7; TestRegenerate of package kernels/cuda runs it where there is one",
	"go test ./kernels/":         "part of all tests",
	"go test ./pkg/method":       "part of all tests; -update writes documentation",
	"make          #":            "CI runs it: it writes into bin",
	"make demo":                  "a minute; TestChain of package pipelines makes the same with shorter schedules",
}

// elsewhere are pages whose lines others run, or that have none.
var elsewhere = map[string]string{
	"CHANGELOG.md": "tells of the past",
	"pytorch.md":   "TestPyTorchPage",
}

// documents are the files whose command lines run.
func documents(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*.md", "docs/*.md", "pipelines/*.md", "results/*.md", "bench/*.md", "kernels/*/*.md"} {
		found, err := filepath.Glob(filepath.Join("..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	return slices.DeleteFunc(files, func(name string) bool { return elsewhere[filepath.Base(name)] != "" })
}

var program = regexp.MustCompile(`^(([A-Z_]+=\S+ )*)(srn-[a-z]+|bin/srn-[a-z]+|make|go|python3|sbatch|zstdcat|slurm/task.sh)( |$)`)

// commandLines are those of a document's blocks of code, each in one line.
func commandLines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	inside, fenced, open := false, false, false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if language, ok := strings.CutPrefix(line, "```"); ok {
			inside, fenced = !inside, !inside && (language == "sh" || language == "bash") // others are output
			continue
		}
		code, indented := strings.CutPrefix(line, "    ")
		if !fenced && (inside || !indented) {
			open = false
			continue
		}
		code = strings.TrimSpace(code)
		rest, continued := strings.CutSuffix(code, "\\")
		switch {
		case open:
			lines[len(lines)-1] += " " + strings.TrimSpace(rest)
		case program.MatchString(code):
			lines = append(lines, rest)
		default:
			continued = false
		}
		open = continued
	}
	return lines
}

// Every command line of the documentation runs, on few images and for few
// epochs, in the order of its page, or stands in notRun with a reason.
func TestDocumentedCommands(t *testing.T) {
	needInputs(t)
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	stand := standIns(t, root)
	used := map[string]bool{}
	for _, path := range documents(t) {
		lines := commandLines(t, path)
		if len(lines) == 0 {
			continue
		}
		t.Run(strings.TrimPrefix(path, "../"), func(t *testing.T) {
			dir := t.TempDir()
			run := func(line, folder string) {
				t.Helper()
				cmd := exec.Command("bash", "-c", line)
				cmd.Dir = folder
				cmd.Env = append(os.Environ(), "SRN_THREADS=1", "MAKEFLAGS=", "PATH="+bin+":"+os.Getenv("PATH"))
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%s\n%v\n%s", line, err, out)
				}
			}
			run("cp -rl "+stand+"/. .", dir)
			for _, line := range lines {
				if begin := excused(line); begin != "" {
					used[begin] = true
					continue
				}
				if strings.HasPrefix(line, "python3 -c") && exec.Command("python3", "-c", "import numpy, safetensors").Run() != nil {
					t.Logf("not run, since numpy and safetensors of Python are not here: %s", line)
					continue
				}
				switch {
				case strings.Contains(line, "make -C pipelines"):
					run(toy(line, dir), root)
				case strings.HasPrefix(line, "go "):
					run(line+" -fuzztime 5x", root)
				default:
					run(shorter(line), dir)
				}
			}
		})
	}
	for begin := range notRun {
		if !used[begin] {
			t.Errorf("notRun has %q, which no page has", begin)
		}
	}
}

func excused(line string) string {
	best := ""
	for begin := range notRun {
		if strings.HasPrefix(line, begin) && len(begin) > len(best) {
			best = begin
		}
	}
	return best
}

// toy gives a line of the pipelines settings by which it takes seconds.
func toy(line, dir string) string {
	line = regexp.MustCompile(`\s#.*`).ReplaceAllString(line, "")
	line = strings.ReplaceAll(line, "DATA=/data", "DATA="+dir)
	line = strings.ReplaceAll(line, "OUT=../", "OUT="+dir+"/")
	line = regexp.MustCompile(`(EPOCHS|EXAMPLES)=\S+`).ReplaceAllString(line, "")
	line = regexp.MustCompile(`SEEDS="[^"]*"`).ReplaceAllString(line, "SEEDS=0")
	for _, s := range []struct{ name, value string }{
		{"EPOCHS", "1"}, {"EXAMPLES", "20"}, {"SEEDS", "0"}, {"METHODS", "'ce srn'"}, {"ARCHS", "resnet8"}, {"LENGTHS", "2"}, {"OUT", dir + "/out"}, {"BIN", bin}, {"DATA", dir},
		{"SPLIT_FLAGS", "'--allow-partial --examples 200 --val-fraction 0.5'"}, {"META_FLAGS", "'--rounds 2 --inner-epochs 1 --inner-n 16 --outer-n 10'"}, {"FIT_FLAGS", "'--batch 50'"},
	} {
		if !strings.Contains(line, " "+s.name+"=") {
			line += " " + s.name + "=" + s.value
		}
	}
	return line
}

// shorter changes a line's flags so that it takes a second.
func shorter(line string) string {
	environment := regexp.MustCompile(`^([A-Z_]+=\S+ )*`).FindString(line)
	line = strings.TrimPrefix(line, environment)
	if !strings.HasPrefix(line, "srn-") {
		return environment + line
	}
	set := func(flag, value string) {
		at := regexp.MustCompile(`( ` + flag + `)([ =])(\S+)`)
		if at.MatchString(line) {
			line = at.ReplaceAllString(line, "${1}${2}"+value)
		} else {
			name, rest, _ := strings.Cut(line, " --")
			line = name + " " + flag + " " + value + " --" + rest
		}
	}
	line = strings.ReplaceAll(line, " …", "")
	line = regexp.MustCompile(`--seed S\b`).ReplaceAllString(line, "--seed 0")
	switch command, rest, _ := strings.Cut(line, " "); command {
	case "srn-split":
		line += " --allow-partial"
	case "srn-meta":
		for _, f := range []string{"--rounds 1", "--inner-n 16", "--outer-n 10", "--channels 16"} {
			set(strings.Fields(f)[0], strings.Fields(f)[1])
		}
		if !strings.Contains(line, "--mode online") {
			set("--inner-epochs", "1")
		}
	case "srn-fit":
		set("--epochs", "2")
		set("--batch", "50")
		if strings.Contains(line, "--checkpoint-every") {
			set("--checkpoint-every", "1")
		}
	case "srn-hessian":
		set("--examples", "20")
		if strings.HasPrefix(rest, "density") {
			set("--steps", "10")
		}
		line = strings.ReplaceAll(line, ":25", ":3")
	}
	// Stand-ins may lie where a reader has nothing yet.
	if !strings.HasPrefix(line, "srn-split") && !strings.HasPrefix(line, "srn-report") && strings.Contains(line, " -o ") && !strings.Contains(line, "--resume") {
		line += " --overwrite"
	}
	return environment + line
}

// standIns makes small files of the names that the documentation uses.
func standIns(t *testing.T, root string) string {
	t.Helper()
	dir := t.TempDir()
	for _, spec := range []cifartest.Spec{{Dataset: "cifar10", PerFile: 40, Seed: 1}, {Dataset: "cifar100", PerFile: 200, Seed: 2}} {
		name := map[string]string{"cifar10": "cifar-10-binary.tar.gz", "cifar100": "cifar-100-binary.tar.gz"}[spec.Dataset]
		if err := cifartest.Write(filepath.Join(dir, name), spec.Files()); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{"run", "runs", "meta", "ce", "srn", "ARM-seedS", "docs/figures"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(root, "results"), filepath.Join(dir, "results")); err != nil {
		t.Fatal(err)
	}
	// Runs of which tables of the paper's have rows.
	if err := os.Symlink(filepath.Join(root, "results", "resnet8-cifar10-30epochs", "records.jsonl.zst"), filepath.Join(dir, "runs", "published.jsonl.zst")); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"srn-split --dataset cifar10 --allow-partial --data cifar-10-binary.tar.gz --val-fraction 0.2 -o cifar10.safetensors.zst",
		"srn-split --dataset synthetic --synthetic-train 60 --synthetic-test 20 -o mine.safetensors",
		"srn-meta --data cifar10.safetensors.zst --arch resnet8 --rounds 1 --inner-epochs 1 --inner-n 16 --outer-n 10 --channels 16 -o meta/gap-dictionary-seedS.safetensors.zst",
		"srn-fit --data cifar10.safetensors.zst --arch resnet8 --epochs 2 --batch 50 --checkpoint-every 1 --checkpoints run -o ARM-seedS/checkpoint.safetensors.zst --metrics run/fit.jsonl.zst",
		"srn-fit --data cifar10.safetensors.zst --arch resnet20 --epochs 1 --batch 50 -o model.safetensors --metrics runs/model.jsonl.zst",
		"srn-hessian top --data cifar10.safetensors.zst --examples 20 run/epoch-0001.safetensors.zst run/epoch-0002.safetensors.zst -o runs/hessian.jsonl.zst",
	} {
		cmd := command(dir, strings.Fields(line)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	for to, from := range map[string]string{
		"data.safetensors.zst": "cifar10.safetensors.zst", "runs/fit.jsonl.zst": "run/fit.jsonl.zst",
		"srn.safetensors.zst": "meta/gap-dictionary-seedS.safetensors.zst", "net.safetensors.zst": "ARM-seedS/checkpoint.safetensors.zst", "model.pth": "model.safetensors",
	} {
		if err := os.Link(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Flags of our commands and targets of make that the text names exist.
func TestDocumentedFlags(t *testing.T) {
	needInputs(t)
	help := map[string]string{}
	flags := func(args ...string) string {
		key := strings.Join(args, " ")
		if help[key] == "" {
			out, _ := command(t.TempDir(), append(args, "--help")...).CombinedOutput()
			help[key] = string(out)
		}
		return help[key]
	}
	span := regexp.MustCompile("`(srn-(?:split|meta|fit|eval|hessian|report)|make) ([^`]+)`")
	flag := regexp.MustCompile(`--[a-z][a-z0-9-]*`)
	for _, path := range documents(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range span.FindAllStringSubmatch(string(text), -1) {
			first := strings.Fields(m[2])[0]
			if m[1] == "make" {
				if strings.HasPrefix(first, "-") {
					continue
				}
				for _, folder := range []string{"..", "../pipelines"} {
					cmd := exec.Command("make", "-n", "-C", folder, first, "DATA=.", "BIN=.", "OUT=out")
					cmd.Env = append(os.Environ(), "MAKEFLAGS=")
					if err = cmd.Run(); err == nil {
						break
					}
				}
				if err != nil {
					t.Errorf("%s: %s: no such target", path, m[0])
				}
				continue
			}
			all := flags(m[1])
			if m[1] == "srn-report" {
				all += flags(m[1], "render") // the default
			}
			if !strings.HasPrefix(first, "-") && first != "…" {
				all += flags(m[1], first)
			}
			for _, f := range flag.FindAllString(m[2], -1) {
				if !slices.Contains(flag.FindAllString(all, -1), f) {
					t.Errorf("%s: %s: no flag %s", path, m[0], f)
				}
			}
		}
	}
	if len(help) < 6 {
		t.Errorf("only %v are named", slices.Collect(maps.Keys(help)))
	}
}
