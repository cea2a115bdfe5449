package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"srn/pkg/measure/measuretest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"srn-hessian": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			if err := measuretest.Write(env.WorkDir); err != nil {
				return err
			}
			return writeGuided(env.WorkDir)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"tell": tell, "same": same},
	})
}
