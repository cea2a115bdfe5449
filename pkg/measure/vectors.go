package measure

import (
	"strconv"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/curvature"
)

// VectorsFormat is the metadata "format" of a file of eigenvectors.
const VectorsFormat = "srn-vectors/1"

// Vectors collects eigenvectors as tensors: pair i's part along a parameter is
// named "i." and the parameter's name, and has its shape; "eigenvalues", or
// "eigenvalues." and the block's name, holds the values in the same order.
type Vectors struct{ tensors []artifact.Tensor }

// Add takes in the eigenpairs of a block.
func (v *Vectors) Add(b curvature.Block, pairs []curvature.Pair) {
	values := make([]float32, len(pairs))
	for i, p := range pairs {
		values[i] = float32(p.Value)
		at := 0
		for _, t := range b.Tensors {
			v.tensors = append(v.tensors, artifact.Float32(strconv.Itoa(i)+"."+t.Name, t.Shape, p.Vector[at:at+t.Len()]))
			at += t.Len()
		}
	}
	name := "eigenvalues"
	if b.Name != "" {
		name += "." + b.Name
	}
	v.tensors = append(v.tensors, artifact.Float32(name, []int{len(values)}, values))
}

// File is the vectors of a checkpoint as a tensor file. The provenance's format
// is filled in.
func (v *Vectors) File(c *checkpoint.Checkpoint, p artifact.Provenance) (*artifact.File, error) {
	p.Format = VectorsFormat
	metadata, err := p.Metadata()
	if err != nil {
		return nil, err
	}
	layout, _, err := c.Layouts()
	if err != nil {
		return nil, err
	}
	metadata["arch"], metadata["layout_sha256"] = c.Meta.Arch, layout.SHA256()
	return &artifact.File{Tensors: v.tensors, Metadata: metadata}, nil
}
