package main

import (
	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/cli"
	"srn/pkg/curvature"
	"srn/pkg/probe"
)

// verify is --check: a record's fields, a line, and an error where products
// are not to be trusted.
func verify(ctx *cli.Context, c *checkpoint.Checkpoint, h *curvature.Hessian, seed uint64) (artifact.Fields, error) {
	r, err := h.Check(seed)
	if err != nil {
		return nil, err
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
	fields := artifact.Fields{
		{Key: "passed", Value: r.Passed()},
		{Key: "symmetry", Value: r.Symmetry},
		{Key: "symmetry_tol", Value: curvature.SymmetryTolerance},
		{Key: "difference", Value: r.Difference},
		{Key: "difference_stderr", Value: r.DifferenceError},
		{Key: "difference_step", Value: r.Step},
		{Key: "difference_tol", Value: curvature.DifferenceTolerance},
		{Key: "deterministic", Value: r.Deterministic},
		{Key: "hvps", Value: r.Products},
	}
	switch {
	case r.Passed():
		return fields, nil
	case !r.Conclusive():
		return fields, cli.WithHint(cli.Errorf(cli.ExitFailed, "%s: the check is inconclusive: differences scatter by %.0f%%", c.Path, 100*r.DifferenceError),
			"use more --examples, so that the kinks of ReLUs average out")
	}
	return fields, cli.WithHint(cli.Errorf(cli.ExitFailed, "%s: the check failed: products are not to be trusted here", c.Path),
		"run it with SRN_KERNELS=generic, and report it with the record")
}
