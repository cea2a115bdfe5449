package method

import "srn/pkg/device"

// pair holds a batch twice, the second copy after the first, so that one pass
// compares two predictions of every image.
type pair struct {
	net     Network
	be      device.Backend
	p, q, g []float64
	a, b    []float64
}

func newPair(net Network) pair {
	classes := net.Logits().Len() / net.Loss().Len()
	v := func() []float64 { return make([]float64, classes) }
	return pair{net: net, be: net.Backend(), p: v(), q: v(), g: v(), a: v(), b: v()}
}

// double copies the batch.
func (d *pair) double(images int) {
	for _, b := range []device.Buffer{d.net.Input(), d.net.Targets()} {
		n := images * (b.Len() / d.net.Loss().Len())
		d.be.Copy(b.Slice(n, 2*n), b.Slice(0, n))
	}
}

// divergence is KL(softmax a ‖ softmax b) with its gradients in the logits:
//
//	∂/∂a_k = p_k·(log p_k − log q_k − KL),  ∂/∂b_k = q_k − p_k.
func (d *pair) divergence(gradA, gradB, a, b []float64) (kl float64) {
	logA, logB := softmax(d.p, a), softmax(d.q, b)
	for k, p := range d.p {
		kl += p * ((a[k] - logA) - (b[k] - logB))
	}
	for k, p := range d.p {
		gradA[k] = p * ((a[k] - logA) - (b[k] - logB) - kl)
		gradB[k] = d.q[k] - p
	}
	return kl
}
