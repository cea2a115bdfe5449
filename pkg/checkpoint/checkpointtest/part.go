// Package checkpointtest helps tests with files that hold a checkpoint among
// other tensors, such as the references that PyTorch computed.
package checkpointtest

import (
	"slices"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/nn"
	"srn/pkg/resnet"
)

// Part is the file with the tensors of an architecture alone.
func Part(t testing.TB, f *artifact.File, arch string, classes int) *artifact.File {
	t.Helper()
	params, running, err := resnet.Layouts(arch, classes)
	if err != nil {
		t.Fatal(err)
	}
	part := &artifact.File{Metadata: f.Metadata, SHA256: f.SHA256}
	for _, x := range f.Tensors {
		if slices.ContainsFunc(slices.Concat(params, running), func(p nn.Param) bool { return p.Name == x.Name }) {
			part.Tensors = append(part.Tensors, x)
		}
	}
	return part
}
