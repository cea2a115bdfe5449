package main

import (
	"fmt"

	"srn/pkg/artifact"
	"srn/pkg/cli"
	"srn/pkg/curvature"
	"srn/pkg/probe"
)

// top is the subcommand's flags.
type top struct {
	probe.Flags
	operatorFlags
	Algorithm string  `default:"lanczos" enum:"lanczos,power" placeholder:"NAME" help:"lanczos; or power, iteration with deflation for eigenvalues of largest magnitude, slow, as a cross-check (${default})."`
	K         int     `default:"1" placeholder:"N" help:"Eigenvalues to find (${default})."`
	Order     string  `default:"la" enum:"la,sa,lm,be" placeholder:"KIND" help:"Which: la, the largest; sa, the smallest; lm, those of largest magnitude; be, both ends, the largest and the smallest in turn (${default})."`
	Tol       float64 `default:"1e-3" placeholder:"X" help:"Residual ‖Hv−λv‖/|λ| of a converged pair; the error of λ is far smaller (${default})."`
	MaxSteps  int     `default:"300" placeholder:"N" help:"Lanczos steps, each one matrix-vector product, after which to give up (${default})."`
	Krylov    int     `default:"0" placeholder:"N" help:"Vectors kept before a restart, which bounds memory: 4 bytes a parameter each, 52 MB for resnet20 by default; 0 is the larger of 48 and 2k+20 (${default})."`
	Seed      int64   `default:"0" placeholder:"N" help:"Of the random start vector (${default})."`
	Verify    bool    `default:"true" negatable:"" help:"Compute each final residual by one more product (default: yes)."`
	Warm      bool    `default:"true" negatable:"" help:"Start at the eigenvectors of the checkpoint before (default: yes)."`
	Vectors   string  `placeholder:"FILE" help:"Write the eigenvectors of the one checkpoint as tensors under its parameters' names; compressed where the name ends in .zst."`
}

func (t *top) Examples() string { return topExamples }

// Run finds the eigenvalues at every checkpoint.
func (t *top) Run(ctx *cli.Context) error {
	if err := t.check(); err != nil {
		return err
	}
	warm := map[string][][]float32{} // by block, from the checkpoint before
	var file vectorsFile
	work := measurement{kind: "top", seed: t.Seed, pairs: t.K, config: artifact.Fields{
		{Key: "algorithm", Value: t.Algorithm}, {Key: "k", Value: t.K}, {Key: "order", Value: t.Order}, {Key: "tol", Value: t.Tol},
		{Key: "max_steps", Value: t.MaxSteps}, {Key: "krylov", Value: t.Krylov},
		{Key: "verify", Value: t.Verify}, {Key: "warm", Value: t.Warm},
	}, of: func(m *matrix) (artifact.Fields, error) {
		start := warm[m.block.Name]
		if len(start) > 0 && len(start[0]) != m.Dim() {
			start = nil // of another architecture
		}
		r, err := t.find(m, start)
		if err != nil {
			return nil, err
		}
		first := r.Pairs[0]
		ctx.Logf("%s: λ %.6g  residual %.1e  %d products", m.label, first.Value, first.Relative(), r.HVPs)
		if !r.Converged {
			ctx.Warnf("%s: not converged after %d steps; raise --max-steps or --krylov", m.label, r.Steps)
		}
		if t.Warm {
			warm[m.block.Name] = curvature.Vectors(r.Pairs)
		}
		if t.Vectors != "" {
			file.add(m.block, r.Pairs)
		}
		return t.fields(r, start != nil), nil
	}}
	if t.Vectors != "" {
		work.finish = func(s *probe.Session) error { return file.write(t, ctx, s) }
	}
	return t.run(ctx, &t.Flags, work)
}

// find runs the algorithm that the flag names.
func (t *top) find(m *matrix, start [][]float32) (*curvature.Result, error) {
	algorithm := curvature.Lanczos
	if t.Algorithm == "power" {
		algorithm = curvature.PowerIteration
	}
	// A block may have fewer eigenvalues than are asked for.
	return algorithm(m, curvature.Options{
		K: min(t.K, m.Dim()), Order: curvature.Order(t.Order), Tol: t.Tol, MaxSteps: t.MaxSteps, Krylov: t.Krylov,
		Seed: uint64(t.Seed), Start: start, Verify: t.Verify,
		OnStep: func(step curvature.Step) error {
			m.bar.Describe(fmt.Sprintf("%s: step %d, λ %.4g, residual %.1e", m.label, step.Steps, step.Values[0], step.Residuals[0]))
			return nil
		},
	})
}

// mostKrylov is how many vectors a matrix of their products, of which all
// eigenvalues are found at every restart, can have in memory and in time.
const mostKrylov = 10_000

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
	case t.Algorithm == "power" && t.Order != string(curvature.LargestMagnitude):
		return cli.WithHint(usage("--algorithm power: finds eigenvalues of largest magnitude"), "use --order lm")
	case t.Order == string(curvature.BothEnds) && t.K < 2:
		return cli.WithHint(usage("--order be: one eigenvalue has no two ends"), "use --k 2 or more")
	case t.Krylov != 0 && t.Krylov <= t.K:
		return usage("--krylov: %d vectors are too few for %d eigenvalues; at least %d", t.Krylov, t.K, t.K+1)
	case max(t.Krylov, 2*t.K+20) > mostKrylov:
		return cli.WithHint(usage("--k: %d eigenvalues would keep %d vectors, and at most %d can be", t.K, max(t.Krylov, 2*t.K+20), mostKrylov),
			"srn-hessian density shows the whole spectrum")
	case t.Vectors != "" && len(t.Checkpoints) != 1:
		return cli.WithHint(usage("--vectors: one file holds one checkpoint's eigenvectors, not those of %d", len(t.Checkpoints)), "run once for each checkpoint")
	case t.Vectors == "-" && t.Output == "-":
		return usage("--vectors: records and eigenvectors cannot both go to standard output")
	}
	for _, name := range append([]string{t.Data, t.Output}, t.Checkpoints...) {
		if t.Vectors != "" && t.Vectors != "-" && artifact.SameFile(t.Vectors, name) {
			return usage("--vectors: %s is another input or output", t.Vectors)
		}
	}
	return t.operatorFlags.check()
}

// fields are what was found.
func (t *top) fields(r *curvature.Result, warm bool) artifact.Fields {
	var values, residuals []float64
	var converged []bool
	for _, p := range r.Pairs {
		values = append(values, p.Value)
		residuals = append(residuals, p.Relative())
		converged = append(converged, p.Status != curvature.NotConverged)
	}
	largest, smallest := curvature.Extremes(r.Pairs, curvature.Order(t.Order))
	return artifact.Fields{
		{Key: "algorithm", Value: t.Algorithm},
		{Key: "order", Value: t.Order},
		{Key: "k", Value: len(r.Pairs)},
		{Key: "tol", Value: t.Tol},
		{Key: "lanczos_seed", Value: t.Seed},
		{Key: "warm_start", Value: warm},
		{Key: "steps", Value: r.Steps},
		{Key: "restarts", Value: r.Restarts},
		{Key: "basis_bytes", Value: 4 * len(r.Pairs[0].Vector) * r.Kept},
		{Key: "hvps", Value: r.HVPs},
		{Key: "lambda_max", Value: largest},
		{Key: "lambda_min", Value: smallest},
		{Key: "residual", Value: residuals[0]},
		{Key: "residual_verified", Value: t.Verify || t.Algorithm == "power"},
		{Key: "converged", Value: r.Converged},
		{Key: "eigenvalues", Value: values},
		{Key: "residuals", Value: residuals},
		{Key: "pairs_converged", Value: converged},
	}
}
