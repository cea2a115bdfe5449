// Package pipelines_test runs the make files as a user would, on generated
// images and networks trained for seconds.
package pipelines_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"srn/pkg/artifact"
)

// toy are settings by which a run takes a second.
var toy = []string{
	"DATASETS=synthetic", "ARCHS=resnet8", "METHODS=ce srn", "SEEDS=0 1", "EPOCHS=2", "EXAMPLES=20", "CHECKPOINT_EVERY=2",
	"SPLIT_FLAGS=--synthetic-train 320 --synthetic-test 50", "META_FLAGS=--rounds 2 --inner-epochs 1 --outer-n 30", "FIT_FLAGS=--batch 64",
}

// bin is a folder of the commands, built once.
var bin string

func TestMain(m *testing.M) {
	// Go runs tests again only where a file changed that the tests themselves have
	// read: not make, not a build.
	for _, dir := range []string{".", "../cmd", "../pkg", "../kernels"} {
		_ = filepath.WalkDir(dir, func(string, os.DirEntry, error) error { return nil })
	}
	dir, err := os.MkdirTemp("", "srn-bin")
	if err != nil {
		panic(err)
	}
	bin = dir
	if out, err := exec.Command("go", "build", "-o", bin+"/", "srn/cmd/...").CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// makes prepares make in this folder with files of the test's own. Settings
// given later win.
func makes(t *testing.T, out string, args ...string) *exec.Cmd {
	t.Helper()
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is not installed")
	}
	cmd := exec.Command("make", append(append([]string{"OUT=" + out, "BIN=" + bin}, toy...), args...)...)
	cmd.Env = append(os.Environ(), "MAKEFLAGS=", "SRN_THREADS=1")
	return cmd
}

// run runs a command that must succeed and returns what it printed.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return string(out)
}

// sums are the contents' hashes of all checkpoints and surrogates below a folder.
func sums(t *testing.T, dir string) map[string]string {
	t.Helper()
	sums := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".safetensors.zst") {
			return err
		}
		sum, err := artifact.HashFile(path)
		name, _ := filepath.Rel(dir, path)
		sums[name] = sum
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

func equal(t *testing.T, got, want map[string]string) {
	t.Helper()
	for name, sum := range want {
		if got[name] != sum {
			t.Errorf("%s: content %s, want %s", name, got[name], sum)
		}
	}
	if len(want) == 0 || len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
}

func wait(t *testing.T, what string, ready func() bool) {
	t.Helper()
	for range 6000 { // five minutes
		if ready() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("waited for %s in vain", what)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// The commands that make prints are the ones that a user would type, and
// nothing is run twice.
func TestChain(t *testing.T) {
	out := t.TempDir()
	plan := run(t, makes(t, out, "-n", "synthetic-resnet8"))
	for _, want := range []string{
		"srn-split --dataset synthetic --synthetic-train 320",
		"srn-meta --resume --data " + out + "/synthetic/data.safetensors.zst --arch resnet8 --seed 1 --rounds 2",
		"srn-fit --resume --data " + out + "/synthetic/data.safetensors.zst --arch resnet8 --method srn --epochs 2 --seed 1",
		"--srn " + out + "/synthetic/resnet8/surrogates/srn/seed1/srn.safetensors.zst",
		out + "/synthetic/resnet8/2epochs/ce/seed1/checkpoint.safetensors.zst --metrics",
	} {
		if !strings.Contains(plan, want) {
			t.Errorf("make -n does not show %q:\n%s", want, plan)
		}
	}
	// Whatever is there already, a file is made by its own rule.
	run(t, makes(t, out, out+"/synthetic/data.safetensors.zst"))
	run(t, makes(t, out, "-j2", "synthetic-resnet8"))
	for _, suffix := range []string{"html", "md", "tex", "csv"} {
		if !exists(filepath.Join(out, "synthetic-resnet8/report."+suffix)) {
			t.Errorf("no report.%s", suffix)
		}
	}
	if again := run(t, makes(t, out, "synthetic-resnet8")); strings.Contains(again, "srn-") {
		t.Errorf("made again without need:\n%s", again)
	}

	// A report that was stopped between its formats is made to its end.
	if err := os.Remove(filepath.Join(out, "synthetic-resnet8/report.csv")); err != nil {
		t.Fatal(err)
	}
	run(t, makes(t, out, "synthetic-resnet8"))
	if !exists(filepath.Join(out, "synthetic-resnet8/report.csv")) {
		t.Error("a format that is missing is not made")
	}

	// One run more makes one run, and the report anew.
	more := run(t, makes(t, out, "synthetic-resnet8", "METHODS=ce srn mine", "SEEDS=0", "arm.mine=--method ce --lr 0.1"))
	if strings.Count(more, "srn-fit --resume") != 1 || !strings.Contains(more, "--method ce --lr 0.1") || !strings.Contains(more, "srn-report ") {
		t.Errorf("want one more run and a report:\n%s", more)
	}

	// Stopped and called again ends as uninterrupted.
	other := t.TempDir()
	stopped := makes(t, other, "synthetic-resnet8")
	if err := stopped.Start(); err != nil {
		t.Fatal(err)
	}
	wait(t, "a training", func() bool { return exists(filepath.Join(other, "synthetic/resnet8/2epochs/ce/seed0/.fit.flags")) })
	_ = stopped.Process.Signal(os.Interrupt)
	_ = stopped.Wait()
	run(t, makes(t, other, "synthetic-resnet8"))
	run(t, makes(t, other, "synthetic-resnet8", "METHODS=mine", "SEEDS=0", "arm.mine=--method ce --lr 0.1"))
	equal(t, sums(t, other), sums(t, out))
}

func TestNoArchive(t *testing.T) {
	for _, data := range []string{"", "no-such-folder", "no such folder"} {
		out, err := makes(t, t.TempDir(), "cifar10-resnet8", "DATASETS=cifar10", "DATA="+data).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "DATA=") {
			t.Errorf("DATA=%q: %v\n%s", data, err, out)
		}
	}
}

// What does not exist is refused by its name, before anything is made.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ setting, message string }{
		{"TARGETS=tabel2", "TARGETS: there is no experiment tabel2; there are: "},
		{"METHODS=ce seg", "METHODS: seg is neither an arm of arms.mk nor a method of srn-fit"},
		{"arm.mine=--method ce --set x=1", "METHODS: mine is neither"},
		{"DATASETS=mnist", "DATASETS: there is no data set mnist; there are: "},
		{"ARCHS=resnet9", "ARCHS: there is no network resnet9"},
		{"ARCHS=../resnet8", "ARCHS: ../resnet8 cannot name a folder"},
		{"ARCHS=vgg16", "ARCHS: there is no network vgg16"},
		{"SEEDS=0 one", "SEEDS=0 one: one is not a whole number"},
		{"EPOCHS=1.5", "EPOCHS=1.5: 1.5 is not a whole number"},
		{"GRID=3 5", "GRID=3 5: one number is wanted"},
		{"STALE=ask", "STALE: there is no way ask"},
		{"OUT=/tmp/a b", "OUT=/tmp/a b: a folder whose name has spaces"},
		{"OUT=/tmp/50%", "OUT=/tmp/50%: a folder whose name has %"},
	} {
		out := t.TempDir()
		settings := []string{"status", "TARGETS=figure3", c.setting}
		if strings.HasPrefix(c.setting, "arm.") {
			settings = append(settings, "METHODS=mine")
		}
		text, err := makes(t, out, settings...).CombinedOutput()
		if err == nil || !strings.Contains(string(text), c.message) {
			t.Errorf("%s: %v\n%s", c.setting, err, text)
		}
		if entries, _ := os.ReadDir(out); len(entries) > 0 {
			t.Errorf("%s: %v is made", c.setting, entries)
		}
	}
}

// Make shows what every target would do without doing it.
func TestDryRun(t *testing.T) {
	targets := []string{"", "help", "fetch", "smoke", "status", "pending", "plan", "tasks", "reports", "slurm", "parallel", "prepare", "datas",
		"table2", "table3", "table4", "table5", "table6", "table7", "figure1", "figure3", "figure5", "figure6", "curvature", "guidance", "guidance-full",
		"cifar10-resnet8", "cifar100-resnet20", "cifar10-2000-resnet8", "synthetic-resnet14"}
	for _, target := range append(targets, "-fdemo.mk") {
		out := filepath.Join(t.TempDir(), "out")
		cmd := exec.Command("make", "-n", "OUT="+out, "DATA=.")
		if target != "" {
			cmd.Args = append(cmd.Args, target)
		}
		cmd.Env = append(os.Environ(), "MAKEFLAGS=")
		run(t, cmd)
		if exists(out) {
			t.Errorf("make -n %s makes files", target)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{nil, {"help"}} {
		cmd := exec.Command("make", args...)
		cmd.Env = append(os.Environ(), "MAKEFLAGS=")
		if text := run(t, cmd); !strings.Contains(text, "figure3            the Hessian's largest eigenvalue over the epochs\n") {
			t.Errorf("make %v:\n%s", args, text)
		}
	}
}

// A path with spaces and an apostrophe is found, and given to srn-split whole.
func TestDataWithSpaces(t *testing.T) {
	data := filepath.Join(t.TempDir(), "Ann's data sets")
	if err := os.Mkdir(data, 0o777); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(data, "cifar-10-binary.tar.gz")
	write(t, archive, "no archive", 0o666)
	for _, given := range []string{data, archive} {
		text, err := makes(t, t.TempDir(), "synthetic-resnet8", "DATASETS=cifar10", "DATA="+given).CombinedOutput()
		if err == nil || !strings.Contains(string(text), "srn-split: "+archive+": ") {
			t.Errorf("DATA=%s: %v\n%s", given, err, text)
		}
	}
}

// A plan lists what is not complete.
func TestPlan(t *testing.T) {
	out := t.TempDir()
	got := run(t, makes(t, out, "-s", "plan", "TARGETS=figure3"))
	if !strings.Contains(got, "synthetic  resnet8   srn                            2 ") {
		t.Errorf("plan:\n%s", got)
	}
	if n := strings.Count(run(t, makes(t, out, "-s", "pending", "TARGETS=figure3")), "\n"); n != 4 {
		t.Errorf("%d runs pending, want 4", n)
	}
	run(t, makes(t, out, "figure3", "SEEDS=0"))
	if n := strings.Count(run(t, makes(t, out, "-s", "pending", "TARGETS=figure3")), "\n"); n != 2 {
		t.Errorf("%d runs pending, want 2", n)
	}
}

func TestParallel(t *testing.T) {
	if out, err := exec.Command("parallel", "--version").Output(); err != nil || !strings.HasPrefix(string(out), "GNU parallel") {
		t.Skip("GNU parallel is not installed")
	}
	out := t.TempDir()
	run(t, makes(t, out, "parallel", "TARGETS=figure3", "JOBS=2", "TASK_EPOCHS=2"))
	log, err := os.ReadFile(filepath.Join(out, "joblog.tsv"))
	if err != nil || strings.Count(string(log), "\n") != 5 {
		t.Errorf("joblog: %v\n%s", err, log)
	}
	if !exists(filepath.Join(out, "figure3/report.html")) {
		t.Error("no report")
	}
}
