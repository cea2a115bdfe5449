package meta

import (
	"fmt"
	"math"

	"srn/pkg/artifact"
	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/record"
	"srn/pkg/rng"
	"srn/pkg/srn/surrogate"
)

// sMeta is the paper's objective: the score of a [Scorer] is to be the
// classifier's meta-target,
//
//	L(φ) = (r(Θ′;φ) − s_meta)²   (line 15 of Algorithm 1, Eq. 6)
//
// at Θ′ as it is or, unrolled, also through Θ′ having moved along ∇r.
type sMeta struct {
	m      *Meta
	scorer *surrogate.Scorer
	target *Target
	gradR  device.Buffer // ∇_Θ u

	at, delta device.Buffer // of change; nil: not needed yet

	// For the unrolled gradient: where ∇r was computed last, and how far Θ
	// has moved along it since, to first order: Θ = … − pull·∇r. push is how
	// far the next step would move it by momentum alone.
	origin     device.Buffer // nil: first order
	pull, push float64
	along      device.Buffer
	dlogits    []float32
}

func newSMeta(m *Meta) *sMeta {
	n := m.net.Layout().Len()
	s := &sMeta{m: m, scorer: m.Surrogate.(*surrogate.Scorer), target: NewTarget(m.TargetConfig), gradR: m.be.New(n)}
	if m.MetaGrad == "unrolled" {
		s.origin, s.along = m.be.New(n), m.be.New(n)
	}
	return s
}

func (s *sMeta) begin() {}

func (s *sMeta) follow(step innerStep) {
	if s.origin == nil {
		return
	}
	if step.Fresh {
		s.m.be.Copy(s.origin, step.At.Params)
		s.pull, s.push = 0, 0
	}
	s.push = s.m.InnerMomentum*s.push + s.m.guidance.Weight(step.taskNorm)
	s.pull += step.lr * s.push
}

func (s *sMeta) gradient(r *record.Round, v validation) (surrogate.PhiGrad, error) {
	signal := r.ValLoss
	if s.m.Signal != "loss" {
		signal = s.change(r.ValLoss, v.examples)
		r.ValChange = &signal
	}
	score := s.target.Next(signal, 1/v.margin.Value)
	params := s.m.net.Params()
	value, grad := s.scorer.Gradients(s.gradR, params)
	s.m.guidance.Count(value)
	error := value.R - score.SMeta
	r.R, r.SMeta, r.MetaLoss = &value.R, &score.SMeta, new(error*error)
	r.ZValLoss, r.ZInverseMargin = &score.ZLoss, &score.ZInverse
	r.GradRNorm = new(math.Abs(value.Slope) * math.Sqrt(s.m.be.Dot(s.gradR, s.gradR)))
	if !finite(*r.MetaLoss) || !finite(*r.GradRNorm) {
		return nil, s.m.diverged("r or its gradient")
	}
	for i := range grad {
		grad[i] *= 2 * error * value.Slope
	}
	if s.origin != nil {
		s.unroll(grad, v, score, value, 2*error)
	}
	return grad, nil
}

// change is |L_val(Θ′+δ) − L_val(Θ′)|, the left side of Eq. 5, with δ of norm ρ
// that is normal or along ∇L_val(Θ′). It leaves Θ′ as it is.
func (s *sMeta) change(loss float64, examples []int32) float64 {
	m, be := s.m, s.m.be
	params := m.net.Params()
	if s.at == nil {
		s.at, s.delta = be.New(params.Len()), be.New(params.Len())
	}
	be.Copy(s.at, params)
	if m.Signal == "ascent" {
		be.Fill(s.delta, 0)
		m.addLossGradient(s.delta, examples, 1)
	} else {
		v, r := make([]float32, params.Len()), rng.New(m.stream("δ", m.round))
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
		be.Write(s.delta, v)
	}
	if norm := math.Sqrt(be.Dot(s.delta, s.delta)); norm > 0 {
		be.Axpy(params, float32(m.SignalRho/norm), s.delta)
	}
	sum := 0.0
	for start := 0; start < len(examples); start += m.batch {
		m.picks = dataset.Sequential(examples, start, m.batch, m.picks)
		sum += m.forward(m.picks, m.outerMode())
	}
	be.Copy(params, s.at)
	m.net.Load()
	return math.Abs(sum/float64(len(examples)) - loss)
}

// unroll adds to a gradient in φ what the outer loss owes to Θ′ having moved
// along ∇r: Θ′ = … − pull·∇_Θ r(Θ;φ), so that
//
//	dL/dφ = ∂L/∂φ − pull·∇_φ ⟨∇_Θ r(Θ;φ), ∂L/∂Θ′⟩
//	∂L/∂Θ′ = 2(r − s)·(∇_Θ r(Θ′) − ∇_Θ s(Θ′))
//
// where the statistics of z() are constants and Θ is where ∇r was computed
// last.
func (s *sMeta) unroll(grad surrogate.PhiGrad, v validation, score Score, value surrogate.Value, scale float64) {
	be := s.m.be
	be.Copy(s.along, s.gradR)
	be.Scale(s.along, float32(value.Slope))
	s.subtractScoreGradient(s.along, v, score)
	be.Scale(s.along, float32(scale))
	for i, v := range s.scorer.VJP(surrogate.Point{Params: s.origin}, s.along, surrogate.Point{}) {
		grad[i] -= s.pull * v
	}
}

// subtractScoreGradient subtracts ∇_Θ s_meta.
func (s *sMeta) subtractScoreGradient(from device.Buffer, v validation, score Score) {
	m := s.m
	classes, n := m.data.Classes, len(v.examples)
	inverse := -m.GammaMar / (score.invDev * v.margin.Value * v.margin.Value)
	for start := 0; start < n; start += m.batch {
		m.picks = dataset.Sequential(v.examples, start, m.batch, m.picks)
		count := len(m.picks)
		m.forward(m.picks, m.outerMode())
		if cap(s.dlogits) < count*classes {
			s.dlogits = make([]float32, m.batch*classes)
		}
		d := s.dlogits[:count*classes]
		grad := m.net.LogitGrad().Slice(0, count*classes)
		m.be.Read(d, grad)
		share := float32(float64(count) / float64(n) / score.lossDev)
		for i := range d {
			d[i] *= share
		}
		m.addGrad(d, m.logits[start*classes:(start+count)*classes], m.labels[start:start+count], v.margin, inverse)
		m.be.Write(grad, d)
		m.net.Backward(count)
		m.be.Axpy(from, -1, m.net.Grad())
	}
}

func (s *sMeta) scores() map[string]*zScore {
	return map[string]*zScore{"z_val_loss": &s.target.loss, "z_inverse_margin": &s.target.inverse}
}

func (s *sMeta) State() []artifact.Tensor {
	var list []artifact.Tensor
	for name, z := range s.scores() {
		v := z.state()
		list = append(list, artifact.Float64(name, []int{len(v)}, v))
	}
	return list
}

func (s *sMeta) Restore(f *artifact.File, path string) error {
	for name, z := range s.scores() {
		t, err := f.Need(path, name, artifact.F64, -1)
		if err != nil {
			return err
		}
		v := make([]float64, t.Len())
		if err := f.ReadFinite(path, name, v); err != nil {
			return err
		}
		if err := z.restore(s.target.TargetConfig, v); err != nil {
			return &artifact.FormatError{Path: path, Field: fmt.Sprintf("tensor %q", name), Problem: err.Error()}
		}
	}
	return nil
}
