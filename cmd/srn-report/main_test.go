package main

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"srn/pkg/artifact"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"srn-report": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: os.Getenv("UPDATE") != "",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// exits CODE COMMAND… runs a command that must end with the code.
			"exits": func(ts *testscript.TestScript, _ bool, args []string) {
				err := ts.Exec(args[1], args[2:]...)
				var exit *exec.ExitError
				if !errors.As(err, &exit) || strconv.Itoa(exit.ExitCode()) != args[0] {
					ts.Fatalf("%v: want exit code %s", err, args[0])
				}
			},
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("SRN_THREADS", "")
			// What a text file cannot hold: a tensor with a NaN.
			return artifact.Write(filepath.Join(e.WorkDir, "t.safetensors"), &artifact.File{Tensors: []artifact.Tensor{
				artifact.Float32("a", []int{3}, []float32{2, -2, float32(math.NaN())})}})
		},
	})
}
