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
	"srn/pkg/resnet"
)

// worst is the flags of the subcommand worst.
type worst struct {
	probe.Flags
	lossFlags
	seriesFlags
	Rho     []float64 `default:"0.01,0.05" placeholder:"X" help:"Radii ρ of the balls, in the Euclidean norm of all parameters (${default})."`
	Ascent  int       `default:"30" placeholder:"N" help:"Steps of projected gradient ascent, each one gradient (${default})."`
	Slowest float64   `name:"ascent-tol" default:"1e-3" placeholder:"X" help:"Stop when two steps running add less than this fraction of the increase (${default})."`
}

func (w *worst) Examples() string { return worstExamples }

// Run looks for the worst loss around every checkpoint.
func (w *worst) Run(ctx *cli.Context) error {
	if err := w.check(); err != nil {
		return err
	}
	s, examples, err := w.begin(ctx, &w.Flags)
	if err != nil {
		return err
	}
	out, err := s.Create(w.Seed, append(append(w.lossFlags.config(), w.seriesFlags.config()...), artifact.Fields{
		{Key: "rho", Value: w.Rho}, {Key: "ascent", Value: w.Ascent}, {Key: "ascent_tol", Value: w.Slowest},
	}...))
	if err != nil {
		return err
	}
	for _, c := range s.Checkpoints {
		records, err := w.checkpoint(ctx, s, out, c, examples)
		if err == nil {
			err = write(out, records...)
		}
		if err != nil {
			return s.Finish(out, err)
		}
	}
	return s.Finish(out, nil)
}

// checkpoint is one record for each radius.
func (w *worst) checkpoint(ctx *cli.Context, s *probe.Session, out *artifact.RecordWriter, c *checkpoint.Checkpoint, examples []int32) ([]artifact.Fields, error) {
	begin := time.Now()
	at, err := w.open(ctx, s, out, c, examples, resnet.Config{Tangents: true})
	if err != nil {
		return nil, err
	}
	defer at.bar.Done()
	if err := w.verify(at, w.lossFlags, "loss", 0); err != nil {
		return nil, at.diverged(err)
	}
	point, gradient, err := at.gradient()
	if err != nil {
		return nil, err
	}
	h, err := at.hessian()
	if err != nil {
		return nil, err
	}
	r, err := w.follow(at, "λ_max", h, curvature.LargestAlgebraic)
	if err != nil {
		return nil, at.diverged(err)
	}
	seconds := time.Since(begin).Seconds()
	v := r.Pairs[0].Vector
	opposite := make([]float32, len(v))
	for i, x := range v {
		opposite[i] = -x
	}
	starts := []string{"gradient", "v_max", "-v_max"}
	var records []artifact.Fields
	for _, rho := range w.Rho {
		start := time.Now()
		found, err := landscape.Ascend(&landscape.Around{Surface: at.surface, Params: c.Params}, landscape.Ball{
			Rho: rho, Steps: w.Ascent, Tol: w.Slowest, Starts: [][]float32{gradient, v, opposite},
		})
		if err != nil {
			return nil, err
		}
		var from any // the centre, where no start is worse
		if found.Start >= 0 {
			from = starts[found.Start]
		}
		first, second := rho*landscape.Norm(gradient), rho*rho/2*r.Pairs[0].Value
		ctx.Logf("%s: ρ %g: loss %.6g, worst %.6g; increase %.4g, ρ²λ_max/2 %.4g, ρ‖∇L‖ %.4g", probe.Label(c), rho, found.Base, found.Value, found.Increase(), second, first)
		records = append(records, append(append(append(s.Fields("worst", c), w.setting(examples, at.batch)...), w.how(at)...), append(eigen("", r), artifact.Fields{
			{Key: "loss", Value: point.Loss}, {Key: "grad_norm", Value: landscape.Norm(gradient)},
			{Key: "theta_norm", Value: landscape.Norm(c.Params)},
			{Key: "rho", Value: rho},
			{Key: "worst_loss", Value: found.Value},
			{Key: "increase", Value: found.Increase()},
			{Key: "first_order", Value: first},
			{Key: "second_order", Value: second},
			{Key: "increase_over_second_order", Value: found.Increase() / second},
			{Key: "displacement_norm", Value: landscape.Norm(found.Displacement)},
			{Key: "cos_displacement_gradient", Value: landscape.Cosine(found.Displacement, gradient)},
			{Key: "abs_cos_displacement_v_max", Value: math.Abs(landscape.Cosine(found.Displacement, v))},
			{Key: "start", Value: from},
			{Key: "gradients", Value: found.Gradients},
			{Key: "ascent_converged", Value: found.Converged},
			{Key: "hessian_seconds", Value: seconds},
			{Key: "ascent_seconds", Value: time.Since(start).Seconds()},
		}...)...))
	}
	return records, nil
}

func (w *worst) check() error {
	for _, rho := range w.Rho {
		if !(rho > 0) || math.IsInf(rho, 0) {
			return cli.Errorf(cli.ExitUsage, "--rho: %g is not above 0", rho)
		}
	}
	if w.Ascent < 0 {
		return cli.Errorf(cli.ExitUsage, "--ascent: %d is negative", w.Ascent)
	}
	if !(w.Slowest >= 0 && w.Slowest < 1) {
		return cli.Errorf(cli.ExitUsage, "--ascent-tol: %g does not lie between 0 and 1", w.Slowest)
	}
	if err := w.eigenFlags.check(); err != nil {
		return err
	}
	return w.lossFlags.check()
}

const worstExamples = `  The worst loss within two radii, beside what λ_max predicts at a minimum:
    srn-hessian worst --data cifar10.safetensors.zst --split train --rho 0.01,0.05 run/*.safetensors.zst -o worst.jsonl.zst`
