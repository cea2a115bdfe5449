package main

import (
	"slices"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/cli"
	"srn/pkg/curvature"
	"srn/pkg/probe"
)

// verify is --check of products: a record that begins with the given fields,
// a line, and an error where products are not to be trusted.
func verify(ctx *cli.Context, c *checkpoint.Checkpoint, h *curvature.Hessian, seed uint64, about artifact.Fields, out *artifact.RecordWriter) error {
	r, err := h.Check(seed)
	if err != nil {
		return err
	}
	bits := "equal bits when repeated"
	if !r.Deterministic {
		bits = "other bits when repeated"
	}
	verdict := "passed"
	if !r.Passed() {
		verdict = "failed"
	}
	ctx.Logf("%s: check %s: asymmetry %.1e, off differences by %.1e ± %.1e (step %g), %s",
		probe.Label(c), verdict, r.Symmetry, r.Difference, r.DifferenceError, r.Step, bits)
	if err := write(out, slices.Concat(about, of(h, nil, h.Dim()), artifact.Fields{
		{Key: "passed", Value: r.Passed()},
		{Key: "symmetry", Value: r.Symmetry},
		{Key: "symmetry_tol", Value: curvature.SymmetryTolerance},
		{Key: "difference", Value: r.Difference},
		{Key: "difference_stderr", Value: r.DifferenceError},
		{Key: "difference_step", Value: r.Step},
		{Key: "difference_tol", Value: curvature.DifferenceTolerance},
		{Key: "deterministic", Value: r.Deterministic},
		{Key: "hvps", Value: r.Products},
	})); err != nil {
		return err
	}
	switch {
	case r.Passed():
		return nil
	case !r.Conclusive():
		return cli.WithHint(cli.Errorf(cli.ExitFailed, "%s: the check is inconclusive: differences scatter by %.0f%%", c.Path, 100*r.DifferenceError),
			"use more --examples, so that the kinks of ReLUs average out")
	}
	return cli.WithHint(cli.Errorf(cli.ExitFailed, "%s: the check failed: products are not to be trusted here", c.Path),
		"run it with SRN_KERNELS=generic, and report it with the record")
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
	return verify(at.ctx, at.c, h, uint64(e.Seed), append(at.s.Fields("check", at.c), o.fields(at.c, at.examples, at.batch)...), at.out)
}
