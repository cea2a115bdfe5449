package meta

import (
	"math"

	"srn/pkg/artifact"
	"srn/pkg/device"
	"srn/pkg/nn"
	"srn/pkg/record"
	"srn/pkg/srn/surrogate"
)

// hypergradient is the objective that the loss on validation images after the
// inner steps be low: φ descends its exact derivative through the last K of
// them. A step is
//
//	v′ = μ·v + g(θ) + c·h(θ, g, v, …; φ) + wd·θ,  θ′ = θ − lr·v′
//
// with c = λ, or ρ‖g‖/‖h‖. From p = ∂L/∂θ′ and q = ∂L/∂v′ at its end,
//
//	u = q − lr·p
//	∂L/∂φ += ∂⟨c·h, u⟩/∂φ
//	∂L/∂θ  = p + H·∂⟨g + c·h, u⟩/∂g + wd·u + ∂⟨c·h, u⟩/∂θ,  ∂L/∂v = μ·u + ∂⟨c·h, u⟩/∂v
//
// where H is the Hessian of the step's loss: a gradient and a Hessian-vector
// product for each step but the earliest, and as many passes through the
// surrogate as it was refreshed. What θ and v owe to earlier steps is dropped,
// and so is what the running statistics of batch normalisation owe to θ.
type hypergradient struct {
	m      *Meta
	window []*moment // oldest first
	spare  []device.Buffer

	end, p, q, e, u, g, h, hu, pending device.Buffer
	into                               surrogate.Point
}

// moment is what one inner step is repeated from.
type moment struct {
	picks    []device.Pick
	at       *place
	origin   *place        // where h was computed
	velocity device.Buffer // before the step
	start    device.Buffer // of a path; nil without
	average  device.Buffer
	lr       float64
}

// place is parameters of the classifier.
type place struct{ params device.Buffer }

// fresh says that h was computed at the step itself.
func (m *moment) fresh() bool { return m.origin == m.at }

func newHypergradient(m *Meta) *hypergradient {
	h := &hypergradient{m: m}
	for _, b := range []*device.Buffer{&h.end, &h.p, &h.q, &h.e, &h.u, &h.g, &h.h, &h.hu, &h.pending,
		&h.into.Params, &h.into.Grad, &h.into.Velocity, &h.into.Average} {
		*b = m.be.New(m.net.Layout().Len())
	}
	return h
}

// begin forgets the steps of the round before, which had another φ.
func (h *hypergradient) begin() {
	for len(h.window) > 0 {
		h.drop()
	}
}

// follow keeps the last steps.
func (h *hypergradient) follow(s innerStep) {
	now := &moment{picks: append([]device.Pick(nil), s.picks...), at: &place{h.copied(s.At.Params)}, velocity: h.copied(s.At.Velocity), lr: s.lr}
	if s.At.Average != nil {
		now.start, now.average = s.At.Start, h.copied(s.At.Average)
	}
	now.origin = now.at
	if !s.Fresh {
		now.origin = h.window[len(h.window)-1].origin
	}
	h.window = append(h.window, now)
	if len(h.window) > h.m.Unroll {
		h.drop()
	}
}

func (h *hypergradient) copied(b device.Buffer) device.Buffer {
	var c device.Buffer
	if n := len(h.spare); n > 0 {
		c, h.spare = h.spare[n-1], h.spare[:n-1]
	} else {
		c = h.m.be.New(b.Len())
	}
	h.m.be.Copy(c, b)
	return c
}

// drop frees the oldest step, and keeps where a later one's h was computed.
func (h *hypergradient) drop() {
	old := h.window[0]
	h.window = h.window[1:]
	h.spare = append(h.spare, old.velocity)
	if old.average != nil {
		h.spare = append(h.spare, old.average)
	}
	var next *place
	if len(h.window) > 0 {
		next = h.window[0].origin
	}
	if next != old.at {
		h.spare = append(h.spare, old.at.params)
	}
	if !old.fresh() && next != old.origin {
		h.spare = append(h.spare, old.origin.params)
	}
}

func (h *hypergradient) gradient(r *record.Round, v validation) (surrogate.PhiGrad, error) {
	be, net := h.m.be, h.m.net
	be.Copy(h.end, net.Params())
	for _, b := range []device.Buffer{h.p, h.q, h.e, h.pending} {
		be.Fill(b, 0)
	}
	h.m.addLossGradient(h.p, v.examples, 1)
	total := make(surrogate.PhiGrad, h.m.Surrogate.Layout().Len())
	open := false
	var value surrogate.Value
	for i := len(h.window) - 1; i >= 0; i-- {
		step := h.window[i]
		at := h.repeat(step)
		if !open {
			origin := at
			origin.Params = step.origin.params
			value = h.m.Surrogate.Guide(h.h, origin)
			open = true
		}
		// u, then what of it reaches h and g.
		be.Copy(h.u, h.q)
		be.Axpy(h.u, float32(-step.lr), h.p)
		toGrad := h.meet(value)
		for _, b := range []device.Buffer{h.into.Params, h.into.Grad, h.into.Velocity, h.into.Average} {
			be.Fill(b, 0)
		}
		if step.fresh() || i == 0 {
			into := h.into
			if i == 0 { // what it owes to earlier steps is dropped
				into = surrogate.Point{}
			}
			at.Params = step.origin.params
			for j, g := range h.m.Surrogate.VJP(at, h.pending, into) {
				total[j] += g
			}
			be.Fill(h.pending, 0)
			open = false
		}
		if i > 0 {
			h.back(step, toGrad)
		}
	}
	be.Copy(net.Params(), h.end)
	norm := 0.0
	for _, g := range total {
		norm += g * g
	}
	norm = math.Sqrt(norm)
	r.HypergradientNorm = &norm
	if !finite(norm) {
		return nil, h.m.diverged("the hypergradient")
	}
	return total, nil
}

// repeat computes the task's gradient of a step anew.
func (h *hypergradient) repeat(step *moment) surrogate.Point {
	h.m.be.Copy(h.m.net.Params(), step.at.params)
	h.m.forward(step.picks, nn.TrainFrozen)
	h.m.net.Backward(len(step.picks))
	h.m.be.Copy(h.g, h.m.net.Grad())
	return surrogate.Point{Params: step.at.params, Grad: h.g, Velocity: step.velocity, Start: step.start, Average: step.average}
}

// meet adds the gradient of ⟨c·slope·h, u⟩ in slope·h to pending, and returns
// its factor of g in the gradient in g: with a held ratio c = ρ‖g‖/‖slope·h‖
// depends on both.
func (h *hypergradient) meet(value surrogate.Value) (toGrad float64) {
	be, c := h.m.be, h.m.Options
	if c.Ratio == 0 {
		be.Axpy(h.pending, float32(c.Lambda), h.u)
		return 0
	}
	norm, taskNorm := math.Sqrt(be.Dot(h.h, h.h)), math.Sqrt(be.Dot(h.g, h.g))
	if norm == 0 || value.Slope == 0 || taskNorm == 0 {
		return 0
	}
	along := be.Dot(h.h, h.u) / norm
	scale := c.Ratio * taskNorm / (value.Slope * norm)
	be.Axpy(h.pending, float32(scale), h.u)
	be.Axpy(h.pending, float32(-scale*along/norm), h.h)
	return c.Ratio * along / taskNorm
}

// back takes p, q and e, the gradient in the average, from the end of a step
// to its beginning. The network is as the step left it.
func (h *hypergradient) back(step *moment, toGrad float64) {
	be := h.m.be
	decay := h.m.AverageDecay
	be.Axpy(h.e, 1, h.into.Average)
	be.Axpy(h.p, 1, h.into.Params)
	be.Axpy(h.p, float32(1-decay), h.e)
	be.Scale(h.e, float32(decay))
	be.Axpy(h.p, float32(h.m.InnerWeightDecay), h.u)

	be.Axpy(h.into.Grad, 1, h.u)
	be.Axpy(h.into.Grad, float32(toGrad), h.g)
	h.m.net.HVP(len(step.picks), h.into.Grad, h.hu)
	be.Axpy(h.p, 1, h.hu)

	be.Copy(h.q, h.into.Velocity)
	be.Axpy(h.q, float32(h.m.InnerMomentum), h.u)
}

// The window does not outlive a round.
func (h *hypergradient) State() []artifact.Tensor             { return nil }
func (h *hypergradient) Restore(*artifact.File, string) error { return nil }
