package main

import (
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/cli"
	"srn/pkg/curvature"
	"srn/pkg/landscape"
	"srn/pkg/probe"
	"srn/pkg/resnet"
)

// operatorFlags say which matrix is looked at.
type operatorFlags struct {
	lossFlags
	Operator    string   `default:"hessian" enum:"hessian,ggn,fisher" placeholder:"NAME" help:"hessian; ggn, the generalised Gauss–Newton matrix; fisher, the empirical Fisher matrix (${default})."`
	Params      []string `placeholder:"GLOB" help:"Parameters by tensor name, such as 'layer1.*' or '*conv?.weight,linear.weight'; the rest is constant (default: all)."`
	Per         string   `default:"all" enum:"all,layer,block,stage" placeholder:"PART" help:"One record for each layer, residual block or stage, the rest constant; or all together (${default})."`
	WeightDecay float64  `default:"0" placeholder:"X" help:"Add the term X/2·‖θ‖² to the loss, and so X to every eigenvalue (${default})."`
	Objective   string   `default:"loss" enum:"loss,margin" placeholder:"NAME" help:"Of what the Hessian is: loss, the mean cross-entropy; margin, the mean smoothed margin, whose sign is that of a safe prediction (${default})."`
	Tau         float64  `default:"1" placeholder:"X" help:"Temperature τ of the smoothed margin (${default})."`
	Check       bool     `help:"First test products on this checkpoint and data: tensor by tensor against float64 on a few images, symmetry, equal bits; exit with 1 if they fail."`
}

func (o *operatorFlags) check() error {
	if !(o.WeightDecay >= 0) || math.IsInf(o.WeightDecay, 0) {
		return cli.Errorf(cli.ExitUsage, "--weight-decay: %g is not at least 0", o.WeightDecay)
	}
	if o.Objective == "margin" {
		switch {
		case !(o.Tau > 0) || math.IsInf(o.Tau, 0):
			return cli.Errorf(cli.ExitUsage, "--tau: %g is not above 0", o.Tau)
		case o.Operator != "hessian":
			return cli.Errorf(cli.ExitUsage, "--operator %s: is a matrix of the loss, not of the margin", o.Operator)
		case o.WeightDecay != 0:
			return cli.Errorf(cli.ExitUsage, "--weight-decay: is a term of the loss, not of the margin")
		}
	}
	return o.lossFlags.check()
}

// config is what the header says of the matrix.
func (o *operatorFlags) config() artifact.Fields {
	return append(o.lossFlags.config(), artifact.Fields{
		{Key: "operator", Value: o.Operator}, {Key: "params", Value: o.globs()}, {Key: "per", Value: o.Per},
		{Key: "l2_term", Value: o.WeightDecay}, {Key: "check", Value: o.Check},
		{Key: "objective", Value: o.Objective}, {Key: "tau", Value: o.tau()},
	}...)
}

// globs is --params as one string, or nil without it.
func (o *operatorFlags) globs() any {
	if len(o.Params) == 0 {
		return nil
	}
	return strings.Join(o.Params, ",")
}

// blocks are the parts of a checkpoint's parameters that the flags name.
func (o *operatorFlags) blocks(c *checkpoint.Checkpoint) ([]curvature.Block, error) {
	layout, _, err := c.Layouts()
	if err != nil {
		return nil, err
	}
	chosen, err := curvature.Select(layout, o.Params)
	if err != nil {
		return nil, cli.Errorf(cli.ExitUsage, "--params: %v", err)
	}
	if o.Per == "all" {
		return []curvature.Block{chosen}, nil
	}
	return chosen.Split(o.Per)
}

// matrix is the operator of one block at one checkpoint.
type matrix struct {
	curvature.Operator
	c     *checkpoint.Checkpoint
	block curvature.Block
	bar   *cli.Bar
	label string
}

// measurement is a subcommand's own part: its record's type, what decides its
// results, and the fields found for a matrix.
type measurement struct {
	kind   string
	seed   int64
	config artifact.Fields
	pairs  int // wanted of the whole matrix; 0: none
	of     func(*matrix) (artifact.Fields, error)
	// finish, if set, ends the work after the last checkpoint.
	finish func(*probe.Session) error
}

// run measures every block of every checkpoint.
func (o *operatorFlags) run(ctx *cli.Context, flags *probe.Flags, m measurement) error {
	s, examples, err := o.begin(ctx, flags)
	if err != nil {
		return err
	}
	for _, c := range s.Checkpoints {
		blocks, err := o.blocks(c)
		if err != nil {
			return err
		}
		if n := blocks[0].Dim(); o.Per == "all" && m.pairs > n {
			return cli.Errorf(cli.ExitUsage, "--k: %d eigenvalues of %s, whose matrix has %d", m.pairs, c.Path, n)
		}
	}
	out, err := s.Create(m.seed, append(o.config(), m.config...))
	if err != nil {
		return err
	}
	for _, c := range s.Checkpoints {
		if err := o.checkpoint(ctx, s, c, examples, m, out); err != nil {
			if errors.Is(err, curvature.ErrNotFinite) {
				err = probe.Diverged(c, err)
			}
			return s.Finish(out, err)
		}
	}
	if m.finish != nil {
		err = m.finish(s)
	}
	return s.Finish(out, err)
}

// checkpoint writes the records of one.
func (o *operatorFlags) checkpoint(ctx *cli.Context, s *probe.Session, c *checkpoint.Checkpoint, examples []int32, m measurement, out *artifact.RecordWriter) error {
	blocks, err := o.blocks(c)
	if err != nil {
		return err
	}
	batch := o.pass(c.Meta.Arch, len(examples))
	net, err := s.Net(c, resnet.Config{Batch: batch, Tangents: true})
	if err != nil {
		return err
	}
	loss, err := o.loss(s, c, net)
	if err != nil {
		return err
	}
	h, err := curvature.NewHessian(loss, examples)
	if err != nil {
		return err
	}
	bar := ctx.Progress(-1, probe.Label(c))
	defer bar.Done()
	h.OnBatch = func(images int) error {
		bar.Add(images)
		return s.Stopped()
	}
	about := append(s.Fields(m.kind, c), o.fields(c, examples, batch)...)
	if o.Check {
		if err := verify(ctx, s, c, h, o, uint64(m.seed), append(s.Fields("check", c), o.fields(c, examples, batch)...), out); err != nil {
			return err
		}
	}
	for _, b := range blocks {
		op := b.Restrict(h)
		if o.WeightDecay != 0 {
			op = curvature.Shifted{Operator: op, Shift: o.WeightDecay}
		}
		at := &matrix{Operator: op, c: c, block: b, bar: bar, label: probe.Label(c)}
		var name any
		if b.Name != "" {
			at.label += " " + b.Name
			name = b.Name
		}
		start := time.Now()
		own, err := m.of(at)
		if err != nil {
			return err
		}
		own = append(own, artifact.Field{Key: "hessian_seconds", Value: time.Since(start).Seconds()})
		if err := write(out, slices.Concat(about, of(h, name, op.Dim()), own)); err != nil {
			return err
		}
	}
	return nil
}

// loss is what --objective and --operator make of the network's predictions.
func (o *operatorFlags) loss(s *probe.Session, c *checkpoint.Checkpoint, net *resnet.Net) (curvature.Loss, error) {
	images, labels := s.Images(c), s.Split.Labels
	if o.Objective == "margin" {
		return curvature.NewMargin(net, images, labels, o.mode(), o.Tau)
	}
	crossEntropy := curvature.NewCrossEntropy(net, images, labels, o.mode())
	switch o.Operator {
	case "ggn":
		return curvature.GaussNewton{CrossEntropy: crossEntropy}, nil
	case "fisher":
		return curvature.NewFisher(crossEntropy), nil
	}
	return crossEntropy, nil
}

// tau is --tau, or nil where it has no part.
func (o *operatorFlags) tau() any {
	if o.Objective == "margin" {
		return o.Tau
	}
	return nil
}

// of is what a record says of the loss, once there was a product, and of the
// rows of the matrix that it tells of.
func of(h *curvature.Hessian, block any, parameters int) artifact.Fields {
	return artifact.Fields{{Key: "loss", Value: h.Loss()}, {Key: "block", Value: block}, {Key: "parameters", Value: parameters}}
}

// fields are what a record says of the matrix at a checkpoint.
func (o *operatorFlags) fields(c *checkpoint.Checkpoint, examples []int32, batch int) artifact.Fields {
	size := landscape.Norm(c.Params)
	objective := "cross_entropy_mean"
	switch {
	case o.Objective == "margin":
		objective = "smooth_margin_mean"
	case o.WeightDecay != 0:
		objective = "cross_entropy_mean_l2"
	}
	return artifact.Fields{
		{Key: "n", Value: len(examples)},
		{Key: "subset", Value: o.images.String()},
		{Key: "subset_seed", Value: o.SubsetSeed},
		{Key: "bn", Value: o.BN},
		{Key: "batch", Value: batch},
		{Key: "objective", Value: objective},
		{Key: "tau", Value: o.tau()},
		{Key: "l2_term", Value: o.WeightDecay},
		{Key: "loss_l2", Value: o.WeightDecay / 2 * size * size},
		{Key: "operator", Value: o.Operator},
		{Key: "params", Value: o.globs()},
		{Key: "per", Value: o.Per},
	}
}
