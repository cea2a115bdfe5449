package pipelines_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// task is slurm/task.sh with a make of the test's own and the environment of an
// engine.
func task(t *testing.T, makefile, list string, env ...string) *exec.Cmd {
	t.Helper()
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is not installed")
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Makefile"), makefile, 0o666)
	write(t, filepath.Join(dir, "list"), list, 0o666)
	script, err := filepath.Abs("slurm/task.sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(script, "list", "SETTING=a b")
	cmd.Dir = dir
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "SLURM_") && !strings.HasPrefix(v, "MAKE") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

// Every engine's number is that of a line, counted from 1.
func TestTaskNumbers(t *testing.T) {
	const makefile, list = "%:\n\t@echo '$@ $(SETTING) $(SRN_THREADS)'\n", "one\ntwo and\nthree\n"
	for _, c := range []struct {
		env  string
		code int
		want string
	}{
		{"TASK=2", 0, "two a b 1\nand a b 1\n"},
		{"SLURM_ARRAY_TASK_ID=1 SLURM_CPUS_PER_TASK=4", 0, "one a b 4\n"},
		{"JOB_COMPLETION_INDEX=0", 0, "one a b 1\n"},
		{"AWS_BATCH_JOB_ARRAY_INDEX=2 SRN_THREADS=3", 0, "three a b 3\n"},
		{"PBS_ARRAY_INDEX=3", 0, "three a b 1\n"},
		{"SGE_TASK_ID=3", 0, "three a b 1\n"},
		{"SGE_TASK_ID=undefined TASK=1", 0, "one a b 1\n"},
		{"SGE_TASK_ID=undefined", 2, "task.sh: no number: none of TASK, SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, "},
		{"", 2, "task.sh: no number"},
		{"SLURM_ARRAY_TASK_ID=4", 2, "task.sh: list has no line 4\n"},
		{"JOB_COMPLETION_INDEX=3", 2, "task.sh: list has no line 4\n"},
		{"TASK=0", 2, "task.sh: 0 is not the number of a task\n"},
		{"TASK=x", 2, "task.sh: x is not the number of a task\n"},
	} {
		cmd := task(t, makefile, list, strings.Fields(c.env)...)
		out, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != c.code || !strings.HasPrefix(string(out), c.want) || c.code == 0 && string(out) != c.want {
			t.Errorf("%s: exit code %d, %q; want %d, %q", c.env, cmd.ProcessState.ExitCode(), out, c.code, c.want)
		}
	}
}

// A task that is asked to stop lets its command save what it has, and is queued
// again where the engine can be told so.
func TestTaskStops(t *testing.T) {
	const makefile = "long:\n\t@sleep 60 & trap 'echo saved; kill $$!; exit 130' TERM; echo started; wait\n"
	for _, c := range []struct {
		env, asked string
		code       int
	}{
		{"JOB_COMPLETION_INDEX=0", "", 143},
		{"SGE_TASK_ID=1", "", 99},
		{"SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_JOB_ID=7 SLURM_JOB_ID=7 STATE=RUNNING", "requeue 7_1\n", 143},
		{"SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_JOB_ID=7 SLURM_JOB_ID=9 STATE=RUNNING", "requeue 7_1\n", 143},
		{"TASK=1 SLURM_JOB_ID=9 STATE=RUNNING", "requeue 9\n", 143},
		{"SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_JOB_ID=7 SLURM_JOB_ID=9 STATE=COMPLETING", "", 143}, // cancelled by a user
	} {
		fake := t.TempDir()
		write(t, filepath.Join(fake, "scontrol"), "#!/bin/sh\necho \"$@\" >>"+fake+"/asked\n", 0o755)
		write(t, filepath.Join(fake, "squeue"), "#!/bin/sh\necho $STATE\n", 0o755)
		cmd := task(t, makefile, "long\n", append(strings.Fields(c.env), "PATH="+fake+":"+os.Getenv("PATH"))...)
		log := filepath.Join(fake, "log")
		f, err := os.Create(log)
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stdout, cmd.Stderr = f, f
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := func(s string) bool { b, _ := os.ReadFile(log); return strings.Contains(string(b), s) }
		wait(t, "the command", func() bool { return said("started") })
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		asked, _ := os.ReadFile(filepath.Join(fake, "asked"))
		if !said("saved") || cmd.ProcessState.ExitCode() != c.code || string(asked) != c.asked {
			b, _ := os.ReadFile(log)
			t.Errorf("%s: exit code %d, asked for %q\n%s", c.env, cmd.ProcessState.ExitCode(), asked, b)
		}
	}
}
