package pipelines_test

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const slurmConf = `ClusterName=test
SlurmctldHost=%[1]s
AuthType=auth/munge
AuthInfo=socket=%[2]s/munge.socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation=%[2]s/state
SlurmdSpoolDir=%[2]s/spool
SlurmctldPidFile=%[2]s/slurmctld.pid
SlurmdPidFile=%[2]s/slurmd.pid
SlurmctldPort=%[3]d
SlurmdPort=%[4]d
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
SlurmdParameters=config_overrides
MaxArraySize=4
NodeName=%[1]s CPUs=4 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`

// startSlurm starts a cluster of this machine alone and points Slurm's
// commands at it.
func startSlurm(t *testing.T) {
	t.Helper()
	for _, name := range []string{"munged", "slurmctld", "slurmd", "sbatch"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed (Debian: slurm-wlm, munge)", name)
		}
	}
	if os.Getuid() != 0 {
		t.Skip("Slurm's daemons need root")
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ = strings.Cut(host, ".")
	if _, err := net.LookupHost(host); err != nil {
		t.Skipf("this machine's name, %s, has no address", host)
	}
	dir := t.TempDir()
	key := make([]byte, 128)
	_, _ = rand.Read(key)
	write(t, filepath.Join(dir, "munge.key"), string(key), 0o400)
	write(t, filepath.Join(dir, "slurm.conf"), fmt.Sprintf(slurmConf, host, dir, freePort(t), freePort(t)), 0o644)
	for _, sub := range []string{"state", "spool"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("SLURM_CONF", filepath.Join(dir, "slurm.conf"))

	in := func(name string) string { return filepath.Join(dir, name) }
	daemon(t, "munged", "--force", "--foreground", "--key-file="+in("munge.key"), "--socket="+in("munge.socket"),
		"--pid-file="+in("munged.pid"), "--seed-file="+in("munged.seed"), "--log-file="+in("munged.log"))
	wait(t, "munged", func() bool { return exists(in("munge.socket")) })
	daemon(t, "slurmctld", "-D", "-i")
	daemon(t, "slurmd", "-D")
	wait(t, "the node", func() bool {
		out, _ := exec.Command("sinfo", "--noheader", "--format=%t").Output()
		return strings.TrimSpace(string(out)) == "idle"
	})
}

// daemon runs a program until the test ends.
func daemon(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// jobs are the queued and running jobs: name, array or job, task, state.
func jobs() string {
	list, _ := exec.Command("squeue", "--noheader", "--array", "--format=%j %F %K %t").Output()
	return string(list)
}

// shown is a field of what scontrol shows of a job.
func shown(t *testing.T, job, field string) string {
	t.Helper()
	text := run(t, exec.Command("scontrol", "--oneliner", "show", "job", job))
	_, rest, _ := strings.Cut(" "+text, " "+field+"=")
	value, _, _ := strings.Cut(rest, " ")
	return value
}

// A grid on a real Slurm whose arrays have at most three tasks: one that is
// asked to stop is queued again alone and resumes, one that a user cancels is
// not, one whose training is killed fails; the reports are made all the same and
// name what is missing; submitted again, all ends with the bytes of runs that
// nothing disturbed.
func TestSlurm(t *testing.T) {
	startSlurm(t)
	long := []string{"EPOCHS=60", "CHECKPOINT_EVERY=30", "METHODS=ce", "SEEDS=0 1 2 3", "TARGETS=figure3", "TASK_EPOCHS=60"}
	out := t.TempDir()
	submit := func() string {
		return run(t, makes(t, out, append([]string{"slurm", "SLURM_FLAGS=--ntasks=1"}, long...)...))
	}
	seed := func(n int, file string) string {
		return filepath.Join(out, "synthetic/resnet8/60epochs/ce", fmt.Sprint("seed", n), file)
	}

	t.Log(submit())
	if again, err := makes(t, out, append([]string{"slurm"}, long...)...).CombinedOutput(); err == nil || !strings.Contains(string(again), "still queued or running") {
		t.Errorf("submitted twice: %v\n%s", err, again)
	}
	// Seeds 0, 1 and 2 are tasks of one array, seed 3 is one of its own.
	for n := range 4 {
		wait(t, "a training", func() bool { return exists(seed(n, ".fit.flags")) })
	}
	var array string
	for line := range strings.Lines(jobs()) {
		if f := strings.Fields(line); f[0] == "srn-runs" && f[2] == "3" {
			array = f[1]
		}
	}
	t.Log("\n" + jobs())
	if shown(t, array+"_3", "JobId") != array {
		t.Errorf("the last task's job is %s, not the array's, %s", shown(t, array+"_3", "JobId"), array)
	}
	run(t, exec.Command("scancel", "--batch", "--signal=TERM", array+"_3"))
	run(t, exec.Command("scancel", array+"_2"))
	wait(t, "the stopped task to be queued again", func() bool { return shown(t, array+"_3", "Restarts") == "1" })
	wait(t, "the cancelled task to end", func() bool { return shown(t, array+"_2", "JobState") == "CANCELLED" })
	t.Log("\n" + jobs())
	for task, want := range map[string]string{"1": "0", "2": "0", "3": "1"} {
		if got := shown(t, array+"_"+task, "Restarts"); got != want {
			t.Errorf("task %s was started again %s times, want %s", task, got, want)
		}
	}
	if state := shown(t, array+"_1", "JobState"); state != "RUNNING" && state != "COMPLETED" {
		t.Errorf("task 1 is %s", state)
	}
	killFit(t, seed(3, "checkpoint"))
	wait(t, "the requeued task", func() bool {
		_ = exec.Command("scontrol", "update", "JobId="+array+"_3", "StartTime=now").Run()
		return exists(seed(2, "checkpoint.safetensors.zst"))
	})
	wait(t, "the queue to empty", func() bool { return jobs() == "" })
	if !exists(seed(0, "hessian.jsonl.zst")) || !exists(seed(2, "hessian.jsonl.zst")) || exists(seed(1, "hessian.jsonl.zst")) || exists(seed(3, "hessian.jsonl.zst")) {
		t.Error("not the two runs that were let go on are complete")
	}
	log, _ := os.ReadFile(filepath.Join(out, "slurm/srn-runs-"+array+"_3.log"))
	if !strings.Contains(string(log), "; saved in ") || !strings.Contains(string(log), "resuming in epoch") {
		t.Errorf("the requeued task did not resume:\n%s", log)
	}
	logs, _ := filepath.Glob(filepath.Join(out, "slurm/srn-report-*.log"))
	if len(logs) != 1 || !exists(filepath.Join(out, "figure3/report.html")) {
		t.Fatalf("no report; logs %v", logs)
	}
	if log, _ := os.ReadFile(logs[0]); !strings.Contains(string(log), "6 of 12 records are missing:\n  "+seed(1, "")) {
		t.Errorf("the report says of what is missing:\n%s", log)
	}

	t.Log(submit())
	wait(t, "the queue to empty", func() bool { return jobs() == "" })
	if missing, err := os.ReadFile(filepath.Join(out, "figure3/missing")); err != nil || len(missing) > 0 {
		t.Errorf("missing: %s, %v", missing, err)
	}
	if text := submit(); !strings.Contains(text, "everything is complete") {
		t.Errorf("submitted for nothing:\n%s", text)
	}
	straight := t.TempDir()
	run(t, makes(t, straight, append([]string{"figure3"}, long...)...))
	equal(t, sums(t, filepath.Join(out, "synthetic")), sums(t, filepath.Join(straight, "synthetic")))

	// A submission that is refused leaves nothing behind.
	refusing := t.TempDir()
	real, _ := exec.LookPath("sbatch")
	write(t, filepath.Join(refusing, "sbatch"), "#!/bin/sh\n[ -e "+refusing+"/3 ] && exit 1\nfor n in 1 2 3; do [ -e "+refusing+"/$n ] || { touch "+refusing+"/$n; exec "+real+" --begin=now+1hour \"$@\"; }; done\n", 0o755)
	cmd := makes(t, t.TempDir(), append([]string{"slurm"}, long...)...)
	cmd.Env = append(cmd.Env, "PATH="+refusing+":"+os.Getenv("PATH"))
	text, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(text), "nothing is left submitted") || !exists(filepath.Join(refusing, "3")) {
		t.Errorf("%v\n%s", err, text)
	}
	wait(t, "what was submitted to be cancelled", func() bool { return jobs() == "" })
}

// killFit kills the training that writes a checkpoint.
func killFit(t *testing.T, checkpoint string) {
	t.Helper()
	pids, err := exec.Command("pgrep", "-f", "^[^ ]*srn-fit .*"+checkpoint).Output()
	if err != nil {
		t.Fatalf("no training of %s: %v", checkpoint, err)
	}
	for pid := range strings.FieldsSeq(string(pids)) {
		n, _ := strconv.Atoi(pid)
		_ = syscall.Kill(n, syscall.SIGKILL)
	}
}
