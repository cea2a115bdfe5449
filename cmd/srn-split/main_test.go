package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"srn/pkg/cifar/cifartest"
	"srn/pkg/dataset"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"srn-split":    main,
		"make-cifar":   makeCIFAR,
		"count-images": countImages,
	})
}

func TestScripts(t *testing.T) {
	real := os.Getenv("SRN_CIFAR10")
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("SRN_CIFAR10", real)
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond != "real" {
				return false, fmt.Errorf("no condition %q", cond)
			}
			return real != "", nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits runs a command that must end with the given exit code: CODE COMMAND ARG…
func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// makeCIFAR writes a small archive or folder: DATASET VERSION IMAGES PATH.
func makeCIFAR() {
	n, err := strconv.Atoi(os.Args[3])
	if err == nil {
		s := cifartest.Spec{Dataset: os.Args[1], Python: os.Args[2] == "python", PerFile: n}
		err = cifartest.Write(os.Args[4], s.Files())
	}
	if err != nil {
		log.Fatal(err)
	}
}

// countImages loads a data artifact and prints the sizes of its splits.
func countImages() {
	d, err := dataset.Load(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	log.Printf("%s %d = %d + %d, %d", d.Name, d.Train.Len(), len(d.MetaTrain), len(d.MetaVal), d.Test.Len())
}
