package measure

import (
	"context"
	"iter"
	"math"
	"time"

	"srn/pkg/checkpoint"
	"srn/pkg/curvature"
	"srn/pkg/landscape"
	"srn/pkg/record"
	"srn/pkg/resnet"
	"srn/pkg/srn/meta"
	"srn/pkg/srn/surrogate"
)

// Guidance looks at what a surrogate's gradient has to do with curvature: the
// gradient's angles, its Rayleigh quotient, and the ingredients of s_meta; over
// the series, what the score follows.
type Guidance struct {
	Loss
	Follow
	SRN               string `name:"srn" required:"" record:"-" placeholder:"FILE" help:"Surrogate of srn-meta."`
	meta.TargetConfig `embed:"" group:"Meta-target:"`

	sha256     string
	surrogates map[string]surrogate.Surrogate // by architecture
	target     *meta.Target
	series     guidanceSeries
}

// Check refuses values that cannot work.
func (g *Guidance) Check() error {
	if err := g.TargetConfig.Check(); err != nil {
		return err
	}
	if err := g.Eigen.Check(); err != nil {
		return err
	}
	return g.Loss.Check()
}

// Prepare reads the surrogate, which must fit all checkpoints.
func (g *Guidance) Prepare(s *Series) error {
	file, err := surrogate.Load(g.SRN)
	if err != nil {
		return err
	}
	s.input("srn", g.SRN, file.SHA256)
	g.sha256, g.surrogates = file.SHA256, map[string]surrogate.Surrogate{}
	for _, c := range s.Checkpoints {
		layout, _, err := c.Layouts()
		if err != nil {
			return err
		}
		if g.surrogates[c.Meta.Arch] == nil {
			if g.surrogates[c.Meta.Arch], err = file.Surrogate(s.Device, layout); err != nil {
				return err
			}
		}
	}
	g.target = meta.NewTarget(g.TargetConfig)
	g.series = guidanceSeries{examined: s.examined(len(s.examples)), sha256: g.sha256,
		loss: s.loss.record(s.subset, s.loss.pass(s.Checkpoints[0], len(s.examples), true))}
	return nil
}

// Records are one.
func (g *Guidance) Records(*checkpoint.Checkpoint) ([]string, error) {
	return []string{record.Guidance{}.Type()}, nil
}

// Measure yields a *record.Guidance.
func (g *Guidance) Measure(ctx context.Context, p *Point, skip int) iter.Seq2[record.Record, error] {
	start := time.Now()
	return g.records(ctx, p, skip, []Operator{hessianOf(g.Loss)}, func() (record.Record, error) { return made(g.compare(ctx, p, start)) })
}

// compare measures r, its gradient's angles and the ingredients of s_meta.
func (g *Guidance) compare(ctx context.Context, p *Point, start time.Time) (*record.Guidance, error) {
	c := p.Checkpoint
	at, gradient, err := p.Gradient(ctx)
	if err != nil {
		return nil, err
	}
	if math.IsNaN(at.Loss) || math.IsInf(at.Loss, 0) {
		return nil, curvature.ErrNotFinite
	}
	logits, labels, err := p.Surface(ctx).Logits()
	if err != nil {
		return nil, err
	}
	margin := g.MarginConfig.Measure(logits, labels)
	standing, err := standing(p, gradient)
	if err != nil {
		return nil, err
	}
	be := p.Series.Device
	guide := g.surrogates[c.Meta.Arch]
	buffer := be.New(len(gradient))
	value := guide.Guide(buffer, standing)
	if guide.ReadsPath() {
		value.R = math.NaN() // no score
	}
	direction := make([]float32, buffer.Len())
	be.Read(direction, buffer)

	h, err := p.Hessian(ctx)
	if err != nil {
		return nil, err
	}
	r, err := g.follow(p, "λ_max", h, curvature.LargestAlgebraic)
	if err != nil {
		return nil, err
	}
	hr := make([]float32, len(direction))
	if err := h.Apply(hr, direction); err != nil {
		return nil, err
	}
	lambda, v := r.Pairs[0].Value, r.Pairs[0].Vector
	size, theta := landscape.Norm(direction), landscape.Norm(c.Params)
	rayleigh := landscape.Dot(direction, hr) / (size * size)
	score := g.target.Next(at.Loss, 1/margin.Value)
	rec := &record.Guidance{
		Subject: p.subject(), LossAt: p.lossAt(at.Loss), Solver: g.solver(p), Eigenpair: eigenpair(r),
		R: value.R, Clipped: value.Clipped, Slope: value.Slope,
		GradRNorm: math.Abs(value.Slope) * size, GradUNorm: size, ThetaNorm: theta, GradNorm: landscape.Norm(gradient),
		CosTheta:     landscape.Cosine(direction, c.Params),
		CosGrad:      landscape.Cosine(direction, gradient),
		AbsCosVMax:   math.Abs(landscape.Cosine(direction, v)),
		AbsCosRandom: randomCosine(len(v)),
		Rayleigh:     rayleigh, RayleighOverLambdaMax: rayleigh / lambda, LambdaMaxTheta2: lambda * theta * theta,
		ValLoss: at.Loss, Top1: at.Top1, Margin: margin.Value, InverseMargin: 1 / margin.Value, MarginFloored: margin.Floored,
		SMeta: score.SMeta, ZValLoss: score.ZLoss, ZInverseMargin: score.ZInverse,
		Timed: record.Timed{HessianSeconds: time.Since(start).Seconds()}, SurrogateSHA256: g.sha256,
	}
	g.series.add(rec)
	return rec, nil
}

// standing is where the training stands for a surrogate, as far as a
// checkpoint tells: not its momentum, nor the average of its weights, so that
// these features of a dictionary are zero; nor the start of a foreign one.
func standing(p *Point, gradient []float32) (surrogate.Point, error) {
	be, m := p.Series.Device, p.Checkpoint.Meta
	at := surrogate.Point{Params: p.Net.Params(), Grad: be.New(len(gradient)), Velocity: be.New(len(gradient)), Start: p.Net.Params(), Average: p.Net.Params()}
	be.Write(at.Grad, gradient)
	if m.Training == nil {
		return at, nil
	}
	fresh, err := resnet.New(be, resnet.Config{Arch: m.Arch, Classes: m.NumClasses, Batch: 1, ForwardOnly: true,
		Initialisation: resnet.Initialisation(m.Training.Init)})
	if err != nil {
		return at, err
	}
	fresh.Init(uint64(m.Training.Seed))
	at.Start = fresh.Params()
	return at, nil
}
