//go:build cuda

package open

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"srn/pkg/artifact"
	"srn/pkg/device/cuda/driver"
	"srn/pkg/record"
)

// commands are srn-split, srn-fit and others, built with CUDA, run in a folder
// of their own.
type commands struct {
	t   *testing.T
	dir string
}

// bin is the folder of the commands.
var bin string

func TestMain(m *testing.M) {
	var err error
	if bin, err = os.MkdirTemp("", "srn-cuda-"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(bin)
	os.Exit(code)
}

var buildAll = sync.OnceValue(func() error {
	out, err := exec.Command("go", "build", "-tags", "cuda", "-o", bin, "srn/cmd/srn-split", "srn/cmd/srn-meta", "srn/cmd/srn-fit", "srn/cmd/srn-eval", "srn/cmd/srn-hessian").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
})

func build(t *testing.T) *commands {
	if os.Getenv(driver.PathVariable) == "" {
		t.Skip("needs the emulator; make test-cuda runs this")
	}
	if err := buildAll(); err != nil {
		t.Fatal(err)
	}
	t.Parallel() // an emulated GPU has one thread
	c := &commands{t, t.TempDir()}
	c.run("srn-split --dataset synthetic --synthetic-train 40 --synthetic-test 20 -o data.zst")
	return c
}

// command is a command line, whose first words may set environment variables.
func (c *commands) command(line string) *exec.Cmd {
	words := strings.Fields(line)
	env := os.Environ()
	for strings.Contains(words[0], "=") {
		env, words = append(env, words[0]), words[1:]
	}
	command := exec.Command(filepath.Join(bin, words[0]), words[1:]...)
	command.Dir, command.Env = c.dir, env
	return command
}

// start runs a command line.
func (c *commands) start(line string) (stderr string, code int) {
	command := c.command(line)
	var text strings.Builder
	command.Stderr = &text
	err := command.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return text.String(), exit.ExitCode()
	case err != nil:
		c.t.Fatal(err)
	}
	return text.String(), 0
}

func (c *commands) run(line string) {
	c.t.Helper()
	if stderr, code := c.start(line); code != 0 {
		c.t.Fatalf("%s: exit code %d\n%s", line, code, stderr)
	}
}

// number returns the last value of a key in a record file.
func (c *commands) number(file, key string) float64 {
	c.t.Helper()
	streams, err := artifact.ReadRecords(filepath.Join(c.dir, file))
	if err != nil {
		c.t.Fatal(err)
	}
	value := math.NaN()
	for _, r := range streams[0].Records {
		kind, _ := record.Find(r.Type())
		for _, f := range kind.Fields() {
			if v, ok := f.Value(r); ok && f.Key == key {
				switch v := reflect.Indirect(v); {
				case v.CanFloat():
					value = v.Float()
				case v.CanInt():
					value = float64(v.Int())
				}
			}
		}
	}
	return value
}

// same compares a figure that the processor and the GPU have recorded.
func (c *commands) same(file, key string, tolerance float64) {
	c.t.Helper()
	cpu, cuda := c.number(file+"-cpu", key), c.number(file+"-cuda", key)
	c.t.Logf("%s %s: cpu %.9g, cuda %.9g", file, key, cpu, cuda)
	if !(math.Abs(cpu-cuda) <= tolerance*math.Abs(cpu)) {
		c.t.Errorf("%s: %s is %g on the processor and %g on the GPU", file, key, cpu, cuda)
	}
}

// sameBytes compares two files.
func (c *commands) sameBytes(what, got, want string) {
	c.t.Helper()
	a, err := os.ReadFile(filepath.Join(c.dir, got))
	if err != nil {
		c.t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(c.dir, want)); err != nil || string(a) != string(b) {
		c.t.Errorf("%s gives other bytes (%v)", what, err)
	}
}

const fit = "srn-fit -q --data data.zst --arch resnet8 --epochs 2 --batch 20 "

// A network is trained, evaluated and its curvature measured, all on the GPU,
// and all on the processor.
func TestChain(t *testing.T) {
	c := build(t)
	for _, device := range []string{"cpu", "cuda"} {
		c.run(fit + "--device " + device + " -o " + device + ".zst --metrics fit-" + device)
		c.run("srn-eval -q --data data.zst --device " + device + " " + device + ".zst -o eval-" + device)
		c.run("srn-hessian top -q --data data.zst --device " + device + " " + device + ".zst -o top-" + device)
	}
	for key, tolerance := range map[string]float64{"train_loss": 1e-5, "grad_norm": 1e-4, "theta_norm": 1e-6} {
		c.same("fit", key, tolerance)
	}
	c.same("eval", "loss", 1e-4)
	c.same("eval", "top1", 0)
	c.same("top", "lambda_max", 1e-3)
	c.run(fit + "--device cuda -o again.zst")
	c.sameBytes("the same run twice", "again.zst", "cuda.zst")

	const plain = "SRN_EMULATOR_DRIVER=10000 " // has no graphs that can be changed
	c.run(plain + fit + "--device cuda -o plain.zst")
	c.sameBytes("a run without graphs", "plain.zst", "cuda.zst")
	c.run(plain + "srn-eval -q --data data.zst --device cuda plain.zst -o eval-plain")
	c.run(plain + "srn-hessian top -q --data data.zst --device cuda plain.zst -o top-plain")
	for file, key := range map[string]string{"eval": "loss", "top": "lambda_max"} {
		if with, without := c.number(file+"-cuda", key), c.number(file+"-plain", key); with != without {
			t.Errorf("%s: %s is %g, and %g without graphs", file, key, with, without)
		}
	}
}

// Surrogates of each form are meta-trained, and guide training, all on the GPU
// and all on the processor.
func TestGuidance(t *testing.T) {
	c := build(t)
	c.run("srn-split --dataset synthetic --synthetic-train 100 --synthetic-test 20 -o data.zst")
	for _, form := range []struct {
		name, meta string
		figures    map[string]float64 // of meta-training, with tolerances
	}{
		{"conv", "--meta-grad unrolled", map[string]float64{"r": 1e-6, "meta_loss": 1e-6, "grad_r_norm": 1e-4, "phi_drift": 1e-4}},
		{"mlp", "", map[string]float64{"r": 1e-6, "grad_r_norm": 1e-4, "phi_drift": 1e-4}},
		{"dictionary", "--objective hypergradient --unroll 2", map[string]float64{"hypergradient_norm": 1e-5, "phi_drift": 1e-5}},
	} {
		for _, device := range []string{"cpu", "cuda"} {
			on, surrogate := " -q --data data.zst --arch resnet8 --guidance-ratio 0.1 --device "+device+" ", form.name+device+".zst"
			c.run("srn-meta" + on + form.meta + " --surrogate " + form.name + " --rounds 2 --inner-epochs 2 --inner-n 4 --outer-n 4 " +
				"--channels 16,16 --kernel 3 -o " + surrogate + " --metrics meta-" + form.name + "-" + device)
			c.run("srn-fit" + on + "--method srn --srn " + surrogate + " --guidance-every 1 --epochs 1 --batch 50 --eval-every 0 " +
				"-o net.zst --overwrite --metrics fit-" + form.name + "-" + device)
		}
		for key, tolerance := range form.figures {
			c.same("meta-"+form.name, key, tolerance)
		}
		for key, tolerance := range map[string]float64{"train_loss": 1e-5, "grad_norm": 1e-4, "theta_norm": 1e-6, "guidance_ratio": 1e-6} {
			c.same("fit-"+form.name, key, tolerance)
		}
		if form.name != "dictionary" {
			c.same("fit-"+form.name, "r", 1e-6)
			c.same("fit-"+form.name, "grad_r_norm", 1e-4)
		}
	}

	// Interrupted at any moment after its first epoch, a run goes on to the same bytes.
	long := "srn-fit -q --data data.zst --arch resnet8 --device cuda --method srn --srn convcuda.zst --guidance-every 2 --epochs 2 --batch 34 --eval-every 0 -o "
	c.run(long + "whole.zst")
	command := c.command(long + "parts.zst")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for asked := false; ; {
		select {
		case err := <-ended:
			if command.ProcessState.ExitCode() != 130 {
				t.Fatalf("interrupted: %v, want exit code 130", err)
			}
		case <-time.After(5 * time.Millisecond):
			if _, err := os.Stat(filepath.Join(c.dir, "parts.zst.state")); err == nil && !asked {
				asked = true
				command.Process.Signal(os.Interrupt) // one that has ended takes none
			}
			continue
		}
		break
	}
	c.run(long + "parts.zst --resume")
	c.sameBytes("resuming", "parts.zst", "whole.zst")
}

// What can be wrong with a GPU is said, with what mends it.
func TestFailures(t *testing.T) {
	c := build(t)
	for _, failure := range []struct {
		name, line string
		code       int
		want       []string
	}{
		{"no driver", "SRN_CUDA_DRIVER=libnone.so.1 " + fit + "--device cuda -o x", 1,
			[]string{"cuda:0: loading the CUDA driver: libnone.so.1", "hint: install NVIDIA's driver, or use the device cpu"}},
		{"no driver, none wanted", "SRN_CUDA_DRIVER=libnone.so.1 " + fit + "-o none.zst", 0, nil},
		{"no GPU", "SRN_EMULATOR_DEVICES=0 " + fit + "--device cuda -o x", 1,
			[]string{"cuda:0: the driver finds no GPU", "hint: nvidia-smi"}},
		{"no such GPU", fit + "--device cuda:3 -o x", 2, []string{"--device cuda:3: there is one GPU, cuda:0"}},
		{"old driver", "SRN_EMULATOR_DRIVER=9020 " + fit + "--device cuda -o x", 1,
			[]string{"cuda:0: the driver (CUDA 9.2) refuses the kernels", "hint: update NVIDIA's driver: the kernels need one of CUDA 10.0 or newer"}},
		{"old GPU", "SRN_EMULATOR_CAPABILITY=61 " + fit + "--device cuda -o x", 1,
			[]string{"cuda:0: emulator has compute capability 6.1; the kernels need 7.5", "hint: use a GPU of Turing"}},
		{"no tensor cores for TF32", fit + "--device cuda+tf32 -o x", 2,
			[]string{"--device cuda:0+tf32: emulator has compute capability 7.5; TF32 needs 8.0", "hint: leave out +tf32"}},
		{"TF32 on the processor", fit + "--device cpu+tf32 -o x", 2,
			[]string{"--device cpu+tf32: TF32 is the arithmetic of a GPU's tensor cores", "hint: use cpu, or cuda+tf32"}},
		{"TF32 beside plain Go", fit + "--device cuda+tf32 --paranoid -o x", 2, []string{"--paranoid: plain Go computes in float32, not in TF32"}},
		{"little memory", "SRN_EMULATOR_MEMORY=3000000 " + fit + "--device cuda -o x", 1,
			[]string{"cuda:0: out of memory:", "hint: use a smaller batch"}},
	} {
		t.Run(failure.name, func(t *testing.T) {
			stderr, code := c.start(failure.line)
			if code != failure.code {
				t.Errorf("exit code %d, want %d", code, failure.code)
			}
			for _, w := range failure.want {
				if !strings.Contains(stderr, w) {
					t.Errorf("%q is not in:\n%s", w, stderr)
				}
			}
			if strings.Contains(stderr, "goroutine") {
				t.Errorf("a stack trace:\n%s", stderr)
			}
		})
	}
}

// A run that diverges ends with the step in which the processor finds it, though
// the host looks for it some steps later, and with what was saved before. At
// this learning rate all of the processor's kernel sets diverge in the same step;
// at a tenth of it the step depends on rounding.
func TestDivergence(t *testing.T) {
	c := build(t)
	where := regexp.MustCompile(`epoch 2, step \d+`)
	var found [2]string
	for i, device := range []string{"cpu", "cuda"} {
		out := device + ".zst"
		stderr, code := c.start("srn-fit -q --data data.zst --arch resnet8 --epochs 3 --batch 10 --eval-every 0 --schedule constant --lr 300 --device " + device + " -o " + out)
		found[i] = where.FindString(stderr)
		if code != 4 || found[i] == "" || !strings.Contains(stderr, "the last good parameters are in "+out+".state") {
			t.Fatalf("%s: exit code %d\n%s", device, code, stderr)
		}
		f, err := artifact.Read(filepath.Join(c.dir, out+".state"), artifact.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if f.Metadata["epoch"] != "2" || f.Metadata["step"] != "0" {
			t.Errorf("%s: the state is of epoch %s, step %s", device, f.Metadata["epoch"], f.Metadata["step"])
		}
		for _, tensor := range f.Tensors {
			values, err := tensor.Float64s()
			for _, v := range values {
				if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("%s: %s has %g (%v)", device, tensor.Name, v, err)
				}
			}
		}
	}
	if found[0] != found[1] {
		t.Errorf("diverged in %s on the processor, in %s on the GPU", found[0], found[1])
	}
}

// A run whose device is lost ends with an error, and goes on from its state to
// the bytes of one that was not disturbed.
func TestLostDevice(t *testing.T) {
	c := build(t)
	long := strings.Replace(fit, "--epochs 2", "--epochs 3", 1) + "--device cuda -o "
	stderr, code := c.start("SRN_EMULATOR_LOST_AFTER=350 " + long + "lost.zst --metrics lost.jsonl")
	for _, w := range []string{"cuda:0: the device failed", "the last good parameters are in lost.zst.state", "hint: run the same command with --resume"} {
		if code != 1 || !strings.Contains(stderr, w) {
			t.Fatalf("exit code %d, %q is not in:\n%s", code, w, stderr)
		}
	}
	c.run(long + "lost.zst --metrics lost.jsonl --resume")
	c.run(long + "whole.zst")
	c.sameBytes("resuming after the device was lost", "lost.zst", "whole.zst")
}
