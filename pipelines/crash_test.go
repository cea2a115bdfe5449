//go:build linux

package pipelines_test

import (
	"flag"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"srn/pkg/artifact"
	"srn/pkg/artifact/artifacttest"
)

var (
	kills    = flag.Int("kills", 2, "how often TestCrash strikes make")
	killSeed = flag.Uint64("kill-seed", 1, "of how and when it does")
)

// strikes are what can happen to make. What its whole group receives, as by
// Ctrl-C, its commands receive too; else they are on their own.
var strikes = []struct {
	name   string
	signal syscall.Signal
	group  bool
}{
	{"kill -9 of make", syscall.SIGKILL, false},
	{"kill -9 of all", syscall.SIGKILL, true},
	{"TERM of make", syscall.SIGTERM, false},
	{"TERM of all", syscall.SIGTERM, true},
	{"Ctrl-C", syscall.SIGINT, true},
}

// grid is a pipeline of seconds with every kind of step: data, meta-training,
// trainings, measurements of one checkpoint and of several, a report.
func grid(t *testing.T, out string, more ...string) *exec.Cmd {
	return makes(t, out, append([]string{"-j2", "synthetic-resnet8", "SEEDS=0", "EPOCHS=3", "CHECKPOINT_EVERY=1"}, more...)...)
}

// Make, struck at random moments and called again, ends with the bytes of a run
// that nothing happened to, and at no moment is a final name that of a file that
// is not finished.
func TestCrash(t *testing.T) {
	straight := t.TempDir()
	start := time.Now()
	run(t, grid(t, straight))
	took := time.Since(start)
	want := results(t, straight)

	r := rand.New(rand.NewPCG(*killSeed, 0))
	for done := 0; done < *kills; {
		out := t.TempDir()
		for try := 0; ; try++ {
			cmd := grid(t, out)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			log, err := os.Create(filepath.Join(t.TempDir(), "log")) // a pipe would wait for what outlives make
			if err != nil {
				t.Fatal(err)
			}
			cmd.Stdout, cmd.Stderr = log, log
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var struck atomic.Bool
			strike, after := strikes[r.IntN(len(strikes))], time.Duration(r.Int64N(int64(took)))
			if try < 4 && done < *kills { // then it may end
				guard := time.AfterFunc(after, func() {
					target := cmd.Process.Pid
					if strike.group {
						target = -target
					}
					struck.Store(true)
					_ = syscall.Kill(target, strike.signal)
				})
				err = cmd.Wait()
				guard.Stop()
			} else {
				err = cmd.Wait()
			}
			if err == nil {
				break
			}
			text, _ := os.ReadFile(log.Name())
			if !struck.Load() {
				t.Fatalf("%v\n%s", err, text)
			}
			done++
			t.Logf("%s after %v", strike.name, after.Round(time.Millisecond))
			for name, got := range results(t, out) {
				if got != want[name] {
					t.Fatalf("after %s: %s is not finished\n%s", strike.name, name, text)
				}
			}
		}
		got := results(t, out)
		for name, w := range want {
			if got[name] != w {
				t.Errorf("%s differs:\ngot  %.2000s\nwant %.2000s", name, got[name], w)
			}
		}
		left(t, out)
		if t.Failed() {
			return
		}
	}
}

// results are the contents of all files below a folder that have final names,
// records without times, reports, which have times, by their being there.
func results(t *testing.T, out string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // a temporary file, gone since
		}
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		name, _ := filepath.Rel(out, path)
		switch {
		case strings.HasSuffix(name, ".jsonl.zst"):
			text, err := artifacttest.Timeless(path)
			files[name] = strings.ReplaceAll(text, out, "OUT")
			return err
		case strings.HasSuffix(name, ".safetensors.zst"):
			files[name], err = artifact.HashFile(path)
			return err
		case strings.Contains(name, "/report."):
			files[name] = "a report"
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// left complains of what only an unfinished run has.
func left(t *testing.T, out string) {
	t.Helper()
	_ = filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		for _, suffix := range []string{".state", ".partial", ".tmp"} {
			if strings.HasSuffix(path, suffix) {
				t.Errorf("%s is left", path)
			}
		}
		return nil
	})
}

// A file that is finished stays when make is stopped before it knows so, which
// would else delete it: nothing is left then to resume from.
func TestFinishedStays(t *testing.T) {
	fake, out := t.TempDir(), t.TempDir()
	for _, name := range []string{"srn-split", "srn-fit"} {
		write(t, filepath.Join(fake, name), `#!/bin/sh
for word; do
	case $before in -o | --metrics) echo finished >"$word" ;; esac
	case $word in --describe | synthetic) exit_at_once=yes ;; esac
	before=$word
done
[ "$exit_at_once" ] || { touch `+out+`/began; exec sleep 100; }
`, 0o755)
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		checkpoint := filepath.Join(out, "synthetic/resnet8/2epochs/ce/seed0/checkpoint.safetensors.zst")
		cmd := makes(t, out, "BIN="+fake, "METHODS=ce", checkpoint)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		wait(t, "the files", func() bool { return exists(filepath.Join(out, "began")) })
		_ = syscall.Kill(-cmd.Process.Pid, signal)
		_ = cmd.Wait()
		for _, name := range []string{checkpoint, filepath.Join(filepath.Dir(checkpoint), "fit.jsonl.zst")} {
			if !exists(name) {
				t.Errorf("%v: %s is deleted", signal, name)
			}
		}
		_ = os.RemoveAll(out)
		_ = os.Mkdir(out, 0o777)
	}
}

// Two makes of one grid at once: what the first is making the second waits for,
// even where the first was killed and its command was not.
func TestTwoMakes(t *testing.T) {
	straight := t.TempDir()
	run(t, grid(t, straight))
	out := t.TempDir()
	first := grid(t, out, "EPOCHS=3")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	wait(t, "a training", func() bool { return exists(filepath.Join(out, "synthetic/resnet8/3epochs/ce/seed0/.fit.flags")) })
	second := grid(t, out)
	var said strings.Builder
	second.Stdout, second.Stderr = &said, &said
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	_ = first.Process.Kill()
	_ = first.Wait()
	if err := second.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	t.Log("waited: ", strings.Contains(said.String(), "another make is making it; waiting"))
	got := results(t, out)
	for name, w := range results(t, straight) {
		if got[name] != w {
			t.Errorf("%s differs", name)
		}
	}
	left(t, out)
}
