package measure

import (
	"context"
	"fmt"
	"iter"
	"math"

	"srn/pkg/curvature"
	"srn/pkg/record"
	"srn/pkg/resnet"
	"srn/pkg/run"
)

// Eigen says how a measurement that needs eigenpairs on the way finds them.
type Eigen struct {
	Tol       float64 `default:"1e-3" placeholder:"X" help:"Residual ‖Hv−λv‖/|λ| of a converged eigenpair (${default})."`
	MaxSteps  int     `default:"300" placeholder:"N" help:"Lanczos steps after which to give up (${default})."`
	Seed      int64   `default:"0" placeholder:"N" help:"Of what is random (${default})."`
	CheckHVPs bool    `name:"check" help:"First test Hessian-vector products on each checkpoint: tensor by tensor against float64 on a few images, symmetry, equal bits; exit with 1 if they fail."`
}

func (e *Eigen) tests() int { return count(e.CheckHVPs) }

// count is how many tests a flag asks for.
func count(check bool) int {
	if check {
		return 1
	}
	return 0
}

// Prepare needs nothing.
func (e *Eigen) Prepare(*Series) error { return nil }

// Network has tangents, for Hessian-vector products.
func (e *Eigen) Network() resnet.Config { return resnet.Config{Tangents: true} }

// Check refuses values that cannot work.
func (e *Eigen) Check() error {
	if err := checkTol(e.Tol); err != nil {
		return err
	}
	return run.Bound("max_steps", e.MaxSteps, 2, mostSteps)
}

// mostSteps is more products, or gradients, than anybody would wait for.
const mostSteps = 10_000_000

func checkTol(tol float64) error {
	if !(tol > 0 && tol < 1) {
		return run.Refuse("tol", "%g does not lie between 0 and 1", tol)
	}
	return nil
}

// find computes extreme eigenpairs, from random starts where there are no
// others.
func (e *Eigen) find(p *Point, what string, op curvature.Operator, k int, order curvature.Order, start [][]float32) (*curvature.Result, error) {
	r, err := curvature.Lanczos(op, curvature.Options{
		K: k, Order: order, Tol: e.Tol, MaxSteps: e.MaxSteps, Seed: uint64(e.Seed), Start: start, Verify: true,
		OnStep: func(step curvature.Step) error {
			p.bar.Describe(fmt.Sprintf("%s: %s, step %d, %.4g, residual %.1e", p.label(), what, step.Steps, step.Values[0], step.Residuals[0]))
			return nil
		},
	})
	if err == nil && !r.Converged {
		p.Series.unconverged(Unconverged{p.label(), what, r.Steps})
	}
	return r, err
}

// before are the vectors of that name of the checkpoint before, none of another
// dimension.
func (p *Point) before(what string, dim int) [][]float32 {
	v := p.Series.Before[what]
	if len(v) > 0 && len(v[0]) != dim {
		return nil // of another architecture
	}
	return v
}

// Follow is Eigen for measurements that find the same eigenpairs at one
// checkpoint after the other.
type Follow struct {
	Eigen
	Warm bool `default:"false" negatable:"" help:"Start at the eigenvectors of the checkpoint before too, which saves nothing (default: no)."`
}

// follow finds the first eigenpair in an order, from that of the checkpoint
// before.
func (f *Follow) follow(p *Point, what string, op curvature.Operator, order curvature.Order) (*curvature.Result, error) {
	start := p.before(what, op.Dim())
	r, err := f.find(p, what, op, 1, order, start)
	if err != nil {
		return nil, err
	}
	p.warm = p.warm || len(start) > 0
	if f.Warm {
		p.Series.Before[what] = [][]float32{r.Pairs[0].Vector}
	}
	return r, nil
}

// solver is what a record says of how the point's eigenpairs were found.
func (f *Follow) solver(p *Point) record.Solver {
	return record.Solver{Algorithm: "lanczos", Tol: f.Tol, LanczosSeed: f.Seed, WarmStart: p.warm}
}

// eigenpair is what a record says of the first of the pairs found.
func eigenpair(r *curvature.Result) record.Eigenpair {
	return record.Eigenpair{LambdaMax: r.Pairs[0].Value, Residual: r.Pairs[0].Relative(), Converged: r.Converged, Steps: r.Steps, HVPs: r.HVPs}
}

// randomCosine is the mean |cos| of two random vectors of that dimension.
func randomCosine(dim int) float64 { return math.Sqrt(2 / (math.Pi * float64(dim))) }

// records yields the records of a point: the tests that are asked for, of the
// Hessians of objectives, and what parts compute.
func (e *Eigen) records(ctx context.Context, p *Point, skip int, tests []Operator, parts ...part) iter.Seq2[record.Record, error] {
	var all []part
	if e.CheckHVPs {
		for _, o := range tests {
			all = append(all, func() (record.Record, error) { return made(o.test(ctx, p, e.Seed)) })
		}
	}
	return func(yield func(record.Record, error) bool) { each(yield, skip, append(all, parts...)...) }
}

// hessianOf is the operator that the tests of a measurement are of.
func hessianOf(l Loss) Operator {
	return Operator{Loss: l, Matrix: "hessian", Per: "all", Objective: "loss"}
}
