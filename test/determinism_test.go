package test

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"srn/pkg/artifact"
)

const short = "srn-fit --data IN/data.safetensors.zst --arch resnet8 --method srn --srn IN/srn.safetensors.zst --epochs 2 --batch 32 -o net.safetensors --metrics fit.jsonl"

// Neither the number of threads nor that of processors changes a byte.
func TestSameBytesAtAnyThreads(t *testing.T) {
	needInputs(t)
	want := t.TempDir()
	mustRun(t, want, short)
	for _, env := range [][]string{{"SRN_THREADS=2"}, {"SRN_THREADS=3"}, {"SRN_THREADS=2", "GOMAXPROCS=1"}, {"SRN_THREADS="}} {
		dir := t.TempDir()
		mustRun(t, dir, short, env...)
		sameContents(t, env[0], contents(t, dir), contents(t, want))
	}
}

// kernelTolerance is how far, relative to the parameters' norm, networks may
// lie apart after the two first steps on different kernels. Training amplifies
// what rounding begins: after eight steps at the full rate it is some 3e-3.
const kernelTolerance = 1e-5

// Kernel sets round differently, and no more than that.
func TestKernelSetsAgree(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("there is one set on this machine")
	}
	needInputs(t)
	line := strings.Replace(short, "--epochs 2 --batch 32", "--epochs 1 --batch 50 --lr 0.01", 1)
	reference := t.TempDir()
	mustRun(t, reference, line, "SRN_KERNELS=generic")
	want := parameters(t, reference)
	for _, set := range []string{"avx2", "avx512"} {
		dir := t.TempDir()
		if code, stderr := run(t, dir, line, "SRN_KERNELS="+set); code == 2 {
			t.Logf("no %s here: %s", set, stderr)
			continue
		} else if code != 0 {
			t.Fatal(stderr)
		}
		var difference, norm float64
		for i, v := range parameters(t, dir) {
			difference += (v - want[i]) * (v - want[i])
			norm += want[i] * want[i]
		}
		if d := math.Sqrt(difference / norm); !(d <= kernelTolerance) {
			t.Errorf("%s: the networks lie %.1e apart", set, d)
		} else {
			t.Logf("%s: the networks lie %.1e apart", set, d)
		}
	}
}

func parameters(t *testing.T, dir string) (all []float64) {
	t.Helper()
	f, err := artifact.Read(filepath.Join(dir, "net.safetensors"), artifact.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range f.Tensors {
		v, err := x.Float64s()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v...)
	}
	return all
}

// A command asks the kernel for no socket.
func TestNoNetwork(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not here")
	}
	needInputs(t)
	for _, line := range []string{
		"srn-split --dataset synthetic --synthetic-train 20 --synthetic-test 10 -o data.safetensors.zst", short,
		"srn-eval --data IN/data.safetensors.zst IN/net.safetensors.zst -o eval.jsonl",
		"srn-hessian top --data IN/data.safetensors.zst --examples 5 --tol 0.5 IN/net.safetensors.zst -o top.jsonl",
		"srn-report IN/fit.jsonl.zst -o report.html",
	} {
		cmd := command(t.TempDir(), words(line)...)
		cmd.Args = append([]string{strace, "-f", "-qq", "-e", "trace=network", "-o", "calls"}, cmd.Args...)
		cmd.Path = strace
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("strace does not work here: %v\n%s", err, out)
		}
		if calls, err := os.ReadFile(filepath.Join(cmd.Dir, "calls")); err != nil || bytes.Contains(calls, []byte("socket(")) {
			t.Errorf("%s: %v\n%s", line, err, calls)
		}
	}
}
