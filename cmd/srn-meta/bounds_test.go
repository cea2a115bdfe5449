package main

import (
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/cli/clitest"
	"srn/pkg/dataset"
)

func TestBounds(t *testing.T) {
	dir := t.TempDir()
	data, err := dataset.Synthetic(60, 20, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := data.Part(0.25, 1); err != nil {
		t.Fatal(err)
	}
	data.Normalise()
	if err := data.Save(dir+"/d.st", artifact.Provenance{Tool: "test"}); err != nil {
		t.Fatal(err)
	}
	clitest.Bounds(t, &command{}, "srn-meta", dir, map[string]string{
		"": "--data d.st --arch resnet8 --surrogate mlp --rounds 1 --inner-epochs 1 --inner-n 16 --outer-n 8 --channels 16 --overwrite -o s.st",
	}, "threads")
}
