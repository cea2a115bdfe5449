package main

import (
	"strconv"

	"srn/pkg/artifact"
	"srn/pkg/cli"
	"srn/pkg/curvature"
	"srn/pkg/probe"
	"srn/pkg/record"
)

// vectorsFormat is the metadata "format" of a file of eigenvectors.
const vectorsFormat = "srn-vectors/1"

// vectorsFile collects eigenvectors as tensors: pair i's part along a parameter
// is named "i." and the parameter's name, and has its shape; "eigenvalues", or
// "eigenvalues." and the block's name, holds the values in the same order.
type vectorsFile struct{ tensors []artifact.Tensor }

func (f *vectorsFile) add(b curvature.Block, pairs []curvature.Pair) {
	values := make([]float32, len(pairs))
	for i, p := range pairs {
		values[i] = float32(p.Value)
		at := 0
		for _, t := range b.Tensors {
			f.tensors = append(f.tensors, artifact.Float32(strconv.Itoa(i)+"."+t.Name, t.Shape, p.Vector[at:at+t.Len()]))
			at += t.Len()
		}
	}
	name := "eigenvalues"
	if b.Name != "" {
		name += "." + b.Name
	}
	f.tensors = append(f.tensors, artifact.Float32(name, []int{len(values)}, values))
}

// write saves the file.
func (f *vectorsFile) write(t *top, ctx *cli.Context, s *probe.Session) error {
	c := s.Checkpoints[0]
	metadata, err := artifact.Provenance{
		Format: vectorsFormat, Tool: ctx.Name, Version: ctx.Version,
		Config: append(t.config(), artifact.Fields{
			{Key: "split", Value: t.Split}, {Key: "algorithm", Value: t.Algorithm}, {Key: "k", Value: t.K}, {Key: "order", Value: t.Order},
			{Key: "tol", Value: t.Tol}, {Key: "max_steps", Value: t.MaxSteps}, {Key: "krylov", Value: t.Krylov}, {Key: "seed", Value: t.Seed},
		}...),
		Inputs: []record.Input{{Name: "data", SHA256: s.Data.SHA256}, {Name: "checkpoint", SHA256: c.SHA256}},
	}.Metadata()
	if err != nil {
		return err
	}
	layout, _, err := c.Layouts()
	if err != nil {
		return err
	}
	metadata["arch"], metadata["layout_sha256"] = c.Meta.Arch, layout.SHA256()
	return artifact.Write(t.Vectors, &artifact.File{Tensors: f.tensors, Metadata: metadata})
}
