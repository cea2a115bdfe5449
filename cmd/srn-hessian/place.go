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
	Check    bool    `help:"First test the Hessian's products on each checkpoint: tensor by tensor against float64 on a few images, symmetry, equal bits; exit with 1 if they fail."`
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
	return artifact.Fields{{Key: "tol", Value: e.Tol}, {Key: "max_steps", Value: e.MaxSteps}, {Key: "check", Value: e.Check}}
}

// find computes extreme eigenpairs, from a random start where start is nil.
func (e *eigenFlags) find(at *place, what string, op curvature.Operator, k int, order curvature.Order, start [][]float32) (*curvature.Result, error) {
	r, err := curvature.Lanczos(op, curvature.Options{
		K: k, Order: order, Tol: e.Tol, MaxSteps: e.MaxSteps, Seed: uint64(e.Seed), Start: start, Verify: true,
		OnStep: func(step curvature.Step) error {
			at.bar.Describe(fmt.Sprintf("%s: %s, step %d, %.4g, residual %.1e", probe.Label(at.c), what, step.Steps, step.Values[0], step.Residuals[0]))
			return nil
		},
	})
	if err == nil && !r.Converged {
		at.ctx.Warnf("%s: %s not converged after %d steps; raise --max-steps", probe.Label(at.c), what, r.Steps)
	}
	return r, err
}

// seriesFlags are those of subcommands that find the same eigenpairs at one
// checkpoint after the other.
type seriesFlags struct {
	eigenFlags
	Warm bool `default:"true" negatable:"" help:"Start at the eigenvectors of the checkpoint before (default: yes)."`

	before map[string][]float32 // eigenvectors by what they are
}

func (f *seriesFlags) config() artifact.Fields {
	return append(f.eigenFlags.config(), artifact.Field{Key: "warm", Value: f.Warm})
}

// follow finds the first eigenpair in an order, from that of the checkpoint
// before.
func (f *seriesFlags) follow(at *place, what string, op curvature.Operator, order curvature.Order) (*curvature.Result, error) {
	var start [][]float32
	if v := f.before[what]; len(v) == op.Dim() { // else none, or of another architecture
		start = append(start, v)
	}
	r, err := f.find(at, what, op, 1, order, start)
	if err != nil {
		return nil, err
	}
	at.warm = at.warm || start != nil
	if f.Warm {
		if f.before == nil {
			f.before = map[string][]float32{}
		}
		f.before[what] = r.Pairs[0].Vector
	}
	return r, nil
}

// how is what a record says of how its eigenpairs were found.
func (f *seriesFlags) how(at *place) artifact.Fields {
	return artifact.Fields{
		{Key: "algorithm", Value: "lanczos"}, {Key: "tol", Value: f.Tol}, {Key: "lanczos_seed", Value: f.Seed}, {Key: "warm_start", Value: at.warm},
	}
}

// place is a checkpoint's network with the loss at it. Its surface and its
// Hessian share the network: a pass of one undoes what the other has loaded,
// so that a Hessian is made after the last pass of the surface.
type place struct {
	ctx      *cli.Context
	s        *probe.Session
	out      *artifact.RecordWriter
	c        *checkpoint.Checkpoint
	net      *resnet.Net
	surface  *landscape.Surface
	examples []int32
	mode     nn.Mode
	bar      *cli.Bar
	batch    int  // images of a pass
	warm     bool // an eigenvector of the checkpoint before was used
}

// open puts the network where a checkpoint is.
func (l *lossFlags) open(ctx *cli.Context, s *probe.Session, out *artifact.RecordWriter, c *checkpoint.Checkpoint, examples []int32, config resnet.Config) (*place, error) {
	config.Batch = l.passOf(c, examples, config)
	net, err := s.Net(c, config)
	if err != nil {
		return nil, err
	}
	p := &place{
		ctx: ctx, s: s, out: out, c: c, net: net, examples: examples, mode: l.mode(),
		bar: ctx.Progress(-1, probe.Label(c)), batch: config.Batch,
	}
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

// crossEntropy is the mean loss.
func (p *place) crossEntropy() curvature.Loss {
	return curvature.NewCrossEntropy(p.net, p.s.Images(p.c), p.s.Split.Labels, p.mode)
}

// hessian is that of the mean loss.
func (p *place) hessian() (*curvature.Hessian, error) { return p.operator(p.crossEntropy()) }

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
		{Key: "loss_l2", Value: 0},
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

// write appends records and flushes them as one.
func write(out *artifact.RecordWriter, records ...artifact.Fields) error {
	for _, r := range records {
		typed, err := probe.Typed(r)
		if err == nil {
			err = out.Write(typed)
		}
		if err != nil {
			return fmt.Errorf("writing records: %w", err)
		}
	}
	return out.Flush()
}
