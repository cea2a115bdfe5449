package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/cli"
	"srn/pkg/curvature"
	"srn/pkg/landscape"
	"srn/pkg/probe"
	"srn/pkg/record"
	"srn/pkg/resnet"
)

// plot is the flags of the subcommand landscape.
type plot struct {
	probe.Flags
	lossFlags
	eigenFlags
	X       *landscape.Axis `name:"x" placeholder:"MIN:MAX:STEPS" help:"Coordinates along the first direction, written with an equals sign (default: --x=-1:1:51, with --to --x=0:1:51)."`
	Y       *landscape.Axis `name:"y" placeholder:"MIN:MAX:STEPS" help:"Coordinates along the second direction, for a plane (default: a line)."`
	To      string          `placeholder:"FILE" xor:"along" help:"The line to this checkpoint: 0 is the one examined, 1 this."`
	Eigen   bool            `xor:"along" help:"Along the eigenvectors of the largest eigenvalues, computed for each checkpoint; coordinates are distances."`
	Vectors string          `placeholder:"FILE" xor:"along" help:"Along the vectors in a tensor file, such as top's eigenvectors, scaled to norm 1."`

	Normalise string `default:"filter" enum:"filter,layer,none" placeholder:"KIND" help:"Length of random directions: filter, every filter as long as the network's; layer, every tensor; none, 1 in all (${default})."`
	BNBias    bool   `name:"bn-bias" help:"Move scales, shifts and biases too (default: random directions are zero there)."`
	ScaleBy   string `default:"each" enum:"each,first" placeholder:"KIND" help:"Whose filters give random directions their length: each checkpoint's own; or those of the first, so that all have the very same directions (${default})."`
	Resume    bool   `help:"Go on with the output of a run that was stopped."`

	to   *checkpoint.Checkpoint
	file *artifact.File
}

func (p *plot) Examples() string { return landscapeExamples }

// Run evaluates every cell for every checkpoint.
func (p *plot) Run(ctx *cli.Context) error {
	if err := p.check(); err != nil {
		return err
	}
	s, examples, err := p.begin(ctx, &p.Flags)
	if err != nil {
		return err
	}
	if err := p.inputs(s); err != nil {
		return err
	}
	out, skip, complete, err := p.output(s)
	if err != nil || complete {
		if complete {
			ctx.Logf("%s is complete", p.Output)
		}
		return err
	}
	for _, c := range s.Checkpoints {
		n := p.lead() + p.cells()
		if skip >= n {
			skip -= n
			continue
		}
		if err := p.checkpoint(ctx, s, out, c, examples, skip); err != nil {
			if cli.ExitCode(err) == cli.ExitInterrupted {
				err = cli.Errorf(cli.ExitInterrupted, "interrupted; the cells done are kept, and --resume goes on after them")
			}
			return s.Finish(out, err)
		}
		skip = 0
	}
	return s.Finish(out, nil)
}

// checkpoint writes the plot's parameters and its cells, but for the first
// skip of these records.
func (p *plot) checkpoint(ctx *cli.Context, s *probe.Session, out *artifact.RecordWriter, c *checkpoint.Checkpoint, examples []int32, skip int) error {
	at, err := p.open(ctx, s, out, c, examples, resnet.Config{Tangents: p.Eigen, ForwardOnly: !p.Eigen})
	if err != nil {
		return err
	}
	defer at.bar.Done()
	if p.Check && skip == 0 {
		if err := p.verify(at, p.lossFlags, "loss", 0); err != nil {
			return at.diverged(err)
		}
		skip = 1
	}
	plane, told, err := p.plane(s, at)
	if err != nil {
		return at.diverged(err)
	}
	if skip < p.lead() {
		at.surface.Move(c.Params, c.Running)
		here, err := at.surface.Here()
		if err != nil {
			return err
		}
		if math.IsNaN(here.Loss) || math.IsInf(here.Loss, 0) {
			return probe.Diverged(c, curvature.ErrNotFinite)
		}
		ctx.Logf("%s: loss %.6g, accuracy %.4f; %d cells %s", probe.Label(c), here.Loss, here.Top1, p.cells(), p.along())
		record := append(append(s.Fields("landscape", c), p.setting(examples, at.batch)...), told...)
		if err := write(out, append(record, artifact.Fields{{Key: "loss", Value: here.Loss}, {Key: "top1", Value: here.Top1}}...)); err != nil {
			return err
		}
		skip = p.lead()
	}
	at.bar.Done()
	cells := ctx.Progress(int64(p.cells()), probe.Label(c)+": cells")
	defer cells.Done()
	at.bar = nil // images are not counted from here on
	cells.Set(int64(skip - p.lead()))
	for k := skip - p.lead(); k < p.cells(); k++ {
		record, err := p.cell(at, plane, k)
		if err != nil {
			return err
		}
		if err := write(out, record); err != nil {
			return err
		}
		cells.Add(1)
	}
	return nil
}

// cell evaluates cell k, counted along the first direction fastest.
func (p *plot) cell(at *place, plane *landscape.Plane, k int) (artifact.Fields, error) {
	i, j := k%p.X.Steps, k/p.X.Steps
	coordinates := []float64{p.X.At(i)}
	var row, y any
	if p.Y != nil {
		coordinates = append(coordinates, p.Y.At(j))
		row, y = j, p.Y.At(j)
	}
	at.surface.Move(plane.At(coordinates...))
	point, err := at.surface.Here()
	return artifact.Fields{
		{Key: "type", Value: "cell"}, {Key: "checkpoint", Value: at.c.Path},
		{Key: "i", Value: i}, {Key: "j", Value: row}, {Key: "x", Value: p.X.At(i)}, {Key: "y", Value: y},
		{Key: "loss", Value: point.Loss}, {Key: "top1", Value: point.Top1},
	}, err
}

// plane is what the coordinates mean at a checkpoint, with what a record says
// of it.
func (p *plot) plane(s *probe.Session, at *place) (*landscape.Plane, artifact.Fields, error) {
	c := at.c
	plane := &landscape.Plane{Origin: c.Params, Running: c.Running}
	var values, residuals, steps, hvps, converged any
	running := "fixed"
	switch p.along() {
	case "to":
		if len(p.to.Params) != len(c.Params) || p.to.Meta.Arch != c.Meta.Arch {
			return nil, nil, cli.Errorf(cli.ExitUsage, "--to: %s is a %s, but %s is a %s", p.to.Path, p.to.Meta.Arch, c.Path, c.Meta.Arch)
		}
		plane = landscape.Between(c.Params, c.Running, p.to.Params, p.to.Running)
		if p.BN == "eval" {
			running = "interpolated"
		}
	case "eigen":
		h, err := at.hessian()
		if err != nil {
			return nil, nil, err
		}
		r, err := p.find(at, "λ_max", h, p.dimensions(), curvature.LargestAlgebraic, nil)
		if err != nil {
			return nil, nil, err
		}
		var v, res []float64
		for _, pair := range r.Pairs {
			plane.Directions = append(plane.Directions, pair.Vector)
			v, res = append(v, pair.Value), append(res, pair.Relative())
		}
		values, residuals, steps, hvps, converged = v, res, r.Steps, r.HVPs, r.Converged
	case "vectors":
		layout, _, err := c.Layouts()
		if err != nil {
			return nil, nil, err
		}
		if plane.Directions, err = landscape.Vectors(p.Vectors, p.file, layout, p.dimensions()); err != nil {
			return nil, nil, err
		}
	default:
		scale := c
		if p.ScaleBy == "first" {
			scale = s.Checkpoints[0]
			if scale.Meta.Arch != c.Meta.Arch {
				return nil, nil, cli.Errorf(cli.ExitUsage, "--scale-by first: %s is a %s, but %s is a %s", scale.Path, scale.Meta.Arch, c.Path, c.Meta.Arch)
			}
		}
		layout, _, err := c.Layouts()
		if err != nil {
			return nil, nil, err
		}
		plane.Directions, err = landscape.Directions{Normalisation: landscape.Normalisation(p.Normalise), OneDimensional: p.BNBias, Seed: uint64(p.Seed)}.
			Random(layout, scale.Params, p.dimensions())
		if err != nil {
			return nil, nil, err
		}
	}
	return plane, append(p.axes(), artifact.Fields{
		{Key: "running_statistics", Value: running},
		{Key: "direction_norms", Value: norms(plane.Directions)},
		{Key: "directions_sha256", Value: hash(plane.Directions)},
		{Key: "cosine", Value: cosine(plane.Directions)},
		{Key: "theta_norm", Value: landscape.Norm(c.Params)},
		{Key: "eigenvalues", Value: values}, {Key: "residuals", Value: residuals},
		{Key: "steps", Value: steps}, {Key: "hvps", Value: hvps}, {Key: "converged", Value: converged},
	}...), nil
}

// axes are the plot's parameters that do not depend on the checkpoint.
func (p *plot) axes() artifact.Fields {
	f := artifact.Fields{{Key: "along", Value: p.along()}}
	var to any
	if p.to != nil {
		to = p.to.Path
	}
	normalise, bnBias, scaleBy := any(p.Normalise), any(p.BNBias), any(p.ScaleBy)
	if p.along() != "random" {
		normalise, bnBias, scaleBy = nil, nil, nil
	}
	f = append(f, artifact.Fields{
		{Key: "to", Value: to}, {Key: "normalise", Value: normalise}, {Key: "bn_bias", Value: bnBias}, {Key: "scale_by", Value: scaleBy},
		{Key: "direction_seed", Value: p.Seed},
		{Key: "dimensions", Value: p.dimensions()}, {Key: "cells", Value: p.cells()},
		{Key: "x_min", Value: p.X.Min}, {Key: "x_max", Value: p.X.Max}, {Key: "x_steps", Value: p.X.Steps},
	}...)
	if p.Y == nil {
		return append(f, artifact.Fields{{Key: "y_min", Value: nil}, {Key: "y_max", Value: nil}, {Key: "y_steps", Value: nil}}...)
	}
	return append(f, artifact.Fields{{Key: "y_min", Value: p.Y.Min}, {Key: "y_max", Value: p.Y.Max}, {Key: "y_steps", Value: p.Y.Steps}}...)
}

// check refuses flags that cannot all be meant.
func (p *plot) check() error {
	if p.To != "" {
		if p.Y != nil {
			return cli.WithHint(cli.Errorf(cli.ExitUsage, "--y: a line to another checkpoint has no second direction"), "leave out --y, or --to")
		}
	}
	if p.X == nil {
		p.X = &landscape.Axis{Min: -1, Max: 1, Steps: 51}
		if p.To != "" {
			p.X.Min = 0
		}
	}
	if p.Check && !p.Eigen {
		return cli.WithHint(cli.Errorf(cli.ExitUsage, "--check: tests products of the Hessian, which only --eigen takes"), "leave out --check, or add --eigen")
	}
	if p.Output == "-" && p.Resume {
		return cli.WithHint(cli.Errorf(cli.ExitUsage, "--resume: standard output cannot be resumed"), "name a file by -o")
	}
	if err := p.eigenFlags.check(); err != nil {
		return err
	}
	return p.lossFlags.check()
}

// inputs reads the files beyond the checkpoints.
func (p *plot) inputs(s *probe.Session) (err error) {
	switch p.along() {
	case "to":
		p.to, err = s.Another("to", p.To)
	case "vectors":
		if p.file, err = artifact.Read(p.Vectors, artifact.Limits{}); err == nil {
			s.Inputs = append(s.Inputs, record.Input{Name: "vectors", Path: p.Vectors, SHA256: p.file.SHA256})
		}
	}
	return err
}

func (p *plot) along() string {
	switch {
	case p.To != "":
		return "to"
	case p.Eigen:
		return "eigen"
	case p.Vectors != "":
		return "vectors"
	}
	return "random"
}

func (p *plot) dimensions() int {
	if p.Y != nil {
		return 2
	}
	return 1
}

func (p *plot) cells() int {
	if p.Y != nil {
		return p.X.Steps * p.Y.Steps
	}
	return p.X.Steps
}

// lead is how many records of a checkpoint come before its cells.
func (p *plot) lead() int {
	if p.Check {
		return 2
	}
	return 1
}

func (p *plot) second() any {
	if p.Y == nil {
		return nil
	}
	return p.Y.String()
}

func norms(list [][]float32) []float64 {
	n := make([]float64, len(list))
	for i, v := range list {
		n[i] = landscape.Norm(v)
	}
	return n
}

// cosine is what Gram–Schmidt has left between two directions.
func cosine(list [][]float32) any {
	if len(list) < 2 {
		return nil
	}
	return landscape.Cosine(list[0], list[1])
}

// hash tells whether two plots have the very same directions.
func hash(list [][]float32) string {
	h := sha256.New()
	var b []byte
	for _, v := range list {
		b = b[:0]
		for _, x := range v {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))
}

const landscapeExamples = `  A line and a plane in random, filter-normalised directions:
    srn-hessian landscape --data cifar10.safetensors.zst net.safetensors.zst -o line.jsonl.zst
    srn-hessian landscape --data cifar10.safetensors.zst --x=-1:1:25 --y=-1:1:25 net.safetensors.zst -o plane.jsonl.zst

  Two networks in the very same directions, on 2000 training images:
    srn-hessian landscape --data cifar10.safetensors.zst --split train --examples 2000 --scale-by first ce.safetensors.zst srn.safetensors.zst -o both.jsonl.zst

  From one checkpoint to another; along the two top eigenvectors:
    srn-hessian landscape --data cifar10.safetensors.zst --to srn.safetensors.zst ce.safetensors.zst
    srn-hessian landscape --data cifar10.safetensors.zst --eigen --x=-0.5:0.5:21 --y=-0.5:0.5:21 net.safetensors.zst

  Go on after an interruption (the same command line, with --resume):
    srn-hessian landscape … --resume`
