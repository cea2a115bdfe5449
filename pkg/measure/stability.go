package measure

import (
	"context"
	"iter"
	"time"

	"srn/pkg/checkpoint"
	"srn/pkg/curvature"
	"srn/pkg/landscape"
	"srn/pkg/nn"
	"srn/pkg/record"
	"srn/pkg/train"
)

// Stability sets the learning rate beside the bound 2/λ_max, and finds the
// sharpness that does not depend on the scale of weights.
type Stability struct {
	Loss
	Follow
	PerLayer bool `help:"Find the largest eigenvalue of each convolution's own block of the Hessian too."`
}

// Check refuses values that cannot work.
func (b *Stability) Check() error {
	if err := b.Eigen.Check(); err != nil {
		return err
	}
	return b.Loss.Check()
}

// Records are one.
func (b *Stability) Records(*checkpoint.Checkpoint) ([]string, error) {
	return []string{record.Stability{}.Type()}, nil
}

// Measure yields a *record.Stability.
func (b *Stability) Measure(ctx context.Context, p *Point, skip int) iter.Seq2[record.Record, error] {
	start := time.Now()
	return b.records(ctx, p, skip, []Operator{hessianOf(b.Loss)}, func() (record.Record, error) { return made(b.find(ctx, p, start)) })
}

// find finds λ_max and its forms without the scale of weights.
func (b *Stability) find(ctx context.Context, p *Point, start time.Time) (*record.Stability, error) {
	h, err := p.Hessian(ctx)
	if err != nil {
		return nil, err
	}
	top, err := b.follow(p, "λ_max", h, curvature.LargestAlgebraic)
	if err != nil {
		return nil, err
	}
	layout, _, err := p.Checkpoint.Layouts()
	if err != nil {
		return nil, err
	}
	lambda, v, params := top.Pairs[0].Value, top.Pairs[0].Vector, p.Checkpoint.Params
	r := &record.Stability{Eigenpair: eigenpair(top), ThetaNorm: landscape.Norm(params)}
	convs := convolutions(layout)
	d := make([]float32, h.Dim())
	for _, t := range convs {
		size := landscape.Norm(params[t.Offset : t.Offset+t.Len()])
		for i := range t.Len() {
			d[t.Offset+i] = float32(size)
		}
		share := landscape.Norm(v[t.Offset : t.Offset+t.Len()])
		r.Layers, r.ThetaNormSquared = append(r.Layers, t.Name), append(r.ThetaNormSquared, size*size)
		r.LambdaThetaSquared, r.VMaxShare = append(r.LambdaThetaSquared, lambda*size*size), append(r.VMaxShare, share*share)
		r.LambdaThetaSquaredSum += lambda * size * size
	}
	scaled, err := b.follow(p, "λ_max without scale", curvature.NewScaled(h, d), curvature.LargestAlgebraic)
	if err != nil {
		return nil, err
	}
	s := eigenpair(scaled)
	r.LambdaMaxScaled, r.ResidualScaled, r.ConvergedScaled, r.StepsScaled, r.HVPsScaled = s.LambdaMax, s.Residual, s.Converged, s.Steps, s.HVPs
	if b.PerLayer {
		if err := b.layers(p, r, h, convs, d); err != nil {
			return nil, err
		}
	}
	bounds(r, p.Checkpoint)
	r.Subject, r.LossAt, r.Solver = p.subject(), p.lossAt(h.Loss()), b.solver(p)
	r.Timed = record.Timed{HessianSeconds: time.Since(start).Seconds()}
	return r, nil
}

// layers finds the largest eigenvalue of each convolution's block.
func (b *Stability) layers(p *Point, r *record.Stability, h *curvature.Hessian, convs []nn.Param, d []float32) error {
	all := true
	for _, t := range convs {
		alone := make([]float32, h.Dim())
		copy(alone[t.Offset:t.Offset+t.Len()], d[t.Offset:])
		one, err := b.follow(p, "λ_max of "+t.Name, curvature.NewScaled(h, alone), curvature.LargestAlgebraic)
		if err != nil {
			return err
		}
		r.LambdaMaxLayers = append(r.LambdaMaxLayers, one.Pairs[0].Value)
		r.ResidualsLayers = append(r.ResidualsLayers, one.Pairs[0].Relative())
		all, r.HVPsLayers = all && one.Converged, r.HVPsLayers+one.HVPs
	}
	r.ConvergedLayers = &all
	return nil
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

// bounds sets the learning rate beside the bounds on it, as far as the
// checkpoint tells of its training.
func bounds(r *record.Stability, c *checkpoint.Checkpoint) {
	lambda := r.LambdaMax
	r.Bound = 2 / lambda
	t := c.Meta.Training
	if t == nil {
		return
	}
	number := func(v float64) *float64 { return &v }
	r.BoundL2 = number(2 / (lambda + t.WeightDecay))
	if !(t.LR > 0) || t.Epochs < 1 {
		return
	}
	config := train.Config{Fit: record.Fit{Training: *t}}
	rate := func(epoch int) *float64 {
		if epoch < 1 || epoch > t.Epochs {
			return nil
		}
		return number(config.Rate(epoch))
	}
	r.EpochLR, r.NextLR = rate(c.Meta.Epoch), rate(c.Meta.Epoch+1)
	r.BoundMomentum = number(r.Bound * (1 + t.Momentum))
	if r.EpochLR != nil {
		now := *r.EpochLR
		r.LROverBound, r.LROverBoundMomentum = number(now/r.Bound), number(now/(r.Bound*(1+t.Momentum)))
		r.Edge, r.EdgeMomentum = number(2/now), number(2*(1+t.Momentum)/now)
	}
}
