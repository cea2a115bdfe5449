package measure

import (
	"context"
	"iter"
	"math"
	"strings"
	"time"

	"srn/pkg/checkpoint"
	"srn/pkg/curvature"
	"srn/pkg/landscape"
	"srn/pkg/record"
	"srn/pkg/resnet"
	"srn/pkg/run"
)

// Operator says which matrix is looked at: the Hessian, or another, of which
// objective and which parameters.
type Operator struct {
	Loss
	Matrix      string   `name:"operator" default:"hessian" enum:"hessian,ggn,fisher" placeholder:"NAME" help:"hessian; ggn, the generalised Gauss–Newton matrix; fisher, the empirical Fisher matrix (${default})."`
	Params      []string `placeholder:"GLOB" help:"Parameters by tensor name, such as 'layer1.*' or '*conv?.weight,linear.weight'; the rest is constant (default: all)."`
	Per         string   `default:"all" enum:"all,layer,block,stage" placeholder:"PART" help:"One record for each layer, residual block or stage, the rest constant; or all together (${default})."`
	WeightDecay float64  `default:"0" placeholder:"X" help:"Add the term X/2·‖θ‖² to the loss, and so X to every eigenvalue (${default})."`
	Objective   string   `default:"loss" enum:"loss,margin" placeholder:"NAME" help:"Of what the Hessian is: loss, the mean cross-entropy; margin, the mean smoothed margin, whose sign is that of a safe prediction (${default})."`
	Tau         float64  `default:"1" placeholder:"X" help:"Temperature τ of the smoothed margin (${default})."`
	CheckHVPs   bool     `name:"check" help:"First test Hessian-vector products on this checkpoint and data: tensor by tensor against float64 on a few images, symmetry, equal bits; exit with 1 if they fail."`
}

func (o *Operator) tests() int { return count(o.CheckHVPs) }

// Network has tangents, for Hessian-vector products.
func (o *Operator) Network() resnet.Config { return resnet.Config{Tangents: true} }

// Check refuses values that cannot work.
func (o *Operator) Check() error {
	if !(o.WeightDecay >= 0) || math.IsInf(o.WeightDecay, 0) {
		return run.Refuse("weight_decay", "%g is not at least 0", o.WeightDecay)
	}
	if o.Objective == "margin" {
		if err := checkTau(o.Tau); err != nil {
			return err
		}
		switch {
		case o.Matrix != "hessian":
			return run.Refuse("operator", "%s is a matrix of the loss, not of the margin", o.Matrix)
		case o.WeightDecay != 0:
			return run.Refuse("weight_decay", "is a term of the loss, not of the margin")
		}
	}
	return o.Loss.Check()
}

func checkTau(tau float64) error {
	if !(tau > 0) || math.IsInf(tau, 0) {
		return run.Refuse("tau", "%g is not above 0", tau)
	}
	return nil
}

// Prepare refuses checkpoints that lack the parameters.
func (o *Operator) Prepare(s *Series) error {
	for _, c := range s.Checkpoints {
		if _, err := o.Blocks(c); err != nil {
			return err
		}
	}
	return nil
}

// vectors refuses as many vectors of a checkpoint's parameters as memory has no
// room for, by the setting that decides their number.
func (o *Operator) vectors(s *Series, setting string, n int) error {
	for _, c := range s.Checkpoints {
		blocks, err := o.Blocks(c)
		if err != nil {
			return err
		}
		for _, b := range blocks {
			// The matrix of their products is at most as large again.
			k := float64(min(n, b.Dim()))
			if err := run.CheckMemory(setting, 4*k*float64(b.Dim())+16*k*k, "ask for fewer"); err != nil {
				return err
			}
		}
	}
	return nil
}

// Blocks are the parts of a checkpoint's parameters that there is a matrix of.
func (o *Operator) Blocks(c *checkpoint.Checkpoint) ([]curvature.Block, error) {
	layout, _, err := c.Layouts()
	if err != nil {
		return nil, err
	}
	chosen, err := curvature.Select(layout, o.Params)
	if err != nil {
		return nil, run.Refuse("params", "%v", err)
	}
	if o.Per == "all" {
		return []curvature.Block{chosen}, nil
	}
	return chosen.Split(o.Per)
}

// each lists a record of a type for each block.
func (o *Operator) each(c *checkpoint.Checkpoint, kind string) ([]string, error) {
	blocks, err := o.Blocks(c)
	types := make([]string, len(blocks))
	for i := range types {
		types[i] = kind
	}
	return types, err
}

// loss is what objective and operator make of the network's predictions.
func (o *Operator) loss(p *Point) (curvature.Loss, error) {
	if o.Objective == "margin" {
		return p.margin(o.Tau)
	}
	crossEntropy := p.crossEntropy()
	switch o.Matrix {
	case "ggn":
		return curvature.GaussNewton{CrossEntropy: crossEntropy}, nil
	case "fisher":
		return curvature.NewFisher(crossEntropy), nil
	}
	return crossEntropy, nil
}

// Matrix is the operator's matrix of one block at a point.
type Matrix struct {
	curvature.Operator
	Point *Point
	Block curvature.Block

	of      *Operator
	hessian *curvature.Hessian // of the whole
	start   time.Time
}

// measure yields the records of a point: its check, and what of makes of each
// block's matrix.
func (o *Operator) measure(ctx context.Context, p *Point, skip int, seed int64, of func(*Matrix) (record.Record, error)) iter.Seq2[record.Record, error] {
	return func(yield func(record.Record, error) bool) {
		h, blocks, err := o.open(ctx, p)
		if err != nil {
			yield(nil, err)
			return
		}
		var parts []part
		if o.CheckHVPs {
			parts = append(parts, func() (record.Record, error) { return made(o.verify(p, h, seed)) })
		}
		for _, b := range blocks {
			parts = append(parts, func() (record.Record, error) { return of(o.matrix(p, h, b)) })
		}
		each(yield, skip, parts...)
	}
}

func (o *Operator) matrix(p *Point, h *curvature.Hessian, b curvature.Block) *Matrix {
	m := &Matrix{Operator: b.Restrict(h), Point: p, Block: b, of: o, hessian: h, start: time.Now()}
	if o.WeightDecay != 0 {
		m.Operator = curvature.Shifted{Operator: m.Operator, Shift: o.WeightDecay}
	}
	return m
}

func (o *Operator) open(ctx context.Context, p *Point) (*curvature.Hessian, []curvature.Block, error) {
	blocks, err := o.Blocks(p.Checkpoint)
	if err != nil {
		return nil, nil, err
	}
	loss, err := o.loss(p)
	if err != nil {
		return nil, nil, err
	}
	h, err := p.hessian(ctx, loss)
	return h, blocks, err
}

// record is what a record says of the matrix, once there was a product.
func (o *Operator) record(p *Point, h *curvature.Hessian, block string, dim int) record.Matrix {
	r := record.Matrix{LossAt: p.lossAt(h.Loss()), Operator: o.Matrix, Params: strings.Join(o.Params, ","), Per: o.Per, Block: block, ParameterCount: dim}
	switch {
	case o.Objective == "margin":
		r.Objective, r.Tau = "smooth_margin_mean", &o.Tau
	case o.WeightDecay != 0:
		r.Objective = "cross_entropy_mean_l2"
	}
	size := landscape.Norm(p.Checkpoint.Params)
	r.L2Term, r.LossL2 = o.WeightDecay, o.WeightDecay/2*size*size
	return r
}

func (m *Matrix) record() record.Matrix {
	return m.of.record(m.Point, m.hessian, m.Block.Name, m.Dim())
}

func (m *Matrix) timed() record.Timed {
	return record.Timed{HessianSeconds: time.Since(m.start).Seconds()}
}

// label is the checkpoint's name, and the block's, in messages.
func (m *Matrix) label() string { return BlockLabel(m.Point.Checkpoint.Path, m.Block.Name) }

// BlockLabel is the name of a checkpoint's block in messages.
func BlockLabel(path, block string) string {
	if block == "" {
		return Label(path)
	}
	return Label(path) + " " + block
}
