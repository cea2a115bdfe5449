package main

import (
	"fmt"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/cli"
	"srn/pkg/curvature"
	"srn/pkg/landscape"
	"srn/pkg/nn"
	"srn/pkg/probe"
	"srn/pkg/record"
	"srn/pkg/train"
)

// stability is the flags of the subcommand stability.
type stability struct {
	pairFlags
	PerLayer bool `help:"Find the largest eigenvalue of each convolution's own block of the Hessian too."`
}

func (b *stability) Examples() string { return stabilityExamples }

// Run measures sharpness against the learning rate at every checkpoint.
func (b *stability) Run(ctx *cli.Context) error {
	return b.each(ctx, "stability", artifact.Field{Key: "per_layer", Value: b.PerLayer}, b.measure)
}

// measure finds λ_max and its forms without the scale of weights.
func (b *stability) measure(ctx *cli.Context, at *place) (artifact.Fields, error) {
	rate, err := rateOf(at.c)
	if err != nil {
		return nil, err
	}
	if err := b.verify(at, b.lossFlags, "loss", 0); err != nil {
		return nil, err
	}
	h, err := at.hessian()
	if err != nil {
		return nil, err
	}
	r, err := b.follow(at, "λ_max", h, curvature.LargestAlgebraic)
	if err != nil {
		return nil, err
	}
	layout, _, err := at.c.Layouts()
	if err != nil {
		return nil, err
	}
	convs := convolutions(layout)
	d := make([]float32, h.Dim())
	var layers []string
	var squares, products, shares, blocks []float64
	var sum float64
	lambda, v := r.Pairs[0].Value, r.Pairs[0].Vector
	for _, p := range convs {
		size := landscape.Norm(at.c.Params[p.Offset : p.Offset+p.Len()])
		for i := range p.Len() {
			d[p.Offset+i] = float32(size)
		}
		share := landscape.Norm(v[p.Offset : p.Offset+p.Len()])
		layers, squares = append(layers, p.Name), append(squares, size*size)
		products, shares = append(products, lambda*size*size), append(shares, share*share)
		sum += lambda * size * size
	}
	scaled, err := b.follow(at, "λ_max without scale", curvature.NewScaled(h, d), curvature.LargestAlgebraic)
	if err != nil {
		return nil, err
	}
	blocksConverged, blocksHVPs := any(nil), any(nil)
	var residuals []float64
	if b.PerLayer {
		all, hvps := true, 0
		for _, p := range convs {
			alone := make([]float32, h.Dim())
			copy(alone[p.Offset:p.Offset+p.Len()], d[p.Offset:])
			one, err := b.follow(at, "λ_max of "+p.Name, curvature.NewScaled(h, alone), curvature.LargestAlgebraic)
			if err != nil {
				return nil, err
			}
			blocks, residuals = append(blocks, one.Pairs[0].Value), append(residuals, one.Pairs[0].Relative())
			all, hvps = all && one.Converged, hvps+one.HVPs
		}
		blocksConverged, blocksHVPs = all, hvps
	}
	ctx.Logf("%s: λ_max %.6g, bound 2/λ_max %.4g, %s; without scale %.6g", probe.Label(at.c), lambda, 2/lambda, rate, scaled.Pairs[0].Value)
	f := append(append(artifact.Fields{{Key: "loss", Value: h.Loss()}}, eigen("", r)...), rate.fields(lambda, at.weightDecay())...)
	f = append(f, artifact.Fields{
		{Key: "theta_norm", Value: landscape.Norm(at.c.Params)},
		{Key: "layers", Value: layers},
		{Key: "theta_norm_squared", Value: squares},
		{Key: "lambda_theta_squared", Value: products},
		{Key: "lambda_theta_squared_sum", Value: sum},
		{Key: "v_max_share", Value: shares},
	}...)
	f = append(f, eigen("_scaled", scaled)...)
	return append(f, artifact.Fields{
		{Key: "lambda_max_layers", Value: blocks}, {Key: "residuals_layers", Value: residuals},
		{Key: "converged_layers", Value: blocksConverged}, {Key: "hvps_layers", Value: blocksHVPs},
	}...), nil
}

// convolutions are the tensors whose scale batch normalisation undoes.
func convolutions(layout nn.Layout) []nn.Param {
	var list []nn.Param
	for _, p := range layout {
		if len(p.Shape) == 4 {
			list = append(list, p)
		}
	}
	return list
}

// rate is what a checkpoint tells of the steps that made it, and of those
// that come next: nil is not told.
type rate struct {
	now, next, momentum *float64
}

// rateOf reads the configuration that srn-fit has left in a checkpoint.
func rateOf(c *checkpoint.Checkpoint) (r rate, err error) {
	if c.Meta.Training == nil {
		return r, nil
	}
	config := train.Config{Fit: record.Fit{Training: *c.Meta.Training}}
	if !(config.LR > 0) || config.Epochs < 1 {
		return r, nil
	}
	at := func(epoch int) *float64 {
		if epoch < 1 || epoch > config.Epochs {
			return nil
		}
		lr := config.Rate(epoch)
		return &lr
	}
	return rate{at(c.Meta.Epoch), at(c.Meta.Epoch + 1), &config.Momentum}, nil
}

// weightDecay is that of the training, 0 where it is not told.
func (p *place) weightDecay() float64 {
	if t := p.c.Meta.Training; t != nil {
		return t.WeightDecay
	}
	return 0
}

// String tells the learning rate in force.
func (r rate) String() string {
	if r.now == nil {
		return "learning rate not told"
	}
	return fmt.Sprintf("learning rate %.4g", *r.now)
}

// fields set the learning rate beside the bounds on it.
func (r rate) fields(lambda, weightDecay float64) artifact.Fields {
	bound := 2 / lambda
	var withMomentum, over, overMomentum, edge, edgeMomentum any
	if r.momentum != nil {
		withMomentum = bound * (1 + *r.momentum)
	}
	if r.now != nil {
		over, overMomentum = *r.now/bound, *r.now/(bound*(1+*r.momentum))
		edge, edgeMomentum = 2 / *r.now, 2*(1+*r.momentum) / *r.now
	}
	return artifact.Fields{
		{Key: "lr", Value: r.now}, {Key: "lr_next", Value: r.next}, {Key: "momentum", Value: r.momentum},
		{Key: "bound", Value: bound},
		{Key: "bound_l2", Value: 2 / (lambda + weightDecay)},
		{Key: "bound_momentum", Value: withMomentum},
		{Key: "lr_over_bound", Value: over},
		{Key: "lr_over_bound_momentum", Value: overMomentum},
		{Key: "edge", Value: edge}, {Key: "edge_momentum", Value: edgeMomentum},
	}
}

const stabilityExamples = `  Learning rate and bound along a run, on training images:
    srn-hessian stability --data cifar10.safetensors.zst --split train run/*.safetensors.zst -o stability.jsonl.zst
    zstdcat stability.jsonl.zst | jq -r 'select(.type=="stability") | [.epoch, .loss, .lambda_max, .edge, .edge_momentum] | @tsv'`
