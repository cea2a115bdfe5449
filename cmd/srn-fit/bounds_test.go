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
	clitest.Bounds(t, &fit{}, "srn-fit", dir, map[string]string{
		"": "--data d.st --arch resnet8 --epochs 1 --schedule step --milestones 1 --overwrite -o net.st",
	}, "threads", "batch-size")
}
