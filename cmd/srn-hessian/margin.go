package main

import (
	"math"

	"srn/pkg/artifact"
	"srn/pkg/cli"
	"srn/pkg/curvature"
	"srn/pkg/landscape"
	"srn/pkg/probe"
)

// margin is the flags of the subcommand margin.
type margin struct {
	pairFlags
	Tau float64 `default:"1" placeholder:"X" help:"Temperature τ of the smoothed margin (${default})."`
}

func (m *margin) Examples() string { return marginExamples }

// Run compares the margin's Hessian with the loss's at every checkpoint.
func (m *margin) Run(ctx *cli.Context) error {
	if !(m.Tau > 0) || math.IsInf(m.Tau, 0) {
		return cli.Errorf(cli.ExitUsage, "--tau: %g is not above 0", m.Tau)
	}
	return m.each(ctx, "margin", artifact.Field{Key: "tau", Value: m.Tau}, m.compare)
}

// compare finds the ends of both spectra and the angles between them.
func (m *margin) compare(ctx *cli.Context, at *place) (artifact.Fields, error) {
	if err := m.verify(at, m.lossFlags, "loss", 0); err != nil {
		return nil, err
	}
	if err := m.verify(at, m.lossFlags, "margin", m.Tau); err != nil {
		return nil, err
	}
	h, err := at.hessian()
	if err != nil {
		return nil, err
	}
	val, err := m.follow(at, "λ_max", h, curvature.LargestAlgebraic)
	if err != nil {
		return nil, err
	}
	loss := h.Loss()
	smooth, err := curvature.NewMargin(at.net, at.s.Images(at.c), at.s.Split.Labels, at.mode, m.Tau)
	if err != nil {
		return nil, err
	}
	if h, err = at.operator(smooth); err != nil {
		return nil, err
	}
	high, err := m.follow(at, "λ_max of the margin", h, curvature.LargestAlgebraic)
	if err != nil {
		return nil, err
	}
	low, err := m.follow(at, "λ_min of the margin", h, curvature.SmallestAlgebraic)
	if err != nil {
		return nil, err
	}
	v := val.Pairs[0].Vector
	hv := make([]float32, len(v))
	if err := h.Apply(hv, v); err != nil {
		return nil, err
	}
	up := math.Abs(landscape.Cosine(v, high.Pairs[0].Vector))
	down := math.Abs(landscape.Cosine(v, low.Pairs[0].Vector))
	ctx.Logf("%s: λ_max %.6g; margin %.4g, λ_max(H_margin) %.6g (|cos| %.3f), λ_min(H_margin) %.6g (|cos| %.3f)",
		probe.Label(at.c), val.Pairs[0].Value, h.Loss(), high.Pairs[0].Value, up, low.Pairs[0].Value, down)
	f := append(artifact.Fields{{Key: "loss", Value: loss}, {Key: "tau", Value: m.Tau}, {Key: "smooth_margin", Value: h.Loss()}}, eigen("", val)...)
	f = append(f, eigen("_margin", high)...)
	return append(f, artifact.Fields{
		{Key: "lambda_min_margin", Value: low.Pairs[0].Value},
		{Key: "residual_min_margin", Value: low.Pairs[0].Relative()},
		{Key: "converged_min_margin", Value: low.Converged},
		{Key: "steps_min_margin", Value: low.Steps},
		{Key: "hvps_min_margin", Value: low.HVPs},
		{Key: "abs_cos_v_max_margin_max", Value: up},
		{Key: "abs_cos_v_max_margin_min", Value: down},
		{Key: "abs_cos_random", Value: math.Sqrt(2 / (math.Pi * float64(len(v))))},
		{Key: "margin_rayleigh_v_max", Value: landscape.Dot(v, hv)},
	}...), nil
}

const marginExamples = `  The link between margin and curvature along a run, on validation images:
    srn-hessian margin --data cifar10.safetensors.zst --split meta_val run/*.safetensors.zst -o margin.jsonl.zst`
