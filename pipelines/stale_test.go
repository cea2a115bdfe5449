package pipelines_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Flags that decide a file are compared with those that made it: what differs is
// refused, or made again, and told by make status.
func TestStale(t *testing.T) {
	out := t.TempDir()
	of := func(args ...string) []string {
		return append([]string{"METHODS=ce srn", "SEEDS=0", "TARGETS=synthetic-resnet8"}, args...)
	}
	run(t, makes(t, out, of("synthetic-resnet8")...))
	before := results(t, out)

	for _, c := range []struct{ setting, then, now string }{
		{"FIT_FLAGS=--batch 32", "srn-fit --batch=64", "srn-fit --batch=32"},
		{"FIT_FLAGS=--batch 64 --lr 0.1", "less", "srn-fit --lr=0.1"},
		{"SPLIT_FLAGS=--synthetic-train 330 --synthetic-test 50", "srn-split --synthetic-train=320", "srn-split --synthetic-train=330"},
		{"META_FLAGS=--rounds 3 --inner-epochs 1 --outer-n 30", "srn-meta --rounds=2", "srn-meta --rounds=3"},
		{"EXAMPLES=30", "srn-hessian top --examples=20", "srn-hessian top --examples=30"},
		{"CHECKPOINT_EVERY=1", "srn-fit --checkpoint-every=2", "srn-fit --checkpoint-every=1"},
		{"arm.ce=--method weight-decay", "srn-fit --method=ce", "srn-fit --method=weight-decay"},
		{"SURROGATE_SEED=3", "srn-meta --seed=0", "srn-meta --seed=3"},
	} {
		text, err := makes(t, out, of("synthetic-resnet8", c.setting)...).CombinedOutput()
		for _, want := range []string{"it was made with other flags\n", "  asked for  " + c.now + "\n", "STALE=remake"} {
			if err == nil || !strings.Contains(string(text), want) {
				t.Errorf("%s: %v, want %q\n%s", c.setting, err, want, text)
			}
		}
		if status := run(t, makes(t, out, of("status", c.setting)...)); !strings.Contains(status, "made with "+c.then+", asked for "+c.now+"\n") {
			t.Errorf("%s:\n%s", c.setting, status)
		}
		if text, err := makes(t, out, of("tasks", c.setting)...).CombinedOutput(); err == nil || !strings.Contains(string(text), "are stale") {
			t.Errorf("%s: tasks: %v\n%s", c.setting, err, text)
		}
	}
	after := results(t, out)
	for name, w := range before {
		if after[name] != w {
			t.Errorf("%s is not what it was", name)
		}
	}
	// What decides nothing is not compared.
	if text := run(t, makes(t, out, of("synthetic-resnet8", "FIT_FLAGS=--batch 64 --quiet", "SRN_THREADS=2")...)); strings.Contains(text, "srn-") {
		t.Errorf("made again without need:\n%s", text)
	}

	// Remade, and no more than that.
	text := run(t, makes(t, out, of("synthetic-resnet8", "STALE=remake", "arm.ce=--method weight-decay")...))
	if strings.Count(text, "srn-fit --resume") != 1 || strings.Contains(text, "srn-meta ") || strings.Count(text, "srn-eval ") != 1 {
		t.Errorf("remade:\n%s", text)
	}
	straight := t.TempDir()
	run(t, makes(t, straight, of("synthetic-resnet8", "arm.ce=--method weight-decay")...))
	got := results(t, out)
	for name, w := range results(t, straight) {
		if got[name] != w {
			t.Errorf("%s differs from that of a fresh folder:\ngot  %.1000s\nwant %.1000s", name, got[name], w)
		}
	}

	// What nothing is known of is not taken for what was asked for.
	if err := os.Remove(filepath.Join(out, "synthetic/resnet8/2epochs/ce/seed0/.fit.flags")); err != nil {
		t.Fatal(err)
	}
	refused, err := makes(t, out, of("synthetic-resnet8")...).CombinedOutput()
	if err == nil || !strings.Contains(string(refused), "nothing tells the flags that made it") {
		t.Errorf("%v\n%s", err, refused)
	}
}

// make status says of each run what became of it.
func TestStatus(t *testing.T) {
	out := t.TempDir()
	grid := []string{"METHODS=ce srn", "SEEDS=0 1", "EPOCHS=40", "TARGETS=figure3"}
	seed := func(n string) string { return filepath.Join(out, "synthetic/resnet8/40epochs/ce/seed"+n) }
	run(t, makes(t, out, append(grid, seed("0")+"/fit.jsonl.zst", seed("0")+"/eval.jsonl.zst")...))
	stopped := makes(t, out, append(grid, seed("1")+"/fit.jsonl.zst")...)
	stopped.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := stopped.Start(); err != nil {
		t.Fatal(err)
	}
	wait(t, "a series", func() bool { return exists(seed("1") + "/checkpoints/epoch-0004.safetensors.zst") })
	_ = syscall.Kill(-stopped.Process.Pid, syscall.SIGKILL)
	_ = stopped.Wait()
	status := run(t, makes(t, out, append(grid, "status")...))
	t.Log("\n" + status)
	for _, want := range []string{
		"complete  synthetic/data.safetensors.zst\n",
		"missing   synthetic/resnet8/surrogates/srn/seed0/srn.safetensors.zst\n",
		"missing   synthetic/resnet8/40epochs/ce/seed0: no hessian.jsonl.zst\n",
		"partial   synthetic/resnet8/40epochs/ce/seed1: in epoch ",
		"missing   synthetic/resnet8/40epochs/srn/seed1\n",
		"1 complete, 1 partial, 0 stale, 5 missing\n",
	} {
		if !strings.Contains(status, want) {
			t.Errorf("no %q in\n%s", want, status)
		}
	}

	// Reports of what is there name what is not, and make nothing.
	text := run(t, makes(t, out, append(grid, "reports")...))
	if !strings.Contains(text, "of 14 records are missing") || !exists(filepath.Join(out, "figure3/report.html")) || strings.Contains(text, "srn-fit ") {
		t.Errorf("reports:\n%s", text)
	}
}
