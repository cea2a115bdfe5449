package method

import (
	"srn/pkg/device"
	"srn/pkg/nn"
)

// learnedLoss is a loss with parameters φ of its own that held-out images
// teach.
type learnedLoss interface {
	loss
	// mixed adds ∂/∂φ ⟨∂ℓ/∂z, ż⟩ for one example to its sums.
	mixed(z, t, zDot []float64)
	// learn takes a step on φ along scale times these sums and clears them.
	learn(scale float64)
}

// watcher is a learned loss that depends on the state of training.
type watcher interface {
	watch(s *Step, accuracy float64) // on the step's batch
}

// lookahead trains the parameters φ of a loss through one step of the network:
//
//	ŵ = w − lr·∇_w (1/n)Σ ℓ_i(w; φ),  then φ by the gradient of L_val(ŵ),
//	dL_val/dφ = −(lr/n)·Σ_i ∂/∂φ ⟨∂ℓ_i/∂z_i, ż_i⟩,
//
// where ż is the derivative of the logits at w along v = ∇L_val(ŵ): one
// tangent pass, exact, without second derivatives. Then comes the real step's
// gradient, with the new φ.
type lookahead struct {
	net        Network
	be         device.Backend
	loss       learnedLoss
	validation *validator

	w, v device.Buffer
	zDot []float32
	dot  []float64
}

func newLookahead(o Options, l learnedLoss, v values) *lookahead {
	n := o.Net.Params().Len()
	be := o.Net.Backend()
	return &lookahead{net: o.Net, be: be, loss: l, validation: heldOut(o, v),
		w: be.New(n), v: be.New(n), zDot: make([]float32, o.Net.Logits().Len()),
		dot: make([]float64, o.Net.Logits().Len()/o.Net.Loss().Len())}
}

var lookaheadNeeds = func(values) Needs { return Needs{Tangents: true} }

const lookaheadNote = "Through one step, without momentum or weight decay; the meta-gradient is exact, by a Jacobian-vector product. Needs --split meta_train: the held-out images are meta_val."

func (l *lookahead) gradient(s *Step, p *passes) error {
	l.teach(s, p)
	// The logits at w are still there.
	p.rows(s.Images, l.loss)
	l.net.Backward(s.Images)
	return nil
}

// teach takes one step on φ. The network's logits and activations are left at
// w, in training mode.
func (l *lookahead) teach(s *Step, p *passes) {
	n := s.Images
	params := l.net.Params()
	l.be.Copy(l.w, params)
	l.net.Forward(n, nn.TrainFrozen)
	if w, ok := l.loss.(watcher); ok {
		w.watch(s, p.accuracy(n))
	}
	p.rows(n, l.loss)
	l.net.Backward(n)
	l.be.Axpy(params, float32(-s.LR), l.net.Grad())
	l.net.Load()
	l.validation.gradient(l.v, s)
	l.be.Copy(params, l.w)
	l.net.Load()

	p.forward(n, nn.Train) // cross-entropy, for the records
	l.net.ForwardTangent(n, l.v)
	zDot := p.read(l.zDot, l.net.LogitsDot(), n)
	logits, targets := p.readLogits(n), p.readTargets(n)
	for i := range n {
		p.load(logits, targets, i)
		for k := range l.dot {
			l.dot[k] = float64(zDot[i*p.classes+k])
		}
		l.loss.mixed(p.z, p.t, l.dot)
	}
	l.loss.learn(-s.LR / float64(n))
}
