package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"srn/pkg/measure/measuretest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"srn-eval": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata",
		Setup: func(env *testscript.Env) error { return measuretest.Write(env.WorkDir) },
	})
}
