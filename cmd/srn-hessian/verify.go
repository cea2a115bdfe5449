package main

import (
	"slices"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/cli"
	"srn/pkg/curvature"
	"srn/pkg/device/plain"
	"srn/pkg/probe"
	"srn/pkg/resnet"
)

// verify is --check of products: a record that begins with the given fields,
// a line, and an error where products are wrong.
func verify(ctx *cli.Context, s *probe.Session, c *checkpoint.Checkpoint, h *curvature.Hessian, o *operatorFlags, seed uint64, about artifact.Fields, out *artifact.RecordWriter) error {
	reference, err := o.reference(s, c)
	if err != nil {
		return err
	}
	r, err := h.Check(reference, seed)
	if err != nil {
		return err
	}
	ctx.Logf("%s: check %s: faults of %.1e of a tensor's rows, and of %.1e of the part beside the Gauss–Newton matrix, would show; asymmetry %.1e",
		probe.Label(c), r.Verdict, r.Smallest, r.SmallestDifference, r.Symmetry)
	var names []string
	var deviations, noise []float64
	for _, t := range r.Tensors {
		names = append(names, t.Name)
		deviations, noise = append(deviations, t.Deviation/t.Size), append(noise, t.Noise/t.Size)
	}
	if err := write(out, slices.Concat(about, of(h, nil, h.Dim()), artifact.Fields{
		{Key: "passed", Value: r.Verdict == curvature.Passed},
		{Key: "verdict", Value: string(r.Verdict)},
		{Key: "reason", Value: r.Reason},
		{Key: "symmetry", Value: r.Symmetry},
		{Key: "symmetry_tol", Value: curvature.SymmetryTolerance},
		{Key: "batches", Value: r.Parts},
		{Key: "batches_tol", Value: curvature.PartsTolerance},
		{Key: "deterministic", Value: r.Deterministic},
		{Key: "compared", Value: r.Examples},
		{Key: "smallest_fault", Value: r.Smallest},
		{Key: "smallest_fault_difference", Value: r.SmallestDifference},
		{Key: "tensors_telling", Value: r.Told},
		{Key: "tensors", Value: names},
		{Key: "deviations", Value: deviations},
		{Key: "deviations_rounding", Value: noise},
		{Key: "hvps", Value: r.Products},
	})); err != nil {
		return err
	}
	switch r.Verdict {
	case curvature.Failed:
		return cli.WithHint(cli.Errorf(cli.ExitFailed, "%s: the check failed: %s: products are not to be trusted here", c.Path, r.Reason),
			"run it with SRN_KERNELS=generic, and report it with the record")
	case curvature.Inconclusive:
		ctx.Warnf("%s: the check is inconclusive: %s", probe.Label(c), r.Reason)
	}
	return nil
}

// reference is the matrix in float64.
func (o *operatorFlags) reference(s *probe.Session, c *checkpoint.Checkpoint) (*curvature.Reference, error) {
	net, err := resnet.New(plain.New(), resnet.Config{Arch: c.Meta.Arch, Classes: c.Meta.NumClasses, Batch: curvature.CheckExamples})
	if err != nil {
		return nil, err
	}
	c.Apply(net)
	matrix := curvature.Matrix(o.Operator)
	if o.Objective == "margin" {
		matrix = curvature.MarginMatrix
	}
	return curvature.NewReference(net, s.Images(c), s.Split.Labels, o.mode(), matrix, o.Tau)
}

// verify tests the Hessian of the loss, or of the margin, at a place where
// --check asks for it.
func (e *eigenFlags) verify(at *place, l lossFlags, objective string, tau float64) error {
	if !e.Check {
		return nil
	}
	o := operatorFlags{lossFlags: l, Operator: "hessian", Per: "all", Objective: objective, Tau: tau}
	loss, err := o.loss(at.s, at.c, at.net)
	if err != nil {
		return err
	}
	h, err := at.operator(loss)
	if err != nil {
		return err
	}
	return verify(at.ctx, at.s, at.c, h, &o, uint64(e.Seed), append(at.s.Fields("check", at.c), o.fields(at.c, at.examples, at.batch)...), at.out)
}
