package pipelines_test

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
NodeName=%[1]s CPUs=2 State=UNKNOWN
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

// A grid on a real Slurm: a task that is queued again in the middle of its
// training goes on; one that is killed is submitted again; all ends with the
// bytes of runs that nothing disturbed.
func TestSlurm(t *testing.T) {
	startSlurm(t)
	long := []string{"EPOCHS=30", "CHECKPOINT_EVERY=15", "METHODS=ce", "SEEDS=0 1", "TARGETS=figure3"}
	out := t.TempDir()
	submit := func() { run(t, makes(t, out, append([]string{"slurm", "SLURM_FLAGS=--ntasks=1"}, long...)...)) }
	seed := func(n int, file string) string {
		return filepath.Join(out, "synthetic/resnet8/30epochs/ce", fmt.Sprint("seed", n), file)
	}
	jobs := func() string {
		list, _ := exec.Command("squeue", "--noheader", "--format=%j %F_%K %t").Output()
		return string(list)
	}

	submit()
	for n := range 2 {
		wait(t, "a training", func() bool { return exists(seed(n, "checkpoint.safetensors.zst.state")) })
	}
	_, line, _ := strings.Cut(jobs(), "srn-runs ")
	array, _, _ := strings.Cut(line, "_")
	run(t, exec.Command("scontrol", "requeue", array+"_1"))
	_ = exec.Command("pkill", "-KILL", "-f", "srn-fit .*"+seed(1, "checkpoint")).Run()
	wait(t, "the requeued task", func() bool {
		_ = exec.Command("scontrol", "update", "JobId="+array+"_1", "StartTime=now").Run()
		return exists(seed(0, "checkpoint.safetensors.zst"))
	})
	wait(t, "the queue to empty", func() bool { return jobs() == "" })
	if exists(seed(1, "checkpoint.safetensors.zst")) || exists(filepath.Join(out, "figure3/report.html")) {
		t.Error("the killed run was not killed")
	}

	submit()
	wait(t, "the report", func() bool { return exists(filepath.Join(out, "figure3/report.html")) })
	if log, _ := filepath.Glob(filepath.Join(out, "slurm/srn-runs-*_1.log")); len(log) == 0 {
		t.Error("no logs")
	}

	straight := t.TempDir()
	run(t, makes(t, straight, append([]string{"figure3"}, long...)...))
	equal(t, sums(t, filepath.Join(out, "synthetic")), sums(t, filepath.Join(straight, "synthetic")))
}
