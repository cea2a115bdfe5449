// Package test runs the built commands as users do, and does to them what a
// bad day does: kills, full disks, closed pipes, wrong inputs.
package test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"srn/pkg/artifact/artifacttest"
)

// bin is the folder of the commands, inputs one of files that they can read.
var bin, inputs string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		work, err := os.MkdirTemp("", "srn-test-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(work)
		bin, inputs = filepath.Join(work, "bin"), filepath.Join(work, "in")
		build := exec.Command("go", "build", "-o", bin+"/", "srn/cmd/...")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%s%v\n", out, err)
			return 1
		}
		return m.Run()
	}())
}

// makeInputs makes the files that tests share: synthetic data with a name of
// its own, a surrogate and a series of checkpoints.
var makeInputs = sync.OnceValue(func() error {
	if err := os.MkdirAll(inputs, 0o777); err != nil {
		return err
	}
	for _, line := range []string{
		"srn-split --dataset synthetic --synthetic-train 100 --synthetic-test 40 --val-fraction 0.2 -o data.safetensors.zst",
		"srn-meta --data data.safetensors.zst --arch resnet8 --rounds 1 --inner-epochs 1 --inner-n 16 --outer-n 16 --channels 16 -o srn.safetensors.zst",
		"srn-fit --data data.safetensors.zst --arch resnet8 --epochs 3 --batch 50 --checkpoint-every 1 --checkpoints series -o net.safetensors.zst --metrics fit.jsonl.zst",
		"srn-eval --data data.safetensors.zst net.safetensors.zst -o eval.jsonl.zst",
	} {
		cmd := command(inputs, strings.Fields(line)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %v\n%s", line, err, out)
		}
	}
	return nil
})

func needInputs(t *testing.T) {
	t.Helper()
	if err := makeInputs(); err != nil {
		t.Fatal(err)
	}
}

// command is one of the commands with its arguments, to be run in a folder.
func command(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(bin, args[0]), args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "SRN_THREADS=1", "PATH="+bin+":"+os.Getenv("PATH"))
	return cmd
}

// run runs a command line, in which IN stands for the shared inputs, to its
// end and returns its exit code and what it wrote to standard error.
func run(t *testing.T, dir, line string, env ...string) (code int, stderr string) {
	t.Helper()
	cmd := command(dir, words(line)...)
	cmd.Env = append(cmd.Env, env...)
	var b bytes.Buffer
	cmd.Stderr = &b
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	guard := time.AfterFunc(2*time.Minute, func() {
		t.Errorf("%s: does not end", line)
		cmd.Process.Kill()
	})
	defer guard.Stop()
	cmd.Wait()
	return cmd.ProcessState.ExitCode(), b.String()
}

// mustRun is run for what must succeed.
func mustRun(t *testing.T, dir, line string, env ...string) {
	t.Helper()
	if code, stderr := run(t, dir, line, env...); code != 0 {
		t.Fatalf("%s: exit code %d\n%s", line, code, stderr)
	}
}

func words(line string) []string {
	list := strings.Fields(line)
	for i, w := range list {
		list[i] = strings.ReplaceAll(w, "IN/", inputs+"/")
	}
	return list
}

// isTemporary recognises the files that a killed writer leaves.
func isTemporary(name string) bool {
	return strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".tmp")
}

func isRecords(name string) bool { return strings.Contains(name, ".jsonl") }

// contents reads a folder's files, records without what depends on time.
// Temporary files are left out.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || isTemporary(d.Name()) {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if isRecords(name) {
			files[name], err = artifacttest.Timeless(path)
			return err
		}
		b, err := os.ReadFile(path)
		files[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// sameContents compares two folders' files.
func sameContents(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for name, w := range want {
		g, ok := got[name]
		switch {
		case !ok:
			t.Errorf("%s: %s is missing", what, name)
		case g != w && isRecords(name):
			t.Errorf("%s: %s differs:\ngot  %s\nwant %s", what, name, g, w)
		case g != w:
			t.Errorf("%s: %s differs from that of a run without interruption", what, name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %s is left", what, name)
		}
	}
}

// interruptAfterState runs a command until it has saved its state, and stops it.
func interruptAfterState(t *testing.T, cmd *exec.Cmd, state string) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(state); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	cmd.Process.Signal(os.Interrupt)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Fatalf("%v: exit code %d, want 130", cmd.Args, code)
	}
}
