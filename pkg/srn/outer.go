package srn

import (
	"math"

	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/nn"
)

// outer measures the classifier's meta-target and takes one step on
// (r − s_meta)² in φ.
func (m *Meta) outer(r *Record) error {
	examples := m.draw(m.data.MetaVal, m.OuterN, m.stream("outer", m.round))
	loss, margin := m.validate(examples)
	r.ValLoss, r.ValTop1 = loss, margin.Top1
	r.Margin, r.InverseMargin, r.FractionFloored = margin.Value, 1/margin.Value, margin.BelowFloor
	if !finite(loss) || !finite(margin.Value) {
		return m.diverged("validation loss or margin")
	}
	score := m.target.Next(loss, 1/margin.Value)
	r.SMeta, r.ZValLoss, r.ZInverseMargin = score.SMeta, score.ZLoss, score.ZInverse

	params := m.net.Params()
	value, gradU := m.Surrogate.Gradients(m.gradR, params)
	r.R = value.R
	r.GradRNorm = math.Abs(value.slope) * math.Sqrt(m.be.Dot(m.gradR, m.gradR))
	r.ThetaNorm = math.Sqrt(m.be.Dot(params, params))
	error := value.R - score.SMeta
	r.MetaLoss = error * error
	if !finite(r.MetaLoss) || !finite(r.GradRNorm) {
		return m.diverged("r or its gradient")
	}

	direct := 2 * error * value.slope
	for i := range gradU {
		gradU[i] *= direct
	}
	if m.MetaGrad == "unrolled" {
		m.unroll(gradU, examples, margin, score, value, 2*error)
	}
	phi := m.Surrogate.Phi()
	var drift, start float64
	for i := range phi {
		phi[i] -= float32(m.OuterLR * gradU[i])
		d := float64(phi[i]) - float64(m.phi0[i])
		drift += d * d
		start += float64(m.phi0[i]) * float64(m.phi0[i])
	}
	if !finite(drift) {
		return m.diverged("φ")
	}
	m.Surrogate.SetPhi(phi)
	r.PhiDrift = math.Sqrt(drift / start)
	clipped, evaluations := m.guidance.clipped, m.guidance.refreshes+1
	if value.Clipped {
		clipped++
	}
	r.FractionClipped = float64(clipped) / float64(evaluations)
	return nil
}

// validate computes the mean loss and the margin of examples, and keeps their
// logits.
func (m *Meta) validate(examples []int32) (loss float64, margin Margin) {
	classes := m.data.Classes
	m.logits, m.labels = m.logits[:0], m.labels[:0]
	for start := 0; start < len(examples); start += m.batch {
		m.picks = dataset.Sequential(examples, start, m.batch, m.picks)
		loss += m.forward(m.picks, m.outerMode())
		n := len(m.logits)
		for _, p := range m.picks {
			m.labels = append(m.labels, m.data.Labels[p.Index])
			m.logits = append(m.logits, make([]float32, classes)...)
		}
		m.be.Read(m.logits[n:], m.net.Logits().Slice(0, len(m.picks)*classes))
	}
	return loss / float64(len(examples)), m.Measure(m.logits, m.labels)
}

func (m *Meta) outerMode() nn.Mode {
	if m.OuterBN == "batch" {
		return nn.TrainFrozen
	}
	return nn.Eval
}

// unroll adds to a gradient in φ what the outer loss owes to Θ′ having moved
// along ∇r: Θ′ = … − pull·∇_Θ r(Θ;φ), so that
//
//	dL/dφ = ∂L/∂φ − pull·∇_φ ⟨∇_Θ r(Θ;φ), ∂L/∂Θ′⟩
//	∂L/∂Θ′ = 2(r − s)·(∇_Θ r(Θ′) − ∇_Θ s(Θ′))
//
// where the statistics of z() are constants and Θ is where ∇r was computed
// last.
func (m *Meta) unroll(grad PhiGrad, examples []int32, margin Margin, score Score, value Value, scale float64) {
	m.be.Copy(m.along, m.gradR)
	m.be.Scale(m.along, float32(value.slope))
	m.subtractScoreGradient(m.along, examples, margin, score)
	m.be.Scale(m.along, float32(scale))
	for i, v := range m.Surrogate.Mixed(m.origin, m.along) {
		grad[i] -= m.pull * v
	}
}

// subtractScoreGradient subtracts ∇_Θ s_meta.
func (m *Meta) subtractScoreGradient(from device.Buffer, examples []int32, margin Margin, score Score) {
	classes, n := m.data.Classes, len(examples)
	inverse := -m.GammaMar / (score.invDev * margin.Value * margin.Value)
	for start := 0; start < n; start += m.batch {
		m.picks = dataset.Sequential(examples, start, m.batch, m.picks)
		count := len(m.picks)
		m.forward(m.picks, m.outerMode())
		if cap(m.dlogits) < count*classes {
			m.dlogits = make([]float32, m.batch*classes)
		}
		d := m.dlogits[:count*classes]
		grad := m.net.LogitGrad().Slice(0, count*classes)
		m.be.Read(d, grad)
		share := float32(float64(count) / float64(n) / score.lossDev)
		for i := range d {
			d[i] *= share
		}
		m.addGrad(d, m.logits[start*classes:(start+count)*classes], m.labels[start:start+count], margin, inverse)
		m.be.Write(grad, d)
		m.net.Backward(count)
		m.be.Axpy(from, -1, m.net.Grad())
	}
}
