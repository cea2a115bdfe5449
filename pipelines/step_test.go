package pipelines_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Steps of one file wait for each other by what the machine has to lock with,
// and go on with a warning where it has nothing.
func TestStepLocks(t *testing.T) {
	script, err := filepath.Abs("step")
	if err != nil {
		t.Fatal(err)
	}
	for _, lock := range []string{"flock", "perl", ""} {
		t.Run(lock, func(t *testing.T) {
			tools := t.TempDir()
			for _, name := range []string{"sh", "cat", "mkdir", "rm", "sleep", "touch", lock} {
				path, err := exec.LookPath(name)
				if name == "" {
					continue
				}
				if err != nil {
					t.Skipf("%s is not installed", name)
				}
				if err := os.Symlink(path, filepath.Join(tools, name)); err != nil {
					t.Fatal(err)
				}
			}
			out := t.TempDir()
			step := func(command string) (*exec.Cmd, *bytes.Buffer) {
				cmd := exec.Command(filepath.Join(tools, "sh"), script, "sh", "-c", command)
				cmd.Env = []string{"PATH=" + tools, "STEP_FILES=" + out + "/file", "STEP_STAMP=" + out + "/.file.flags", "STEP_FLAGS=same", "STEP_THEN=", "STEP_NOW=", "STEP_STALE=refuse"}
				var said bytes.Buffer
				cmd.Stderr = &said
				return cmd, &said
			}
			// The first goes on when the second has said that it waits, or is through.
			first, _ := step("touch " + out + "/began; while [ ! -e " + out + "/go ]; do sleep 0.01; done; echo first >>" + out + "/file")
			if err := first.Start(); err != nil {
				t.Fatal(err)
			}
			wait(t, "the first step", func() bool { return exists(out + "/began") })
			second, _ := step("echo second >>" + out + "/file")
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			second.Stderr = w
			if err := second.Start(); err != nil {
				t.Fatal(err)
			}
			w.Close()
			said := make([]byte, 1000)
			n, _ := r.Read(said)
			if lock == "" {
				_ = second.Wait()
			}
			write(t, out+"/go", "", 0o666)
			if lock != "" {
				_ = second.Wait()
			}
			_ = first.Wait()
			order, _ := os.ReadFile(out + "/file")
			want, message := "first\nsecond\n", "/file: another make is making it; waiting\n"
			if lock == "" {
				want, message = "second\nfirst\n", "/file: it cannot be locked here; do not let two makes make it at once\n"
			}
			if string(order) != want || !strings.HasSuffix(string(said[:n]), message) {
				t.Errorf("made %q, want %q; said %q", order, want, said[:n])
			}
		})
	}
}
