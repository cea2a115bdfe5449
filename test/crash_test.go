//go:build linux

package test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"srn/pkg/artifact"
)

var (
	kills    = flag.Int("kills", 3, "how often TestCrash kills each command")
	killSeed = flag.Uint64("kill-seed", 1, "of the moments at which it does")
)

// crashes are the commands that TestCrash kills. One that can resume is
// started again by the same line.
var crashes = []struct{ name, line string }{
	{"split", "srn-split --dataset synthetic --synthetic-train 400 --synthetic-test 50 -o data.safetensors.zst"},
	{"meta", "srn-meta --data IN/data.safetensors.zst --arch resnet8 --rounds 4 --inner-epochs 1 --inner-n 24 --outer-n 16 --channels 16 --resume -o srn.safetensors.zst --metrics meta.jsonl.zst"},
	{"meta-unrolled", "srn-meta --data IN/data.safetensors.zst --arch resnet8 --mode online --meta-grad unrolled --rounds 5 --inner-n 24 --outer-n 16 --channels 16 --resume -o srn.safetensors --metrics meta.jsonl"},
	{"fit", "srn-fit --data IN/data.safetensors.zst --arch resnet8 --epochs 5 --batch 32 --eval-every 2 --checkpoint-every 1 --checkpoints series --resume -o net.safetensors.zst --metrics fit.jsonl.zst"},
	{"fit-srn", "srn-fit --data IN/data.safetensors.zst --arch resnet8 --method srn --srn IN/srn.safetensors.zst --guidance-every 3 --epochs 4 --batch 32 --resume -o net.safetensors --metrics fit.jsonl"},
	{"fit-weighted", "srn-fit --data IN/data.safetensors.zst --arch resnet8 --method meta-weight-net --split meta_train --epochs 3 --batch 32 --checkpoint-every 2 --checkpoints . --resume -o net.safetensors.zst --metrics fit.jsonl.zst"},
	{"eval", "srn-eval --data IN/data.safetensors.zst IN/series/epoch-0001.safetensors.zst IN/series/epoch-0002.safetensors.zst IN/net.safetensors.zst --resume -o eval.jsonl.zst"},
	{"hessian-warm", "srn-hessian top --data IN/data.safetensors.zst --examples 20 --tol 0.05 IN/series/epoch-0001.safetensors.zst IN/series/epoch-0002.safetensors.zst IN/series/epoch-0003.safetensors.zst --resume -o top.jsonl.zst"},
	{"hessian-blocks", "srn-hessian top --data IN/data.safetensors.zst --examples 10 --tol 0.1 --per stage --no-warm IN/series/epoch-0001.safetensors.zst IN/series/epoch-0002.safetensors.zst --resume -o blocks.jsonl"},
	{"hessian-worst", "srn-hessian worst --data IN/data.safetensors.zst --examples 10 --tol 0.1 --rho 0.01,0.05 --ascent 3 IN/series/epoch-0001.safetensors.zst IN/series/epoch-0002.safetensors.zst --resume -o worst.jsonl.zst"},
	{"hessian-guidance", "srn-hessian guidance --data IN/data.safetensors.zst --examples 10 --tol 0.1 --srn IN/srn.safetensors.zst IN/series/epoch-0001.safetensors.zst IN/series/epoch-0002.safetensors.zst IN/series/epoch-0003.safetensors.zst --resume -o guidance.jsonl.zst"},
	{"hessian-density", "srn-hessian density --data IN/data.safetensors.zst --examples 10 --steps 5 --probes 3 IN/series/epoch-0001.safetensors.zst IN/series/epoch-0002.safetensors.zst --resume -o density.jsonl.zst"},
	{"hessian-trace", "srn-hessian trace --data IN/data.safetensors.zst --examples 10 --hvps 12 --per stage IN/series/epoch-0001.safetensors.zst --resume -o trace.jsonl"},
	{"hessian-vectors", "srn-hessian top --data IN/data.safetensors.zst --examples 20 --tol 0.1 IN/net.safetensors.zst --vectors v.safetensors.zst --resume -o top.jsonl"},
	{"hessian-resume", "srn-hessian landscape --data IN/data.safetensors.zst --examples 10 --x=-1:1:7 IN/net.safetensors.zst --resume -o plane.jsonl.zst"},
	{"report", "srn-report IN/fit.jsonl.zst IN/eval.jsonl.zst -o report.html"},
}

// TestCrash kills each command at random moments, half of them in time and
// half just after something changed in the output's folder, and now and then
// asks it to stop instead. Whatever is there under a final name is whole then,
// and once the command gets to its end, every file has the bytes of a run that
// nothing happened to.
func TestCrash(t *testing.T) {
	needInputs(t)
	for i, c := range crashes {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(*killSeed, uint64(i)))
			dir := t.TempDir()
			start := time.Now()
			watch := newWatch(t, dir)
			mustRun(t, dir, c.line)
			took, events := time.Since(start), watch.drain()
			want := contents(t, dir)

			done, attempts := 0, 0
			for done < *kills {
				dir := t.TempDir()
				for try := 0; ; try++ {
					if attempts++; attempts > 20**kills {
						t.Fatalf("only %d of %d kills hit", done, attempts)
					}
					var m moment
					if try < 8 { // then it may end
						m = randomMoment(r, took, events)
					}
					outcome, stderr := m.strike(t, dir, c.line)
					if outcome == "done" {
						break
					}
					done++
					if !checkWhole(t, dir, want) {
						t.Fatalf("after %v (%s, kill %d): see above\n%s", m, outcome, done, stderr)
					}
				}
				sameContents(t, fmt.Sprintf("after %d kills", done), contents(t, dir), want)
				if left, _ := filepath.Glob(filepath.Join(dir, ".*.tmp")); len(left) > 0 && strings.Contains(c.line, "--resume") {
					t.Errorf("temporary files are left: %v", left)
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

// moment is when and how a process is struck.
type moment struct {
	after  time.Duration // 0: after events instead
	events int           // in the folder; 0 with after 0: never
	signal syscall.Signal
}

func randomMoment(r *rand.Rand, took time.Duration, events int) moment {
	m := moment{signal: syscall.SIGKILL}
	if r.IntN(5) == 0 {
		m.signal = []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}[r.IntN(3)]
	}
	if events > 0 && r.IntN(2) == 0 {
		m.events = 1 + r.IntN(events)
	} else {
		m.after = time.Duration(1 + r.Int64N(int64(took)))
	}
	return m
}

// strike starts a command and strikes it, and returns "done" if it got to its
// end before, else "killed" or "stopped".
func (m moment) strike(t *testing.T, dir, line string) (outcome, stderr string) {
	t.Helper()
	cmd := command(dir, words(line)...)
	var b bytes.Buffer
	cmd.Stderr = &b
	watch := newWatch(t, dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	struck := make(chan struct{})
	go func() {
		defer close(struck)
		switch {
		case m.after > 0:
			select {
			case <-time.After(m.after):
			case <-ended:
				return
			}
		case m.events == 0 || !watch.wait(m.events, ended):
			return
		}
		cmd.Process.Signal(m.signal)
	}()
	cmd.Wait()
	close(ended)
	<-struck
	watch.close()
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case status.Signaled() && status.Signal() == m.signal:
		return "killed", b.String()
	case cmd.ProcessState.ExitCode() == 130:
		return "stopped", b.String()
	case cmd.ProcessState.ExitCode() == 0:
		return "done", b.String()
	}
	t.Fatalf("%s: %v\n%s", line, cmd.ProcessState, b.String())
	return "", ""
}

// checkWhole checks every file under a final name: tensors and reports are
// those of the uninterrupted run or readable states, records a readable
// prefix.
func checkWhole(t *testing.T, dir string, want map[string]string) bool {
	t.Helper()
	for name, got := range contents(t, dir) { // reads all records
		switch {
		case strings.HasSuffix(name, ".state"):
			if _, err := artifact.Read(filepath.Join(dir, name), artifact.Limits{}); err != nil {
				t.Error(err)
			}
		case isRecords(name):
		case got != want[name]:
			t.Errorf("%s is torn: %d bytes, want %d", name, len(got), len(want[name]))
		}
	}
	return !t.Failed()
}

// A disk that is full ends a run with what was saved before, and with room the
// run goes on to the same bytes.
func TestDiskFull(t *testing.T) {
	needInputs(t)
	const line = "srn-fit --data IN/data.safetensors.zst --arch resnet8 --epochs 4 --batch 32 --checkpoint-every 1 --checkpoints series --resume -o net.safetensors.zst --metrics fit.jsonl.zst"
	whole := t.TempDir()
	mustRun(t, whole, line)
	want := contents(t, whole)
	for _, size := range []string{"64k", "800k", "1200k", "1600k"} {
		t.Run(size, func(t *testing.T) {
			dir := smallDisk(t, size)
			code, stderr := run(t, dir, line)
			if code != 1 || !strings.Contains(stderr, "no space left on device\n") || !strings.Contains(stderr, "hint: free some space") {
				t.Fatalf("exit code %d\n%s", code, stderr)
			}
			checkWhole(t, dir, want)
			if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=16m"); err != nil {
				t.Fatal(err)
			}
			mustRun(t, dir, line)
			sameContents(t, "with more room", contents(t, dir), want)
		})
	}
	for _, c := range crashes {
		if strings.HasPrefix(c.name, "fit") || c.name == "eval" || strings.HasPrefix(c.name, "hessian") {
			continue // small files
		}
		t.Run(c.name, func(t *testing.T) {
			dir := smallDisk(t, "4k")
			code, stderr := run(t, dir, c.line)
			if code != 1 || !strings.Contains(stderr, "hint: free some space") {
				t.Fatalf("exit code %d\n%s", code, stderr)
			}
			for name := range contents(t, dir) {
				if !isRecords(name) {
					t.Errorf("%s is there", name)
				}
			}
		})
	}
}

// smallDisk mounts a file system in memory.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skip("cannot mount a small disk: ", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, 0) })
	return dir
}

// A folder that cannot be written to is told before any work is done.
func TestReadOnlyFolder(t *testing.T) {
	needInputs(t)
	dir := smallDisk(t, "64k")
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip("cannot mount a disk read-only: ", err)
	}
	for _, c := range crashes {
		code, stderr := run(t, dir, strings.Replace(c.line, "--checkpoints series", "--checkpoints .", 1))
		if code != 1 || !strings.Contains(stderr, "read-only file system") || !strings.Contains(stderr, "hint: name a file on a disk that can be written to") {
			t.Errorf("%s: exit code %d\n%s", c.name, code, stderr)
		}
	}
}

// Two processes with one output: records have one writer, and files without
// records are whole whoever comes last.
func TestTwoWriters(t *testing.T) {
	needInputs(t)
	const line = "srn-fit --data IN/data.safetensors.zst --arch resnet8 --epochs 3 --batch 32 -o net.safetensors.zst"
	dir := t.TempDir()
	mustRun(t, dir, line+" --metrics fit.jsonl.zst")
	want := contents(t, dir)

	dir = t.TempDir()
	first := command(dir, words(line+" --metrics fit.jsonl.zst")...)
	watch := newWatch(t, dir)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "fit.jsonl.zst.partial")); err == nil {
			break
		}
		watch.wait(1, nil)
	}
	code, stderr := run(t, dir, line+" --metrics fit.jsonl.zst")
	if err := first.Wait(); err != nil {
		t.Fatal(err)
	}
	if code == 0 {
		t.Log("the first was done before the second began")
	} else if code != 1 || !strings.Contains(stderr, "fit.jsonl.zst: another process is writing it") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	sameContents(t, "records", contents(t, dir), want)

	delete(want, "fit.jsonl.zst")
	dir = t.TempDir()
	first, second := command(dir, words(line)...), command(dir, words(line)...)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	if err := second.Run(); err != nil {
		t.Error(err)
	}
	if err := first.Wait(); err != nil {
		t.Error(err)
	}
	sameContents(t, "no records", contents(t, dir), want)
}

// A reader that goes away ends a command without a word.
func TestBrokenPipe(t *testing.T) {
	needInputs(t)
	for _, line := range []string{
		"srn-split --dataset synthetic -o -",
		"srn-eval -q --data IN/data.safetensors.zst IN/net.safetensors.zst",
		"srn-hessian top -q --data IN/data.safetensors.zst --examples 10 --tol 0.5 IN/net.safetensors.zst",
		"srn-fit -q --data IN/data.safetensors.zst --arch resnet8 --epochs 1 --metrics - -o net.safetensors",
		"srn-report IN/fit.jsonl.zst",
	} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd := command(t.TempDir(), words(line)...)
		var stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = w, &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		r.Close()
		if err := cmd.Wait(); err == nil || stderr.Len() > 0 {
			t.Errorf("%s: %v, %s", line, err, stderr.String())
		}
	}
}
