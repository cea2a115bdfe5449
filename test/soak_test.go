//go:build linux

package test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

var soak = flag.Duration("soak", 0, "how long TestSoak lets each command run")

// TestSoak lets long commands run and looks at their memory and open files:
// neither may grow after the first fifth of the time.
func TestSoak(t *testing.T) {
	if *soak == 0 {
		t.Skip("give -soak a time, such as 30m")
	}
	needInputs(t)
	for _, c := range []struct{ name, line string }{
		{"fit", "srn-fit -q --data IN/data.safetensors.zst --arch resnet8 --method srn --srn IN/srn.safetensors.zst --epochs 1000000 --batch 32 --eval-every 1 --checkpoint-every 50 --checkpoints series -o net.safetensors.zst --metrics fit.jsonl.zst"},
		{"meta", "srn-meta -q --data IN/data.safetensors.zst --arch resnet8 --rounds 1000000 --inner-epochs 1 --inner-n 32 --outer-n 16 --channels 16 -o srn.safetensors.zst --metrics meta.jsonl.zst"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cmd := command(dir, words(c.line)...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			every := max(*soak/500, 100*time.Millisecond)
			var samples []sample
			for start := time.Now(); time.Since(start) < *soak; time.Sleep(every) {
				s, err := look(cmd.Process.Pid)
				if err != nil {
					t.Fatalf("%v\n%s", err, stderr.String())
				}
				samples = append(samples, s)
			}
			cmd.Process.Signal(syscall.SIGTERM)
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != 130 {
				t.Errorf("exit code %d\n%s", code, stderr.String())
			}
			early, late := worst(samples[len(samples)/10:len(samples)/5]), worst(samples[len(samples)*4/5:])
			t.Logf("%v, %v of processor time: resident memory %.1f MB early, %.1f MB late; open files %d, %d; threads %d, %d", *soak,
				(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Round(time.Second),
				float64(early.memory)/1e6, float64(late.memory)/1e6, early.files, late.files, early.threads, late.threads)
			if late.memory > early.memory*21/20+1<<20 || late.files > early.files || late.threads > early.threads+2 {
				t.Error("it grows")
			}
		})
	}
}

// sample is what a process holds at one time.
type sample struct {
	memory         int64 // resident, in bytes
	files, threads int
}

func look(pid int) (s sample, err error) {
	proc := fmt.Sprintf("/proc/%d/", pid)
	open, err := os.ReadDir(proc + "fd")
	if err != nil {
		return s, err
	}
	threads, err := os.ReadDir(proc + "task")
	if err != nil {
		return s, err
	}
	statm, err := os.ReadFile(filepath.Join(proc, "statm"))
	if err != nil {
		return s, err
	}
	pages, err := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
	return sample{pages * int64(os.Getpagesize()), len(open), len(threads)}, err
}

// worst is the most memory and threads, and the fewest open files: a file that is
// being written is open for a moment, one that was forgotten is always there.
func worst(samples []sample) (w sample) {
	w.files = samples[0].files
	for _, s := range samples {
		w.memory, w.files, w.threads = max(w.memory, s.memory), min(w.files, s.files), max(w.threads, s.threads)
	}
	return w
}
