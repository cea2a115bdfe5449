package main

import (
	"errors"
	"fmt"
	"time"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/cli"
	"srn/pkg/curvature"
	"srn/pkg/dataset"
	"srn/pkg/nn"
	"srn/pkg/probe"
	"srn/pkg/resnet"
)

// schema is the version of the records' layout.
const schema = 1

// top is the subcommand's flags.
type top struct {
	probe.Flags
	lossFlags
	Algorithm string  `default:"lanczos" enum:"lanczos,power" placeholder:"NAME" help:"lanczos; or power, iteration for the one eigenvalue of largest magnitude, slow, as a cross-check (${default})."`
	K         int     `default:"1" placeholder:"N" help:"Eigenvalues to find (${default})."`
	Order     string  `default:"la" enum:"la,sa,lm" placeholder:"KIND" help:"Which: la, the largest; sa, the smallest; lm, those of largest magnitude (${default})."`
	Tol       float64 `default:"1e-3" placeholder:"X" help:"Residual ‖Hv−λv‖/|λ| of a converged pair; the error of λ is far smaller (${default})."`
	MaxSteps  int     `default:"300" placeholder:"N" help:"Lanczos steps, each one Hessian-vector product, after which to give up (${default})."`
	Krylov    int     `default:"0" placeholder:"N" help:"Vectors kept before a restart, 4 bytes a parameter each; 0 is the larger of 48 and 2k+20 (${default})."`
	Seed      int64   `default:"0" placeholder:"N" help:"Of the random start vector (${default})."`
	Verify    bool    `default:"true" negatable:"" help:"Compute each final residual by one more product (default: yes)."`
	Warm      bool    `default:"true" negatable:"" help:"Start at the eigenvectors of the checkpoint before (default: yes)."`
}

func (t *top) Examples() string { return topExamples }

// Run finds the eigenvalues at every checkpoint.
func (t *top) Run(ctx *cli.Context) error {
	if err := t.check(); err != nil {
		return err
	}
	s, err := t.Open(ctx)
	if err != nil {
		return err
	}
	examples, err := t.choose(s.Indices)
	if err != nil {
		return err
	}
	out, err := s.Create(schema, t.Seed, append(t.lossFlags.config(), artifact.Fields{
		{Key: "algorithm", Value: t.Algorithm}, {Key: "k", Value: t.K}, {Key: "order", Value: t.Order}, {Key: "tol", Value: t.Tol},
		{Key: "max_steps", Value: t.MaxSteps}, {Key: "krylov", Value: t.Krylov},
		{Key: "verify", Value: t.Verify}, {Key: "warm", Value: t.Warm},
	}...))
	if err != nil {
		return err
	}
	var warm []float32 // from the checkpoint before
	return s.Each(out, func(c *checkpoint.Checkpoint) (artifact.Fields, error) {
		start := time.Now()
		h, err := t.hessian(s, c, examples)
		if err != nil {
			return nil, err
		}
		if len(warm) != h.Dim() {
			warm = nil
		}
		bar := ctx.Progress(-1, probe.Label(c))
		defer bar.Done()
		h.OnBatch = func(images int) error {
			bar.Add(images)
			return s.Stopped()
		}
		r, err := t.algorithm()(h, curvature.Options{
			K: t.K, Order: curvature.Order(t.Order), Tol: t.Tol, MaxSteps: t.MaxSteps, Krylov: t.Krylov,
			Seed: uint64(t.Seed), Start: warm, Verify: t.Verify,
			OnStep: func(step curvature.Step) error {
				bar.Describe(fmt.Sprintf("%s: step %d, λ %.4g, residual %.1e", probe.Label(c), step.Steps, step.Values[0], step.Residuals[0]))
				return nil
			},
		})
		if errors.Is(err, curvature.ErrNotFinite) {
			return nil, probe.Diverged(c, err)
		}
		if err != nil {
			return nil, err
		}
		seconds := time.Since(start).Seconds()
		bar.Done()
		first := r.Pairs[0]
		ctx.Logf("%s: λ %.6g  residual %.1e  %d products  %.1f s", probe.Label(c), first.Value, first.Relative(), r.HVPs, seconds)
		if !r.Converged {
			ctx.Warnf("%s: not converged after %d steps; raise --max-steps or --krylov", probe.Label(c), r.Steps)
		}
		record := t.record(append(s.Fields("top", c), t.fields(h, examples)...), r, warm != nil, seconds)
		if t.Warm {
			warm = curvature.Sum(r.Pairs)
		}
		return record, nil
	})
}

// algorithm is the function that the flag names.
func (t *top) algorithm() func(curvature.Operator, curvature.Options) (*curvature.Result, error) {
	if t.Algorithm == "power" {
		return curvature.PowerIteration
	}
	return curvature.Lanczos
}

// check refuses values that cannot work.
func (t *top) check() error {
	usage := func(format string, a ...any) error { return cli.Errorf(cli.ExitUsage, format, a...) }
	switch {
	case t.K < 1:
		return usage("--k: %d is not at least 1", t.K)
	case !(t.Tol > 0 && t.Tol < 1):
		return usage("--tol: %g does not lie between 0 and 1", t.Tol)
	case t.MaxSteps < t.K:
		return usage("--max-steps: %d steps cannot give %d eigenvalues", t.MaxSteps, t.K)
	case t.Algorithm == "power" && (t.K != 1 || t.Order != string(curvature.LargestMagnitude)):
		return cli.WithHint(usage("--algorithm power: finds one eigenvalue, that of largest magnitude"), "use --k 1 --order lm")
	case t.Krylov != 0 && t.Krylov <= t.K:
		return usage("--krylov: %d vectors are too few for %d eigenvalues; at least %d", t.Krylov, t.K, t.K+1)
	}
	return t.lossFlags.check()
}

// record appends what was found.
func (t *top) record(f artifact.Fields, r *curvature.Result, warm bool, seconds float64) artifact.Fields {
	var values, residuals []float64
	var converged []bool
	for _, p := range r.Pairs {
		values = append(values, p.Value)
		residuals = append(residuals, p.Relative())
		converged = append(converged, p.Converged)
	}
	largest, smallest := curvature.Extremes(r.Pairs, curvature.Order(t.Order))
	return append(f, artifact.Fields{
		{Key: "algorithm", Value: t.Algorithm},
		{Key: "order", Value: t.Order},
		{Key: "k", Value: t.K},
		{Key: "tol", Value: t.Tol},
		{Key: "lanczos_seed", Value: t.Seed},
		{Key: "warm_start", Value: warm},
		{Key: "steps", Value: r.Steps},
		{Key: "restarts", Value: r.Restarts},
		{Key: "hvps", Value: r.HVPs},
		{Key: "lambda_max", Value: largest},
		{Key: "lambda_min", Value: smallest},
		{Key: "residual", Value: residuals[0]},
		{Key: "residual_verified", Value: t.Verify || t.Algorithm == "power"},
		{Key: "converged", Value: r.Converged},
		{Key: "eigenvalues", Value: values},
		{Key: "residuals", Value: residuals},
		{Key: "pairs_converged", Value: converged},
		{Key: "hessian_seconds", Value: seconds},
	}...)
}

// lossFlags say of which loss the curvature is; every subcommand has them.
type lossFlags struct {
	Examples   *dataset.Examples `placeholder:"N|first:N|all" help:"Images of the split: N at random by --subset-seed, the first N in archive order, or all (default: 1000, or all where there are fewer)."`
	SubsetSeed int64             `default:"0" placeholder:"N" help:"Of the random choice of images (${default})."`
	BN         string            `name:"bn" default:"eval" enum:"eval,train" placeholder:"MODE" help:"Statistics of batch normalisation: eval, the running ones; train, each batch's own, so that --batch matters (${default})."`
	Batch      int               `default:"128" placeholder:"N" help:"Images of a pass. A pass that holds all images saves a third of the time, for its state is kept between products; it takes 2 (resnet8) to 4 (resnet20) MB an image (${default})."`

	images dataset.Examples // as chosen
}

// defaultExamples is how many images a curvature is measured on.
const defaultExamples = 1000

func (l *lossFlags) check() error {
	if l.Batch < 1 {
		return cli.Errorf(cli.ExitUsage, "--batch: %d is not at least 1", l.Batch)
	}
	return nil
}

// choose picks the images out of a split's.
func (l *lossFlags) choose(indices []int32) ([]int32, error) {
	switch {
	case l.Examples != nil:
		l.images = *l.Examples
	case len(indices) > defaultExamples:
		l.images = dataset.Examples{N: defaultExamples}
	}
	chosen, err := l.images.Of(indices, uint64(l.SubsetSeed))
	if err != nil {
		return nil, cli.WithHint(cli.Errorf(cli.ExitUsage, "--examples: %v", err), "ask for fewer, or for all")
	}
	return chosen, nil
}

// hessian is the operator of a checkpoint.
func (l *lossFlags) hessian(s *probe.Session, c *checkpoint.Checkpoint, examples []int32) (*curvature.Hessian, error) {
	net, err := s.Net(c, resnet.Config{Batch: min(l.Batch, len(examples)), Tangents: true})
	if err != nil {
		return nil, err
	}
	mode := nn.Eval
	if l.BN == "train" {
		mode = nn.TrainFrozen
	}
	return curvature.NewHessian(curvature.NewCrossEntropy(net, s.Images(c), s.Split.Labels, mode), examples)
}

// config is what the header says of the loss.
func (l *lossFlags) config() artifact.Fields {
	return artifact.Fields{
		{Key: "examples", Value: l.images.String()}, {Key: "subset_seed", Value: l.SubsetSeed},
		{Key: "bn", Value: l.BN}, {Key: "batch", Value: l.Batch},
	}
}

// fields are what a record says of the loss whose curvature it holds.
func (l *lossFlags) fields(h *curvature.Hessian, examples []int32) artifact.Fields {
	return artifact.Fields{
		{Key: "n", Value: len(examples)},
		{Key: "subset", Value: l.images.String()},
		{Key: "subset_seed", Value: l.SubsetSeed},
		{Key: "bn", Value: l.BN},
		{Key: "batch", Value: l.Batch},
		{Key: "objective", Value: "cross_entropy_mean"},
		{Key: "l2_term", Value: 0},
		{Key: "loss", Value: h.Loss()},
		{Key: "operator", Value: "hessian"},
		{Key: "parameters", Value: h.Dim()},
	}
}
