package meta

import (
	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/nn"
)

// validation is the images on which a round is judged.
type validation struct {
	examples []int32
	margin   Margin
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

// addLossGradient adds weight times the gradient in Θ of the mean loss of
// examples, and returns that loss.
func (m *Meta) addLossGradient(to device.Buffer, examples []int32, weight float64) (loss float64) {
	n := float64(len(examples))
	for start := 0; start < len(examples); start += m.batch {
		m.picks = dataset.Sequential(examples, start, m.batch, m.picks)
		loss += m.forward(m.picks, m.outerMode()) / n
		m.net.Backward(len(m.picks))
		m.be.Axpy(to, float32(weight*float64(len(m.picks))/n), m.net.Grad())
	}
	return loss
}

// outerMode is batch normalisation's on images of the outer stage.
func (m *Meta) outerMode() nn.Mode {
	if m.OuterBN == "batch" {
		return nn.TrainFrozen
	}
	return nn.Eval
}
