package main

import (
	"testing"

	"srn/pkg/cli/clitest"
	"srn/pkg/measure/measuretest"
)

func TestBounds(t *testing.T) {
	dir := t.TempDir()
	if err := measuretest.Write(dir); err != nil {
		t.Fatal(err)
	}
	if err := writeGuided(dir); err != nil {
		t.Fatal(err)
	}
	const common = " --data data.safetensors.zst --examples 2 net.safetensors.zst"
	clitest.Bounds(t, &app{}, "srn-hessian", dir, map[string]string{
		"top": "--tol 0.5" + common, "density": "--steps 2 --probes 1" + common, "trace": "--hvps 6" + common,
		"landscape": "--eigen --x=0:1:2 --tol 0.5" + common, "worst": "--rho 0.01 --ascent 1 --tol 0.5" + common, "margin": "--tol 0.5" + common,
		"guidance": "--tol 0.5 --srn srn.safetensors" + common, "stability": "--tol 0.5" + common,
	}, "threads")
}
