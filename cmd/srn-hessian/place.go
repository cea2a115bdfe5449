package main

import (
	"errors"
	"fmt"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/cli"
	"srn/pkg/curvature"
	"srn/pkg/landscape"
	"srn/pkg/nn"
	"srn/pkg/probe"
	"srn/pkg/resnet"
)

// eigenFlags say how subcommands that need λ_max on the way find it.
type eigenFlags struct {
	Tol      float64 `default:"1e-3" placeholder:"X" help:"Residual ‖Hv−λv‖/|λ| of a converged eigenpair (${default})."`
	MaxSteps int     `default:"300" placeholder:"N" help:"Lanczos steps after which to give up (${default})."`
	Seed     int64   `default:"0" placeholder:"N" help:"Of what is random (${default})."`
}

func (e *eigenFlags) check() error {
	switch {
	case !(e.Tol > 0 && e.Tol < 1):
		return cli.Errorf(cli.ExitUsage, "--tol: %g does not lie between 0 and 1", e.Tol)
	case e.MaxSteps < 2:
		return cli.Errorf(cli.ExitUsage, "--max-steps: %d is not at least 2", e.MaxSteps)
	}
	return nil
}

func (e *eigenFlags) config() artifact.Fields {
	return artifact.Fields{{Key: "tol", Value: e.Tol}, {Key: "max_steps", Value: e.MaxSteps}}
}

// find computes extreme eigenpairs. Start may be nil.
func (e *eigenFlags) find(op curvature.Operator, k int, order curvature.Order, start []float32) (*curvature.Result, error) {
	if len(start) != op.Dim() {
		start = nil
	}
	return curvature.Lanczos(op, curvature.Options{
		K: k, Order: order, Tol: e.Tol, MaxSteps: e.MaxSteps, Seed: uint64(e.Seed), Start: start, Verify: true,
	})
}

// place is a checkpoint's network with the loss at it. Its surface and its
// Hessian share the network: a pass of one undoes what the other has loaded,
// so that a Hessian is made after the last pass of the surface.
type place struct {
	s        *probe.Session
	c        *checkpoint.Checkpoint
	net      *resnet.Net
	surface  *landscape.Surface
	examples []int32
	mode     nn.Mode
	bar      *cli.Bar
}

// open puts the network where a checkpoint is.
func (l *lossFlags) open(ctx *cli.Context, s *probe.Session, c *checkpoint.Checkpoint, examples []int32, config resnet.Config) (*place, error) {
	config.Batch = l.passOf(c, examples, config)
	net, err := s.Net(c, config)
	if err != nil {
		return nil, err
	}
	p := &place{s: s, c: c, net: net, examples: examples, mode: l.mode(), bar: ctx.Progress(-1, probe.Label(c))}
	p.surface = landscape.NewSurface(net, s.Images(c), s.Split.Labels, examples, p.mode)
	p.surface.OnBatch = p.tick
	return p, nil
}

// passOf is how many images a pass takes: products gain by taking in all.
func (l *lossFlags) passOf(c *checkpoint.Checkpoint, examples []int32, config resnet.Config) int {
	if config.Tangents {
		return l.pass(c.Meta.Arch, len(examples))
	}
	return min(l.Batch, len(examples))
}

// tick moves the bar and ends the work when the user asks for it.
func (p *place) tick(images int) error {
	p.bar.Add(images)
	return p.s.Stopped()
}

// hessian is that of the mean cross-entropy.
func (p *place) hessian() (*curvature.Hessian, error) {
	return p.operator(curvature.NewCrossEntropy(p.net, p.s.Images(p.c), p.s.Split.Labels, p.mode))
}

func (p *place) operator(loss curvature.Loss) (*curvature.Hessian, error) {
	h, err := curvature.NewHessian(loss, p.examples)
	if err != nil {
		return nil, err
	}
	h.OnBatch = p.tick
	return h, nil
}

// gradient is that of the loss, with the loss.
func (p *place) gradient() (landscape.Point, []float32, error) {
	g := make([]float32, p.surface.Dim())
	point, err := p.surface.Gradient(g)
	return point, g, err
}

// diverged names the checkpoint where an error says that nothing is finite.
func (p *place) diverged(err error) error {
	if errors.Is(err, curvature.ErrNotFinite) {
		return probe.Diverged(p.c, err)
	}
	return err
}

// setting is what a record says of the loss and the images.
func (l *lossFlags) setting(examples []int32, batch int) artifact.Fields {
	return artifact.Fields{
		{Key: "n", Value: len(examples)},
		{Key: "subset", Value: l.images.String()},
		{Key: "subset_seed", Value: l.SubsetSeed},
		{Key: "bn", Value: l.BN},
		{Key: "batch", Value: batch},
		{Key: "objective", Value: "cross_entropy_mean"},
		{Key: "l2_term", Value: 0},
	}
}

// eigen is what a record says of an eigenpair that was needed on the way.
func eigen(prefix string, r *curvature.Result) artifact.Fields {
	return artifact.Fields{
		{Key: "lambda_max" + prefix, Value: r.Pairs[0].Value},
		{Key: "residual" + prefix, Value: r.Pairs[0].Relative()},
		{Key: "converged" + prefix, Value: r.Converged},
		{Key: "steps" + prefix, Value: r.Steps},
		{Key: "hvps" + prefix, Value: r.HVPs},
	}
}

// unconverged warns of an eigenpair that is not what it should be.
func unconverged(ctx *cli.Context, c *checkpoint.Checkpoint, what string, r *curvature.Result) {
	if !r.Converged {
		ctx.Warnf("%s: %s not converged after %d steps; raise --max-steps", probe.Label(c), what, r.Steps)
	}
}

// write appends records and flushes them as one.
func write(out *artifact.RecordWriter, records ...artifact.Fields) error {
	for _, r := range records {
		if err := out.Write(r); err != nil {
			return fmt.Errorf("writing records: %w", err)
		}
	}
	return out.Flush()
}
