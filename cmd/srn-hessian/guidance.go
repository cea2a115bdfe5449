package main

import (
	"math"
	"time"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/cli"
	"srn/pkg/curvature"
	"srn/pkg/landscape"
	"srn/pkg/probe"
	"srn/pkg/record"
	"srn/pkg/resnet"
	"srn/pkg/srn/meta"
	"srn/pkg/srn/surrogate"
)

// guidance is the flags of the subcommand guidance.
type guidance struct {
	probe.Flags
	lossFlags
	seriesFlags
	SRN               string `name:"srn" required:"" placeholder:"FILE" help:"Surrogate of srn-meta."`
	meta.TargetConfig `embed:"" group:"Meta-target:"`
}

func (g *guidance) Examples() string { return guidanceExamples }

// Run measures every checkpoint and then the series.
func (g *guidance) Run(ctx *cli.Context) error {
	if err := g.TargetConfig.Check(); err != nil {
		return err
	}
	if err := g.eigenFlags.check(); err != nil {
		return err
	}
	if err := g.lossFlags.check(); err != nil {
		return err
	}
	s, examples, err := g.begin(ctx, &g.Flags)
	if err != nil {
		return err
	}
	file, err := surrogate.Load(g.SRN)
	if err != nil {
		return err
	}
	s.Inputs = append(s.Inputs, record.Input{Name: "srn", Path: g.SRN, SHA256: file.SHA256})
	surrogates := map[string]surrogate.Surrogate{}
	for _, c := range s.Checkpoints {
		layout, _, err := c.Layouts()
		if err != nil {
			return err
		}
		if surrogates[c.Meta.Arch] == nil {
			if surrogates[c.Meta.Arch], err = file.Surrogate(s.Device, layout); err != nil {
				return err
			}
		}
	}
	out, err := s.Create(g.Seed, append(append(g.lossFlags.config(), g.seriesFlags.config()...),
		artifact.Field{Key: "target", Value: g.TargetConfig}))
	if err != nil {
		return err
	}
	t := &series{target: meta.NewTarget(g.TargetConfig)}
	for _, c := range s.Checkpoints {
		record, err := g.checkpoint(ctx, s, out, c, surrogates[c.Meta.Arch], examples, t)
		if err == nil {
			err = write(out, append(record, artifact.Field{Key: "srn_sha256", Value: file.SHA256}))
		}
		if err != nil {
			return s.Finish(out, err)
		}
	}
	last := artifact.Fields{{Key: "type", Value: "guidance_series"}}
	examined := s.Subject(s.Checkpoints[0]).Examined
	for _, f := range record.FieldsOf(examined) {
		if v, _ := f.Value(examined); f.Key != "images" && !(f.Optional && v.IsZero()) {
			last = append(last, artifact.Field{Key: f.Key, Value: v.Interface()})
		}
	}
	last = append(append(append(last, g.setting(examples, t.batch)...), artifact.Field{Key: "srn_sha256", Value: file.SHA256}, artifact.Field{Key: "loss"}), t.fields()...)
	if err := write(out, last); err != nil {
		return s.Finish(out, err)
	}
	ctx.Logf("%d checkpoints: R² of r with the validation loss %.3f, 1/margin %.3f, s_meta %.3f, λ_max %.3f; ‖θ‖ %.3f, epoch %.3f",
		len(t.r), one(t.r, t.loss), one(t.r, t.inverse), one(t.r, t.score), one(t.r, t.lambda), one(t.r, t.theta), one(t.r, t.epoch))
	return s.Finish(out, nil)
}

// checkpoint measures r, its gradient's angles and the ingredients of s_meta.
func (g *guidance) checkpoint(ctx *cli.Context, s *probe.Session, out *artifact.RecordWriter, c *checkpoint.Checkpoint, surrogate surrogate.Surrogate, examples []int32, t *series) (artifact.Fields, error) {
	start := time.Now()
	at, err := g.open(ctx, s, out, c, examples, resnet.Config{Tangents: true})
	if err != nil {
		return nil, err
	}
	defer at.bar.Done()
	t.batch = at.batch
	if err := g.verify(at, g.lossFlags, "loss", 0); err != nil {
		return nil, at.diverged(err)
	}
	point, gradient, err := at.gradient()
	if err != nil {
		return nil, err
	}
	if math.IsNaN(point.Loss) || math.IsInf(point.Loss, 0) {
		return nil, probe.Diverged(c, curvature.ErrNotFinite)
	}
	margin, err := g.margin(at)
	if err != nil {
		return nil, err
	}
	be := s.Device
	buffer := be.New(at.surface.Dim())
	standing, err := standing(at, c, gradient)
	if err != nil {
		return nil, err
	}
	value := surrogate.Guide(buffer, standing)
	if surrogate.ReadsPath() {
		value.R = math.NaN() // no score
	}
	direction := make([]float32, buffer.Len())
	be.Read(direction, buffer)

	h, err := at.hessian()
	if err != nil {
		return nil, err
	}
	r, err := g.follow(at, "λ_max", h, curvature.LargestAlgebraic)
	if err != nil {
		return nil, at.diverged(err)
	}
	hr := make([]float32, len(direction))
	if err := h.Apply(hr, direction); err != nil {
		return nil, at.diverged(err)
	}
	v := r.Pairs[0].Vector
	size := landscape.Norm(direction)
	rayleigh := landscape.Dot(direction, hr) / (size * size)
	score := t.target.Next(point.Loss, 1/margin.Value)
	theta := landscape.Norm(c.Params)
	epoch := math.NaN()
	if !c.Meta.Foreign {
		epoch = float64(c.Meta.Epoch)
	}
	t.add(value.R, point.Loss, margin.Value, score.SMeta, r.Pairs[0].Value, theta, epoch)
	cosV := landscape.Cosine(direction, v)
	ctx.Logf("%s: r %.4g, ‖∇r‖ %.3g; cos ∇r with θ %+.3f, ∇L %+.3f, v_max %.3f; Rayleigh quotient %.4g of λ_max %.4g",
		probe.Label(c), value.R, math.Abs(value.Slope)*size, landscape.Cosine(direction, c.Params),
		landscape.Cosine(direction, gradient), math.Abs(cosV), rayleigh, r.Pairs[0].Value)
	f := append(append(append(s.Fields("guidance", c), g.setting(examples, at.batch)...), g.how(at)...), eigen("", r)...)
	return append(f, artifact.Fields{
		{Key: "loss", Value: point.Loss},
		{Key: "r", Value: value.R}, {Key: "clipped", Value: value.Clipped}, {Key: "slope", Value: value.Slope},
		{Key: "grad_r_norm", Value: math.Abs(value.Slope) * size},
		{Key: "grad_u_norm", Value: size},
		{Key: "theta_norm", Value: theta},
		{Key: "grad_norm", Value: landscape.Norm(gradient)},
		{Key: "cos_theta", Value: landscape.Cosine(direction, c.Params)},
		{Key: "cos_grad", Value: landscape.Cosine(direction, gradient)},
		{Key: "abs_cos_v_max", Value: math.Abs(cosV)},
		{Key: "abs_cos_random", Value: math.Sqrt(2 / (math.Pi * float64(len(v))))},
		{Key: "rayleigh", Value: rayleigh},
		{Key: "rayleigh_over_lambda_max", Value: rayleigh / r.Pairs[0].Value},
		{Key: "lambda_max_theta2", Value: r.Pairs[0].Value * theta * theta},
		{Key: "val_loss", Value: point.Loss}, {Key: "top1", Value: point.Top1},
		{Key: "margin", Value: margin.Value}, {Key: "inverse_margin", Value: 1 / margin.Value}, {Key: "margin_floored", Value: margin.Floored},
		{Key: "s_meta", Value: score.SMeta}, {Key: "z_val_loss", Value: score.ZLoss}, {Key: "z_inverse_margin", Value: score.ZInverse},
		{Key: "hessian_seconds", Value: time.Since(start).Seconds()},
	}...), nil
}

// standing is where the training stands for a surrogate, as far as a
// checkpoint tells: not its momentum, nor the average of its weights, so that
// these features of a dictionary are zero; nor the start of a foreign one.
func standing(at *place, c *checkpoint.Checkpoint, gradient []float32) (surrogate.Point, error) {
	be := at.net.Backend()
	p := surrogate.Point{Params: at.net.Params(), Grad: be.New(len(gradient)), Velocity: be.New(len(gradient)), Start: at.net.Params(), Average: at.net.Params()}
	be.Write(p.Grad, gradient)
	if c.Meta.Foreign {
		return p, nil
	}
	fresh, err := resnet.New(be, resnet.Config{Arch: c.Meta.Arch, Classes: c.Meta.NumClasses, Batch: 1, ForwardOnly: true,
		Initialisation: resnet.Initialisation(c.Meta.Training.Init)})
	if err != nil {
		return p, err
	}
	fresh.Init(uint64(c.Meta.Training.Seed))
	p.Start = fresh.Params()
	return p, nil
}

// margin is that of all images, by the running statistics or the batches' as
// for the loss.
func (g *guidance) margin(at *place) (meta.Margin, error) {
	logits, labels, err := at.surface.Logits()
	if err != nil {
		return meta.Margin{}, err
	}
	return g.MarginConfig.Measure(logits, labels), nil
}

const guidanceExamples = `  What the surrogate's gradient points at along a run, on validation images:
    srn-hessian guidance --data cifar10.safetensors.zst --srn srn.safetensors.zst --split meta_val run/*.safetensors.zst -o guidance.jsonl.zst

  The series at a glance:
    zstdcat guidance.jsonl.zst | jq 'select(.type=="guidance_series")'`
