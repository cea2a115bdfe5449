package main

import (
	"testing"

	"srn/pkg/cli/clitest"
)

func TestBounds(t *testing.T) {
	clitest.Bounds(t, &split{}, "srn-split", t.TempDir(), map[string]string{
		"": "--dataset synthetic --synthetic-train 60 --synthetic-test 20 -o d.st",
	}, "threads")
}
