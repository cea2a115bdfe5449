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
	clitest.Bounds(t, &eval{}, "srn-eval", dir, map[string]string{"": "--data data.safetensors.zst net.safetensors.zst"}, "threads")
}
