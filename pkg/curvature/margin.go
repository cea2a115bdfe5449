package curvature

import (
	"fmt"
	"math"

	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/nn"
)

// MarginNetwork is what the margin's Hessian needs of a classifier: passes
// apart from any loss. [srn/pkg/resnet.Net], built with Tangents, is one.
type MarginNetwork interface {
	dataset.Classifier
	Params() device.Buffer
	Load()                       // after a change of Params
	Grad() device.Buffer         // laid out as Params
	Logits() device.Buffer       // Batch×classes
	LogitGrad() device.Buffer    // where Backward starts
	LogitsDot() device.Buffer    // where ForwardTangent ends
	LogitGradDot() device.Buffer // where BackwardTangent starts
	Forward(images int, mode nn.Mode)
	Backward(images int)
	ForwardTangent(images int, v device.Buffer)
	BackwardTangent(images int, gradDot device.Buffer)
}

// Margin is the mean smoothed classification margin of a network's
// predictions, which appendix A.1.3 of the paper defines for an image of
// class c with logits z as
//
//	𝓜_τ = z_c − (1/τ)·log Σ_{j≠c} exp(τ·z_j).
//
// It is at most the margin z_c − max_{j≠c} z_j, and less by at most log(K−1)/τ.
//
// The sign is that of 𝓜_τ: a large value is a safe prediction. So the Hessian
// is H_margin, whose largest eigenvalue is the λ_max(H_margin) of Eq. 17. But a
// margin drops by −δᵀ∇𝓜 − ½·δᵀ·H_margin·δ along δ, so that what bounds the
// worst drop of Eq. 18 and 19 is the largest eigenvalue of −H_margin, which is
// −λ_min(H_margin); and ℓ′ < 0 in Eq. 20 makes H_val's large directions those
// of −H_margin too.
type Margin struct {
	net     MarginNetwork
	be      device.Backend
	mode    nn.Mode
	tau     float64
	batches *dataset.Batches
	classes int

	images int       // in the present batch
	rivals []float64 // softmax over the other classes, zero at the class itself
	host   []float32 // logits or what belongs to them
	v, hv  device.Buffer
}

// NewMargin plans the margin at temperature tau, above 0 (the paper asks for at
// least 1). The rest is as for [NewCrossEntropy].
func NewMargin(net MarginNetwork, images *device.Images, labels []int32, mode nn.Mode, tau float64) (*Margin, error) {
	if !(tau > 0) || !finite(tau) {
		return nil, fmt.Errorf("temperature τ of the smoothed margin: %g is not above 0", tau)
	}
	be := net.Backend()
	logits, dim := net.Logits().Len(), net.Params().Len()
	batches := dataset.NewBatches(net, images, labels)
	return &Margin{
		net: net, be: be, mode: mode, tau: tau, batches: batches, classes: batches.Classes(),
		rivals: make([]float64, logits), host: make([]float32, logits),
		v: be.New(dim), hv: be.New(dim),
	}, nil
}

// Dim is the number of trainable parameters.
func (m *Margin) Dim() int { return m.v.Len() }

// Batch is the network's batch size.
func (m *Margin) Batch() int { return m.batches.Size() }

// Load runs the network forward and backward on the examples and returns the
// sum of their smoothed margins.
func (m *Margin) Load(examples []int32) (float64, error) {
	n := len(examples)
	m.images = n
	labels := m.batches.Load(examples)
	m.net.Forward(n, m.mode)

	used := n * m.classes
	z := m.host[:used]
	m.be.Read(z, m.net.Logits().Slice(0, used))
	var sum float64
	for i, c := range labels {
		row, q := z[i*m.classes:(i+1)*m.classes], m.rivals[i*m.classes:(i+1)*m.classes]
		sum += smoothMargin(q, row, int(c), m.tau)
		for k, p := range q {
			row[k] = float32(-p / float64(n))
		}
		row[c] = float32(1 / float64(n))
	}
	m.be.Write(m.net.LogitGrad().Slice(0, used), z)
	m.net.Backward(n)
	return sum, nil
}

// smoothMargin is 𝓜_τ of one image; q takes the softmax of τ·z over the
// classes other than c.
func smoothMargin(q []float64, z []float32, c int, tau float64) float64 {
	top := math.Inf(-1)
	for j, v := range z {
		if j != c {
			top = max(top, float64(v))
		}
	}
	var sum float64
	for j, v := range z {
		q[j] = 0
		if j != c {
			q[j] = math.Exp(tau * (float64(v) - top))
			sum += q[j]
		}
	}
	for j := range q {
		q[j] /= sum
	}
	return float64(z[c]) - top - math.Log(sum)/tau
}

// HVP multiplies v by the Hessian of the mean margin over the loaded examples.
// In the logits that Hessian is −τ·(diag(q) − q·qᵀ) with q the softmax over
// the rivals.
func (m *Margin) HVP(dst, v []float32) error {
	n, used := m.images, m.images*m.classes
	m.be.Write(m.v, v)
	m.net.ForwardTangent(n, m.v)
	z := m.host[:used]
	m.be.Read(z, m.net.LogitsDot().Slice(0, used))
	for i := range n {
		row, q := z[i*m.classes:(i+1)*m.classes], m.rivals[i*m.classes:(i+1)*m.classes]
		var mean float64
		for k, p := range q {
			mean += p * float64(row[k])
		}
		for k, p := range q {
			row[k] = float32(-m.tau * p * (float64(row[k]) - mean) / float64(n))
		}
	}
	m.be.Write(m.net.LogitGradDot().Slice(0, used), z)
	m.net.BackwardTangent(n, m.hv)
	m.be.Read(dst, m.hv)
	return nil
}

// Separable says that examples are independent of one another.
func (m *Margin) Separable() bool { return m.mode == nn.Eval }
