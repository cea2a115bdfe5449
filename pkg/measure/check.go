package measure

import (
	"context"

	"srn/pkg/curvature"
	"srn/pkg/device/plain"
	"srn/pkg/record"
	"srn/pkg/resnet"
)

// test opens the operator at a point and tests its products.
func (o *Operator) test(ctx context.Context, p *Point, seed int64) (*record.Check, error) {
	h, _, err := o.open(ctx, p)
	if err != nil {
		return nil, err
	}
	return o.verify(p, h, seed)
}

// verify tests Hessian-vector products. With a record there may be a
// *CheckError, where they are wrong.
func (o *Operator) verify(p *Point, h *curvature.Hessian, seed int64) (*record.Check, error) {
	reference, err := o.reference(p)
	if err != nil {
		return nil, err
	}
	c, err := h.Check(reference, uint64(seed))
	if err != nil {
		return nil, err
	}
	r := &record.Check{
		Subject: p.subject(), Matrix: o.record(p, h, "", h.Dim()),
		Passed: c.Verdict == curvature.Passed, Verdict: string(c.Verdict), Reason: c.Reason,
		Symmetry: c.Symmetry, SymmetryTol: curvature.SymmetryTolerance,
		Batches: c.Parts, BatchesTol: curvature.PartsTolerance, Deterministic: c.Deterministic,
		Compared: c.Examples, SmallestFault: c.Smallest, SmallestFaultDifference: c.SmallestDifference, TensorsTelling: c.Told,
		HVPs: c.Products,
	}
	for _, t := range c.Tensors {
		r.Tensors = append(r.Tensors, t.Name)
		r.Deviations = append(r.Deviations, t.Deviation/t.Size)
		r.DeviationsRounding = append(r.DeviationsRounding, t.Noise/t.Size)
	}
	switch c.Verdict {
	case curvature.Failed:
		return r, &CheckError{p.Checkpoint.Path, c.Reason}
	case curvature.Inconclusive:
		p.Series.warn(p.label() + ": the check is inconclusive: " + c.Reason)
	}
	return r, nil
}

// reference is the matrix in float64.
func (o *Operator) reference(p *Point) (*curvature.Reference, error) {
	m := p.Checkpoint.Meta
	net, err := resnet.New(plain.New(), resnet.Config{Arch: m.Arch, Classes: m.NumClasses, Batch: curvature.CheckExamples})
	if err != nil {
		return nil, err
	}
	p.Checkpoint.Apply(net)
	matrix := curvature.Matrix(o.Matrix)
	if o.Objective == "margin" {
		matrix = curvature.MarginMatrix
	}
	return curvature.NewReference(net, p.Series.Images(p.Checkpoint), p.Series.Split.Labels, p.Mode, matrix, o.Tau)
}
