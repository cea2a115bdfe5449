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
	Sampling  bool    `default:"true" negatable:"" help:"Compute each eigenvalue's standard error over images (default: yes)."`
	CrossFit  bool    `name:"crossfit" help:"Find the largest eigenvector on each half of the images and its quotient on the other half, which λ_max of the images bounds from above: twice the work."`
	Warm      bool    `default:"false" negatable:"" help:"Start at the eigenvectors of the checkpoint before too, which saves nothing (default: no)."`

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
	case t.CrossFit && t.Order != string(curvature.LargestAlgebraic):
		return &run.SettingError{Setting: "crossfit", Problem: "is of the largest eigenvalue", Fix: "use order la"}
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
		rec.PairsStatus = append(rec.PairsStatus, string(pair.Status))
		rec.Floors = append(rec.Floors, pair.Floor)
	}
	rec.MatrixFloor = curvature.MatrixFloor * r.Scale
	if err := t.sample(m, r, rec); err != nil {
		return nil, err
	}
	rec.LambdaMax, rec.LambdaMin = curvature.Extremes(r.Pairs, curvature.Order(t.Order))
	rec.Timed = m.timed()
	return rec, nil
}

// sample finds what the eigenvalues owe to the images.
func (t *Top) sample(m *Matrix, r *curvature.Result, rec *record.Top) error {
	if t.Sampling {
		list, err := curvature.SamplingOf(m.Operator, curvature.Vectors(r.Pairs)...)
		if err != nil {
			return err
		}
		for _, s := range list {
			rec.EigenvaluesStderr = append(rec.EigenvaluesStderr, s.Error)
			rec.EffectiveTerms = append(rec.EffectiveTerms, s.Effective)
			rec.LargestShare = append(rec.LargestShare, s.Share)
			rec.LargestImage = append(rec.LargestImage, int(s.Example))
			rec.Terms = s.Terms
		}
		largest := -1
		for i, pair := range r.Pairs {
			if largest < 0 || pair.Value > r.Pairs[largest].Value {
				largest = i
			}
		}
		if order := curvature.Order(t.Order); order == curvature.LargestAlgebraic || order == curvature.BothEnds {
			value, stderr := r.Pairs[largest].Value, rec.EigenvaluesStderr[largest]
			rec.LambdaMaxStderr, rec.EffectiveImages = &stderr, &rec.EffectiveTerms[largest]
			rec.Interval = []float64{value - normal95*stderr, value + normal95*stderr}
		}
		if rec.LargestShare[largest] > 0.5 && rec.Terms > 1 {
			m.Point.Series.note(fmt.Sprintf("%s: one of %d terms carries %.0f %% of λ %.4g", m.label(), rec.Terms, 100*rec.LargestShare[largest], r.Pairs[largest].Value))
		} else if rec.EffectiveTerms[largest] < curvature.FewEffective {
			m.Point.Series.note(fmt.Sprintf("%s: λ %.4g stands on %.1f effective images of %d; take more", m.label(), r.Pairs[largest].Value, rec.EffectiveTerms[largest], rec.Terms))
		}
	}
	if !t.CrossFit {
		return nil
	}
	c, err := curvature.NewCrossFit(m.Operator, curvature.Options{Tol: t.Tol, MaxSteps: t.MaxSteps, Krylov: t.Krylov, Seed: uint64(t.Seed), Verify: t.Verify})
	if err != nil {
		return err
	}
	rec.LambdaMaxCrossfit, rec.LambdaMaxCrossfitStderr = &c.Value, &c.Error
	rec.CrossfitConverged, rec.CrossfitHVPs = &c.Converged, c.HVPs
	rec.CrossfitHalves, rec.CrossfitQuotients = c.Halves[:], c.Quotients[:]
	if len(rec.Interval) == 2 {
		rec.Interval[0] = c.Value - normal95*c.Error
	}
	return nil
}

// normal95 is the quantile of the normal distribution that makes intervals of 95 %.
const normal95 = 1.96
