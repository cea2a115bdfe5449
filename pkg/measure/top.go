package measure

import (
	"context"
	"fmt"
	"iter"

	"srn/pkg/checkpoint"
	"srn/pkg/curvature"
	"srn/pkg/record"
	"srn/pkg/run"
)

// Top finds extreme eigenpairs.
type Top struct {
	Operator
	Algorithm string  `default:"lanczos" enum:"lanczos,power" placeholder:"NAME" help:"lanczos; or power, iteration with deflation for eigenvalues of largest magnitude, slow, as a cross-check (${default})."`
	K         int     `default:"1" placeholder:"N" help:"Eigenvalues to find (${default})."`
	Order     string  `default:"la" enum:"la,sa,lm,be" placeholder:"KIND" help:"Which: la, the largest; sa, the smallest; lm, those of largest magnitude; be, both ends, the largest and the smallest in turn (${default})."`
	Tol       float64 `default:"1e-3" placeholder:"X" help:"Residual ‖Hv−λv‖/|λ| of a converged pair; the error of λ is far smaller (${default})."`
	MaxSteps  int     `default:"300" placeholder:"N" help:"Lanczos steps, each one Hessian-vector product, after which to give up (${default})."`
	Krylov    int     `default:"0" placeholder:"N" help:"Vectors kept before a restart, which bounds memory: 4 bytes a parameter each, 52 MB for resnet20 by default; 0 is the larger of 48 and 2k+20 (${default})."`
	Seed      int64   `default:"0" placeholder:"N" help:"Of the random start vector (${default})."`
	Verify    bool    `default:"true" negatable:"" help:"Compute each final residual by one more Hessian-vector product (default: yes)."`
	Warm      bool    `default:"true" negatable:"" help:"Start at the eigenvectors of the checkpoint before (default: yes)."`

	// OnPairs, if set, is given the eigenpairs of each block.
	OnPairs func(curvature.Block, []curvature.Pair) `kong:"-"`
}

// mostKrylov is how many vectors a matrix of their products, of which all
// eigenvalues are found at every restart, can have in memory and in time.
const mostKrylov = 10_000

// Check refuses values that cannot work.
func (t *Top) Check() error {
	if t.K < 1 {
		return run.Refuse("k", "%d is not at least 1", t.K)
	}
	if err := checkTol(t.Tol); err != nil {
		return err
	}
	switch {
	case t.MaxSteps > mostSteps:
		return run.Refuse("max_steps", "%d, want at most %d", t.MaxSteps, mostSteps)
	case t.K > mostKrylov || t.Krylov > mostKrylov:
		return &run.SettingError{Setting: map[bool]string{true: "k", false: "krylov"}[t.K > mostKrylov], Problem: fmt.Sprintf("%d, want at most %d", max(t.K, t.Krylov), mostKrylov),
			Fix: "the spectral density shows the whole spectrum"}
	case t.MaxSteps < t.K:
		return run.Refuse("max_steps", "%d steps cannot give %d eigenvalues", t.MaxSteps, t.K)
	case t.Algorithm == "power" && t.Order != string(curvature.LargestMagnitude):
		return &run.SettingError{Setting: "algorithm", Problem: "power finds eigenvalues of largest magnitude", Fix: "use order lm"}
	case t.Order == string(curvature.BothEnds) && t.K < 2:
		return &run.SettingError{Setting: "order", Problem: "be: one eigenvalue has no two ends", Fix: "use k 2 or more"}
	case t.Krylov != 0 && t.Krylov <= t.K:
		return run.Refuse("krylov", "%d vectors are too few for %d eigenvalues; at least %d", t.Krylov, t.K, t.K+1)
	case max(t.Krylov, 2*t.K+20) > mostKrylov:
		return &run.SettingError{Setting: "k", Problem: fmt.Sprintf("%d eigenvalues would keep %d vectors, and at most %d can be", t.K, max(t.Krylov, 2*t.K+20), mostKrylov),
			Fix: "the spectral density shows the whole spectrum"}
	}
	return t.Operator.Check()
}

// Prepare refuses more eigenvalues than a checkpoint's matrix has. A block of
// several may have fewer: then all of them are found.
func (t *Top) Prepare(s *Series) error {
	for _, c := range s.Checkpoints {
		blocks, err := t.Blocks(c)
		if err != nil {
			return err
		}
		if n := blocks[0].Dim(); t.Per == "all" && t.K > n {
			return run.Refuse("k", "%d eigenvalues of %s, whose matrix has %d", t.K, c.Path, n)
		}
	}
	setting, kept := "k", max(48, 2*t.K+20)
	if t.Krylov > 0 {
		setting, kept = "krylov", t.Krylov
	}
	return t.vectors(s, setting, kept+t.K)
}

// Records are one for each block.
func (t *Top) Records(c *checkpoint.Checkpoint) ([]string, error) {
	return t.each(c, record.Top{}.Type())
}

// Measure yields a *record.Top for each block.
func (t *Top) Measure(ctx context.Context, p *Point, skip int) iter.Seq2[record.Record, error] {
	return t.measure(ctx, p, skip, t.Seed, func(m *Matrix) (record.Record, error) { return made(t.Find(m)) })
}

// Find finds the eigenpairs of a matrix.
func (t *Top) Find(m *Matrix) (*record.Top, error) {
	algorithm := curvature.Lanczos
	if t.Algorithm == "power" {
		algorithm = curvature.PowerIteration
	}
	start := m.Point.before(m.Block.Name, m.Dim())
	r, err := algorithm(m, curvature.Options{
		K: min(t.K, m.Dim()), Order: curvature.Order(t.Order), Tol: t.Tol, MaxSteps: t.MaxSteps, Krylov: t.Krylov,
		Seed: uint64(t.Seed), Start: start, Verify: t.Verify,
		OnStep: func(step curvature.Step) error {
			m.Point.bar.Describe(fmt.Sprintf("%s: step %d, λ %.4g, residual %.1e", m.label(), step.Steps, step.Values[0], step.Residuals[0]))
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	if !r.Converged {
		m.Point.Series.unconverged(Unconverged{m.label(), "", r.Steps})
	}
	if t.Warm {
		m.Point.Series.Before[m.Block.Name] = curvature.Vectors(r.Pairs)
	}
	if t.OnPairs != nil {
		t.OnPairs(m.Block, r.Pairs)
	}
	rec := &record.Top{
		Subject: m.Point.subject(), Matrix: m.record(),
		Solver: record.Solver{Algorithm: t.Algorithm, Tol: t.Tol, LanczosSeed: t.Seed, WarmStart: len(start) > 0},
		Order:  t.Order, K: len(r.Pairs), Eigenpair: eigenpair(r),
		ResidualVerified: t.Verify || t.Algorithm == "power",
		Restarts:         r.Restarts, BasisBytes: 4 * int64(len(r.Pairs[0].Vector)) * int64(r.Kept),
	}
	for _, pair := range r.Pairs {
		rec.Eigenvalues = append(rec.Eigenvalues, pair.Value)
		rec.Residuals = append(rec.Residuals, pair.Relative())
		rec.PairsConverged = append(rec.PairsConverged, pair.Status != curvature.NotConverged)
	}
	rec.LambdaMax, rec.LambdaMin = curvature.Extremes(r.Pairs, curvature.Order(t.Order))
	rec.Timed = m.timed()
	return rec, nil
}
