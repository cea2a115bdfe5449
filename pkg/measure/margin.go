package measure

import (
	"context"
	"iter"
	"math"
	"time"

	"srn/pkg/checkpoint"
	"srn/pkg/curvature"
	"srn/pkg/landscape"
	"srn/pkg/record"
)

// Margin sets the Hessian of the smoothed margin beside that of the loss.
type Margin struct {
	Loss
	Follow
	Tau float64 `default:"1" placeholder:"X" help:"Temperature τ of the smoothed margin (${default})."`
}

// Check refuses values that cannot work.
func (m *Margin) Check() error {
	if err := checkTau(m.Tau); err != nil {
		return err
	}
	if err := m.Eigen.Check(); err != nil {
		return err
	}
	return m.Loss.Check()
}

// tests are of the products of both Hessians.
func (m *Margin) tests() int { return 2 * m.Eigen.tests() }

// Records are one.
func (m *Margin) Records(*checkpoint.Checkpoint) ([]string, error) {
	return []string{record.Margin{}.Type()}, nil
}

// Measure yields a *record.Margin.
func (m *Margin) Measure(ctx context.Context, p *Point, skip int) iter.Seq2[record.Record, error] {
	start := time.Now()
	of := hessianOf(m.Loss)
	ofMargin := of
	ofMargin.Objective, ofMargin.Tau = "margin", m.Tau
	return m.records(ctx, p, skip, []Operator{of, ofMargin}, func() (record.Record, error) { return made(m.compare(ctx, p, start)) })
}

// compare finds the ends of both spectra and the angles between them.
func (m *Margin) compare(ctx context.Context, p *Point, start time.Time) (*record.Margin, error) {
	h, err := p.Hessian(ctx)
	if err != nil {
		return nil, err
	}
	val, err := m.follow(p, "λ_max", h, curvature.LargestAlgebraic)
	if err != nil {
		return nil, err
	}
	loss := h.Loss()
	smooth, err := p.margin(m.Tau)
	if err != nil {
		return nil, err
	}
	if h, err = p.hessian(ctx, smooth); err != nil {
		return nil, err
	}
	high, err := m.follow(p, "λ_max of the margin", h, curvature.LargestAlgebraic)
	if err != nil {
		return nil, err
	}
	low, err := m.follow(p, "λ_min of the margin", h, curvature.SmallestAlgebraic)
	if err != nil {
		return nil, err
	}
	v := val.Pairs[0].Vector
	hv := make([]float32, len(v))
	if err := h.Apply(hv, v); err != nil {
		return nil, err
	}
	top, bottom := eigenpair(high), eigenpair(low)
	r := &record.Margin{
		Subject: p.subject(), LossAt: p.lossAt(loss), Solver: m.solver(p), Eigenpair: eigenpair(val),
		SmoothMargin:    h.Loss(),
		LambdaMaxMargin: top.LambdaMax, ResidualMargin: top.Residual, ConvergedMargin: top.Converged, StepsMargin: top.Steps, HVPsMargin: top.HVPs,
		LambdaMinMargin: bottom.LambdaMax, ResidualMinMargin: bottom.Residual, ConvergedMinMargin: bottom.Converged, StepsMinMargin: bottom.Steps, HVPsMinMargin: bottom.HVPs,
		AbsCosVMaxMarginMax: math.Abs(landscape.Cosine(v, high.Pairs[0].Vector)),
		AbsCosVMaxMarginMin: math.Abs(landscape.Cosine(v, low.Pairs[0].Vector)),
		AbsCosRandom:        randomCosine(len(v)),
		MarginRayleighVMax:  landscape.Dot(v, hv),
		Timed:               record.Timed{HessianSeconds: time.Since(start).Seconds()},
	}
	r.Tau = &m.Tau
	return r, nil
}
