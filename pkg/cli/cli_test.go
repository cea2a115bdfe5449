package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/device"
)

type app struct {
	Common
	Data  string   `required:"" help:"Data artifact."`
	Out   string   `short:"o" default:"-" help:"Output."`
	Files []string `arg:"" optional:"" help:"Records."`

	run func(*Context) error
}

func (a *app) Run(ctx *Context) error { return a.run(ctx) }

func (*app) Examples() string {
	return `
# one run
srn-test --data d.safetensors.zst \
    -o - | jq`
}

func runApp(t *testing.T, run func(*Context) error, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Setenv("SRN_THREADS", "")
	var out, errs bytes.Buffer
	code = Run("srn-test", "Test things.", &app{run: run}, args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestRun(t *testing.T) {
	ok := func(*Context) error { return nil }
	input := WithHint(Errorf(ExitInput, "d.zst: tensor %q is missing", "conv1.weight"), "write it again with srn-fit")
	cases := []struct {
		name   string
		args   []string
		run    func(*Context) error
		code   int
		stdout string
		stderr string
	}{
		{"done", []string{"--data", "d"}, ok, 0, "", ""},
		{"missing flag", nil, ok, 2, "", "srn-test: missing flags: --data=STRING\nhint: run srn-test --help for the flags and examples\n"},
		{"unknown flag", []string{"--dato=d"}, ok, 2, "", "srn-test: unknown flag --dato, did you mean \"--data\"?\nhint: run srn-test --help for the flags and examples\n"},
		{"negative threads", []string{"--data=d", "--threads=-1"}, ok, 2, "", "srn-test: --threads: -1 is negative\nhint: 0 takes every core\n"},
		{"unknown device", []string{"--data=d", "--device=gpu"}, ok, 2, "", "srn-test: --device \"gpu\": there is no such device\nhint: use cpu, cuda or cuda:N, N counting from 0; cuda+tf32 or cuda:N+tf32 for tensor cores\n"},
		{"tensor cores of the CPU", []string{"--data=d", "--device=cpu+tf32"}, ok, 2, "", "srn-test: --device cpu+tf32: TF32 is the arithmetic of a GPU's tensor cores\nhint: use cpu, or cuda+tf32\n"},
		{"failure", []string{"--data=d"}, func(*Context) error { return errors.New("no room") }, 1, "", "srn-test: no room\n"},
		{"input", []string{"--data=d"}, func(*Context) error { return fmt.Errorf("load: %w", input) }, 3, "",
			"srn-test: load: d.zst: tensor \"conv1.weight\" is missing\nhint: write it again with srn-fit\n"},
		{"joined", []string{"--data=d"}, func(*Context) error { return errors.Join(errors.New("one"), input) }, 3, "",
			"srn-test: one\nsrn-test: d.zst: tensor \"conv1.weight\" is missing\nhint: write it again with srn-fit\n"},
		{"format", []string{"--data=d"}, func(*Context) error {
			return fmt.Errorf("load: %w", &artifact.FormatError{Path: "d.zst", Field: "metadata", Problem: "has no mean", Mend: "give --mean"})
		}, 3, "", "srn-test: load: d.zst: metadata: has no mean\nhint: give --mean\n"},
		{"missing file", []string{"--data=d"}, func(*Context) error {
			_, err := os.Open("/nonexistent/d.zst")
			return err
		}, 3, "", "srn-test: /nonexistent/d.zst: no such file or directory\nhint: check the name; it is looked for from the folder that the command runs in\n"},
		{"json", []string{"--data=d", "--json"}, func(*Context) error { return input }, 3,
			`{"type":"error","exit_code":3,"message":"d.zst: tensor \"conv1.weight\" is missing","hints":["write it again with srn-fit"]}` + "\n",
			"srn-test: d.zst: tensor \"conv1.weight\" is missing\nhint: write it again with srn-fit\n"},
		{"broken pipe", []string{"--data=d"}, func(*Context) error { return fmt.Errorf("write: %w", syscall.EPIPE) }, 1, "", ""},
		{"interrupted", []string{"--data=d"}, func(*Context) error { return Errorf(ExitInterrupted, "interrupted") }, 130, "", "srn-test: interrupted\n"},
		{"messages", []string{"--data=d"}, func(c *Context) error { c.Logf("a note"); c.Warnf("odd"); return nil }, 0, "", "srn-test: a note\nsrn-test: warning: odd\n"},
		{"quiet", []string{"--data=d", "-q"}, func(c *Context) error { c.Logf("a note"); c.Warnf("odd"); return nil }, 0, "", "srn-test: warning: odd\n"},
		{"no result", []string{"--data=d"}, func(c *Context) error { return c.Result(1) }, 0, "", ""},
		{"result", []string{"--data=d", "--json"}, func(c *Context) error { return c.Result(map[string]int{"n": 2}) }, 0, "{\"n\":2}\n", ""},
		{"failed device", []string{"--data=d"}, func(*Context) error {
			panic(&device.Failure{Device: "cuda:0", Err: errors.New("out of memory"), Mend: "use a smaller batch"})
		}, 1, "", "srn-test: cuda:0: out of memory\nhint: use a smaller batch\n"},
		{"no bar off a terminal", []string{"--data=d"}, func(c *Context) error {
			b := c.Progress(10, "x")
			b.Add(1)
			b.Set(2)
			b.Describe("y")
			b.Done()
			return nil
		}, 0, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := runApp(t, c.run, c.args...)
			if code != c.code || stdout != c.stdout || stderr != c.stderr {
				t.Errorf("got %d\nstdout %q\nstderr %q\nwant %d\nstdout %q\nstderr %q", code, stdout, stderr, c.code, c.stdout, c.stderr)
			}
		})
	}
}

func TestJSONUsageError(t *testing.T) {
	code, stdout, _ := runApp(t, nil, "--json", "--nope")
	var got struct {
		ExitCode int `json:"exit_code"`
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != 2 || got.ExitCode != 2 {
		t.Errorf("code %d, stdout %q, %v", code, stdout, err)
	}
}

func TestCUDAIsRefusedInThisBuild(t *testing.T) {
	if _, err := device.CheckPlace("cuda"); err == nil {
		t.Skip("built with CUDA")
	}
	code, _, stderr := runApp(t, nil, "--data=d", "--device=cuda:1")
	want := "srn-test: --device cuda:1: this build has no CUDA support\nhint: use cpu, or build with make cuda\n"
	if code != 2 || stderr != want {
		t.Errorf("%d %q", code, stderr)
	}
}

func TestThreads(t *testing.T) {
	got := 0
	run := func(c *Context) error { got = c.Threads; return nil }
	for _, c := range []struct {
		env  string
		args []string
		want int
	}{
		{"", nil, runtime.GOMAXPROCS(0)},
		{"3", nil, 3},
		{"3", []string{"-j", "1"}, 1},
		{"3", []string{"--threads=0"}, runtime.GOMAXPROCS(0)},
	} {
		t.Setenv("SRN_THREADS", c.env)
		var out, errs bytes.Buffer
		if code := Run("srn-test", "", &app{run: run}, append(c.args, "--data=d"), &out, &errs); code != 0 || got != c.want {
			t.Errorf("%+v: code %d, %d threads, %s", c, code, got, errs.String())
		}
	}
}

func TestDashesAreValues(t *testing.T) {
	var a *app
	var out, errs bytes.Buffer
	a = &app{run: func(*Context) error { return nil }}
	if code := Run("srn-test", "", a, []string{"--data", "-", "-o", "-", "-", "x"}, &out, &errs); code != 0 {
		t.Fatal(errs.String())
	}
	if a.Data != "-" || a.Out != "-" || strings.Join(a.Files, ",") != "-,x" {
		t.Errorf("%+v", a)
	}
}

type sub struct {
	Common
	Top top `cmd:"" help:"Largest eigenvalues."`
}

type top struct {
	K int `default:"1" help:"How many."`
}

func (c *top) Run(ctx *Context) error { ctx.Logf("k %d, quiet %v", c.K, ctx.Quiet); return nil }
func (*top) Examples() string         { return "srn-test top --k 3" }

func TestSubcommands(t *testing.T) {
	var out, errs bytes.Buffer
	if code := Run("srn-test", "", &sub{}, []string{"top", "--k=2", "-j1"}, &out, &errs); code != 0 || errs.String() != "srn-test: k 2, quiet false\n" {
		t.Errorf("%d %q", code, errs.String())
	}
	out.Reset()
	if code := Run("srn-test", "", &sub{}, []string{"top", "--help"}, &out, &errs); code != 0 || !strings.HasSuffix(out.String(), "\nExamples:\n  srn-test top --k 3\n") {
		t.Errorf("%d %q", code, out.String())
	}
	errs.Reset()
	if code := Run("srn-test", "", &sub{}, []string{"top", "--kk"}, &out, &errs); code != 2 || !strings.Contains(errs.String(), "hint: run srn-test top --help") {
		t.Errorf("%d %q", code, errs.String())
	}
}

func TestHelp(t *testing.T) {
	code, stdout, stderr := runApp(t, nil, "--help")
	if code != 0 || stderr != "" {
		t.Fatalf("%d %q", code, stderr)
	}
	for _, want := range []string{
		"Usage: srn-test --data=STRING [<files> ...] [flags]",
		"Common flags:",
		"$SRN_THREADS",
		"\nExamples:\n  # one run\n  srn-test --data d.safetensors.zst \\\n      -o - | jq\n",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("help lacks %q:\n%s", want, stdout)
		}
	}
}

func TestVersion(t *testing.T) {
	code, stdout, _ := runApp(t, nil, "--version")
	if want := "srn-test " + Version() + " (" + runtime.Version(); code != 0 || !strings.HasPrefix(stdout, want) {
		t.Errorf("%d %q, want %q…", code, stdout, want)
	}
}

func TestBinaryToAPipeIsFine(t *testing.T) {
	code, _, stderr := runApp(t, func(c *Context) error { return c.CheckBinaryOutput("-") }, "--data=d")
	if code != 0 {
		t.Error(stderr)
	}
}
