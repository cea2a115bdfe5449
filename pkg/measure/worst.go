package measure

import (
	"context"
	"fmt"
	"iter"
	"math"
	"sync"
	"time"

	"srn/pkg/checkpoint"
	"srn/pkg/curvature"
	"srn/pkg/landscape"
	"srn/pkg/record"
	"srn/pkg/run"
)

// Worst looks for the largest loss within radii of the parameters, and sets it
// beside what slope and curvature predict.
type Worst struct {
	Loss
	Follow
	Rho       []float64 `default:"0.01,0.05" placeholder:"X" help:"Radii ρ of the balls, in the Euclidean norm of all parameters (${default})."`
	Ascent    int       `default:"30" placeholder:"N" help:"Steps of projected gradient ascent, each one gradient (${default})."`
	AscentTol float64   `default:"1e-3" placeholder:"X" help:"An ascent has converged where the slope promises at most this fraction of the increase for any other point of the ball (${default})."`
	Restarts  int       `default:"2" placeholder:"N" help:"Further ascents from random points of the sphere (${default})."`
}

// Check refuses values that cannot work.
func (w *Worst) Check() error {
	for _, rho := range w.Rho {
		if !(rho > 0) || math.IsInf(rho, 0) {
			return run.Refuse("rho", "%g is not above 0", rho)
		}
	}
	if err := run.Bound("ascent", w.Ascent, 0, mostSteps); err != nil {
		return err
	}
	if err := run.Bound("restarts", w.Restarts, 0, mostSteps); err != nil {
		return err
	}
	if !(w.AscentTol >= 0 && w.AscentTol < 1) {
		return run.Refuse("ascent_tol", "%g does not lie between 0 and 1", w.AscentTol)
	}
	if err := w.Eigen.Check(); err != nil {
		return err
	}
	return w.Loss.Check()
}

// Records are one for each radius.
func (w *Worst) Records(*checkpoint.Checkpoint) ([]string, error) {
	types := make([]string, len(w.Rho))
	for i := range types {
		types[i] = record.Worst{}.Type()
	}
	return types, nil
}

// Measure yields a *record.Worst for each radius.
func (w *Worst) Measure(ctx context.Context, p *Point, skip int) iter.Seq2[record.Record, error] {
	start := time.Now()
	slope := sync.OnceValues(func() (*slope, error) { return w.slope(ctx, p, start) })
	var parts []part
	for _, rho := range w.Rho {
		parts = append(parts, func() (record.Record, error) {
			s, err := slope()
			if err != nil {
				return nil, err
			}
			return made(w.ascend(ctx, p, s, rho))
		})
	}
	return w.records(ctx, p, skip, []Operator{hessianOf(w.Loss)}, parts...)
}

// slope is what is known of the loss at a point before any ascent.
type slope struct {
	loss     float64
	gradient []float32
	top      *curvature.Result
	timed    record.Timed
}

func (w *Worst) slope(ctx context.Context, p *Point, start time.Time) (*slope, error) {
	at, gradient, err := p.Gradient(ctx)
	if err != nil {
		return nil, err
	}
	h, err := p.Hessian(ctx)
	if err != nil {
		return nil, err
	}
	r, err := w.follow(p, "λ_max", h, curvature.LargestAlgebraic)
	if err != nil {
		return nil, err
	}
	return &slope{at.Loss, gradient, r, record.Timed{HessianSeconds: time.Since(start).Seconds()}}, nil
}

// ascend looks within one radius.
func (w *Worst) ascend(ctx context.Context, p *Point, s *slope, rho float64) (*record.Worst, error) {
	start := time.Now()
	v := s.top.Pairs[0].Vector
	opposite := make([]float32, len(v))
	for i, x := range v {
		opposite[i] = -x
	}
	found, err := landscape.Ascend(&landscape.Around{Surface: p.Surface(ctx), Params: p.Checkpoint.Params}, landscape.Ball{
		Rho: rho, Steps: w.Ascent, Tol: w.AscentTol, Starts: [][]float32{s.gradient, v, opposite},
		Restarts: w.Restarts, Seed: uint64(w.Seed),
	})
	if err != nil {
		return nil, err
	}
	r := &record.Worst{
		Subject: p.subject(), LossAt: p.lossAt(s.loss), Solver: w.solver(p), Eigenpair: eigenpair(s.top),
		GradNorm: landscape.Norm(s.gradient), ThetaNorm: landscape.Norm(p.Checkpoint.Params),
		Rho: rho, WorstLoss: found.Value, Increase: found.Increase(),
		FirstOrder: rho * landscape.Norm(s.gradient), SecondOrder: rho * rho / 2 * s.top.Pairs[0].Value,
		DisplacementNorm:        landscape.Norm(found.Displacement),
		CosDisplacementGradient: landscape.Cosine(found.Displacement, s.gradient),
		AbsCosDisplacementVMax:  math.Abs(landscape.Cosine(found.Displacement, v)),
		Gradients:               found.Gradients, AscentConverged: found.Converged, AscentGap: found.Gap, NotFinite: found.NotFinite, Increases: found.Increases,
		Timed: s.timed, AscentSeconds: time.Since(start).Seconds(),
	}
	r.IncreaseOverSecondOrder = r.Increase / r.SecondOrder
	starts := []string{"gradient", "v_max", "-v_max"}
	switch {
	case found.Start >= len(starts):
		r.Start = "random"
	case found.Start >= 0: // else the centre, where no start is worse
		r.Start = starts[found.Start]
	}
	if found.NotFinite > 0 {
		p.Series.warn(fmt.Sprintf("%s: ρ %g: the loss is not finite at %d points of the ball: its worst case is no number", p.label(), rho, found.NotFinite))
	}
	return r, nil
}
