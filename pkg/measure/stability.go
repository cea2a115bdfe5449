package measure

import (
	"context"
	"iter"
	"math"
	"time"

	"srn/pkg/checkpoint"
	"srn/pkg/curvature"
	"srn/pkg/landscape"
	"srn/pkg/nn"
	"srn/pkg/record"
	"srn/pkg/run"
	"srn/pkg/train"
)

// Stability sets the learning rate beside the bound that the largest eigenvalue
// of the Hessian which training sees puts on it, and finds the sharpness that
// does not depend on the scale of weights. Training sees batches with their own
// statistics: that is the default here.
type Stability struct {
	Loss `set:"bn=train"`
	Follow
	LR          *float64 `name:"lr" placeholder:"X" help:"Learning rate in force, where the checkpoint does not tell it."`
	Momentum    *float64 `placeholder:"X" help:"Momentum of SGD, likewise."`
	Nesterov    bool     `help:"The momentum is Nesterov's, likewise."`
	WeightDecay *float64 `placeholder:"X" help:"Coefficient λ of λ/2·‖θ‖², likewise."`
	PerLayer    bool     `help:"Find the largest eigenvalue of each convolution's own block of the Hessian too."`
}

// Check refuses values that cannot work.
func (b *Stability) Check() error {
	if err := b.Eigen.Check(); err != nil {
		return err
	}
	for _, s := range []struct {
		name  string
		value *float64
		most  float64
	}{{"lr", b.LR, math.Inf(1)}, {"momentum", b.Momentum, 1}, {"weight_decay", b.WeightDecay, math.Inf(1)}} {
		if s.value != nil && !(*s.value >= 0 && *s.value < s.most) {
			return run.Refuse(s.name, "%g is not at least 0 and finite, or a momentum below 1", *s.value)
		}
	}
	if b.LR != nil && *b.LR == 0 {
		return run.Refuse("lr", "0 is not above 0")
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
	b.descent(p.Checkpoint).bound(r)
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

// descent is how parameters are trained, as far as it is known.
type descent struct {
	now, next, momentum, decay *float64
	nesterov                   bool
}

// descent is what a checkpoint tells of its training, and the settings tell
// where it does not.
func (b *Stability) descent(c *checkpoint.Checkpoint) descent {
	d := descent{now: b.LR, momentum: b.Momentum, decay: b.WeightDecay, nesterov: b.Nesterov}
	t := c.Meta.Training
	if t == nil {
		return d
	}
	if d.momentum == nil {
		d.momentum, d.nesterov = &t.Momentum, t.Nesterov
	}
	if d.decay == nil {
		d.decay = &t.WeightDecay
	}
	if d.now != nil || !(t.LR > 0) || t.Epochs < 1 {
		return d
	}
	config := train.Config{Fit: record.Fit{Training: *t}}
	rate := func(epoch int) *float64 {
		if epoch < 1 || epoch > t.Epochs {
			return nil
		}
		lr := config.Rate(epoch)
		return &lr
	}
	d.now, d.next = rate(c.Meta.Epoch), rate(c.Meta.Epoch+1)
	return d
}

// factor is what momentum multiplies the largest stable learning rate by:
// 1+μ of heavy-ball momentum, (1+μ)/(1+2μ) of Nesterov's.
func (d descent) factor() float64 {
	mu := *d.momentum
	if d.nesterov {
		return (1 + mu) / (1 + 2*mu)
	}
	return 1 + mu
}

// bound sets the learning rate beside the bounds on it. Without the learning
// rate or the weight decay there is none: it would be of another loss than the
// one that is descended.
func (d descent) bound(r *record.Stability) {
	r.EpochLR, r.NextLR, r.StepMomentum = d.now, d.next, d.momentum
	if d.now == nil || d.decay == nil {
		return
	}
	number := func(v float64) *float64 { return &v }
	r.Bound, r.BoundL2 = number(2/r.LambdaMax), number(2/(r.LambdaMax+*d.decay))
	r.LROverBound, r.Edge = number(*d.now / *r.BoundL2), number(2 / *d.now)
	if d.momentum == nil {
		return
	}
	f := d.factor()
	r.StepNesterov = d.nesterov
	r.BoundMomentum = number(*r.BoundL2 * f)
	r.LROverBoundMomentum, r.EdgeMomentum = number(*d.now / *r.BoundMomentum), number(2*f / *d.now)
}
