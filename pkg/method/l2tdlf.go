package method

import (
	"math"

	"srn/pkg/artifact"
	"srn/pkg/record"
)

// l2tDLF is a bilinear loss whose W a teacher sets from the state of training:
//
//	W_t = W + W₂·(2σ(u) − 1),  u = θ₁·progress + θ₂·accuracy + θ₃,
//
// with the fraction of the run done and the accuracy on the step's batch. The
// teacher's parameters W, b, W₂ and θ are taught through one step.
type l2tDLF struct {
	bilinear // w is W_t
	rate     float64
	phi      []float64 // W by rows, b, W₂ by rows, θ₁ θ₂ θ₃

	state3        [3]float64 // progress, accuracy, 1
	signal, slope float64    // 2σ(u) − 1 and its slope in u
	sums          []float64  // of gradients in W_t by rows, then in b
}

// l2tSharpness is that of the held-out smooth error rate, as the authors have it.
const l2tSharpness = 50

var l2tDLFInfo = Info{
	Name: "l2t-dlf",
	Read: Code,
	Differs: []string{
		"The teacher is taught at every step through that step alone, while the student trains; the original trains students again and again, a hundred times in the authors' demonstration, and goes back through the whole path of training each time.",
		"The teacher is that of the demonstration, W_t = W + W₂·(2σ(θ₁·progress + θ₂·accuracy + θ₃) − 1), without the publication's attention, which was not read.",
		"θ₁ and θ₂ begin at 1: in the demonstration they, θ₃ and W₂ begin at 0, where all of their gradients are 0, so that only W and b ever move.",
	},
	Kind:       "loss+passes",
	Formula:    "mean of μ·CE − (1−μ)·σ([W_tᵀ·log p + b]_y), W_t and b a teacher's, taught by held-out images through one step",
	Reference:  "Wu, Tian, Xia et al. 2018 (L2T-DLF)",
	PaperRow:   "L2T-DLF",
	Passes:     "4",
	Validation: true,
	Params: []Param{
		number("mix", 0.5, 0, 1, "μ, the share of cross-entropy; 1 is cross-entropy"),
		number("meta-lr", 0.3, 0, 1e6, "learning rate of the teacher; 0 keeps it"),
		word("objective", "held-out loss: smooth-error, 2σ(50·(max p − p_y)) − 1 as the authors have it; ce, cross-entropy", "smooth-error", "ce"),
		valBatch, valAugment("none", "training"),
	},
	Notes: []string{lookaheadNote,
		"The teacher's rate was chosen on 10,000 training images that took no part: ResNet-8 on 3,000 CIFAR-10 images, 1,000 more teaching, 8 epochs. With 0.3 W moves by 0.02 (root mean square) and the loss is that of a teacher that is kept (1.518 and 1.518, accuracy 44.5 and 44.6, means of three seeds); with 0.01, the rate of the authors' demonstration, which teaches once a training, W moves by 0.0008; 3 and 30 move it further and are worse.",
		"Chosen: accuracy is that of the step's batch. Half the loss is cross-entropy, as in the authors' final training.",
		"train_loss is the plain cross-entropy."},
	needs: lookaheadNeeds,
	make: func(o Options, v values) (part, error) {
		l := newL2TDLF(o.Net.Logits().Len()/o.Net.Loss().Len(), v.number("mix"), v.number("meta-lr"))
		ahead := newLookahead(o, l, v)
		if v.word("objective") == "smooth-error" {
			ahead.validation.passes.loss = &smoothError{sharpness: l2tSharpness}
		}
		return &learnedByLookahead{ahead}, nil
	},
}

func newL2TDLF(classes int, mix, rate float64) *l2tDLF {
	n := classes * classes
	l := &l2tDLF{bilinear: newBilinear(classes, mix), rate: rate, phi: make([]float64, 2*n+classes+3), sums: make([]float64, n+classes)}
	copy(l.phi, l.w)
	_, _, _, theta := l.teacher()
	theta[0], theta[1] = 1, 1
	l.state3[2] = 1
	l.settle()
	return l
}

// teacher parts φ.
func (l *l2tDLF) teacher() (w, b, w2, theta []float64) {
	n := l.classes * l.classes
	return l.phi[:n], l.phi[n:][:l.classes], l.phi[n+l.classes:][:n], l.phi[2*n+l.classes:]
}

// settle computes W_t and b for the state at hand.
func (l *l2tDLF) settle() {
	w, b, w2, theta := l.teacher()
	u := 0.0
	for i, v := range theta {
		u += v * l.state3[i]
	}
	sigma := 1 / (1 + math.Exp(-u))
	l.signal, l.slope = 2*sigma-1, 2*sigma*(1-sigma)
	for i := range w {
		l.w[i] = w[i] + l.signal*w2[i]
	}
	copy(l.b, b)
}

func (l *l2tDLF) watch(s *Step, accuracy float64) {
	l.state3[0], l.state3[1] = s.Progress(), accuracy
	l.settle()
}

// mixed differentiates −(1−μ)·σ′(A)·D, where D = Σ_k column_k·(ż_k − ⟨p, ż⟩)
// is the derivative of A along ż.
func (l *l2tDLF) mixed(z, t, zDot []float64) {
	a, logSum := l.argument(z, t)
	s := 1 / (1 + math.Exp(-a))
	first, second := s*(1-s), s*(1-s)*(1-2*s)
	mean := 0.0
	for k, p := range l.p {
		mean += p * zDot[k]
	}
	along := 0.0
	for k, v := range zDot {
		along += l.column(k, t) * (v - mean)
	}
	for y, w := range t {
		if w == 0 {
			continue
		}
		scale := -(1 - l.mix) * w
		for k, v := range zDot {
			l.sums[k*l.classes+y] += scale * (second*(z[k]-logSum)*along + first*(v-mean))
		}
		l.sums[l.classes*l.classes+y] += scale * second * along
	}
}

// chain is the gradient in φ of what has the gradient l.sums in W_t and b.
func (l *l2tDLF) chain(scale float64) []float64 {
	n := l.classes * l.classes
	_, _, w2, _ := l.teacher()
	grad := make([]float64, len(l.phi))
	inSignal := 0.0
	for i, g := range l.sums[:n] {
		grad[i] = scale * g
		grad[n+l.classes+i] = scale * g * l.signal
		inSignal += scale * g * w2[i]
	}
	for i, g := range l.sums[n:] {
		grad[n+i] = scale * g
	}
	for i, v := range l.state3 {
		grad[2*n+l.classes+i] = inSignal * l.slope * v
	}
	return grad
}

func (l *l2tDLF) learn(scale float64) {
	for i, g := range l.chain(scale) {
		l.phi[i] -= l.rate * g
	}
	clear(l.sums)
	l.settle()
}

// report tells how far W_t has come from the identity, in the root mean square.
func (l *l2tDLF) report() record.Figures {
	sum := 0.0
	for i, v := range l.w {
		if i%(l.classes+1) == 0 {
			v--
		}
		sum += v * v
	}
	return record.Figures{Own: map[string]float64{"w_drift": math.Sqrt(sum) / float64(l.classes), "teacher_signal": l.signal}}
}

func (l *l2tDLF) state() []artifact.Tensor {
	return []artifact.Tensor{artifact.Float64("state.l2t-dlf", []int{len(l.phi)}, l.phi),
		artifact.Float64("state.l2t-dlf.of", []int{3}, l.state3[:])}
}

func (l *l2tDLF) restore(f *artifact.File, path string) error {
	if err := f.ReadFinite(path, "state.l2t-dlf", l.phi); err != nil {
		return err
	}
	if err := f.ReadFinite(path, "state.l2t-dlf.of", l.state3[:]); err != nil {
		return err
	}
	l.settle()
	return nil
}

// smoothError is 2σ(s·(max p − p_y)) − 1, which counts errors as s grows. For
// soft targets it is averaged.
type smoothError struct {
	sharpness float64
	p         []float64
}

func (l *smoothError) row(d, z, t []float64) (loss float64) {
	l.p = append(l.p[:0], z...)
	softmax(l.p, z)
	best := argmax(l.p)
	clear(d)
	for y, w := range t {
		if w == 0 {
			continue
		}
		gap := l.p[best] - l.p[y]
		s := 1 / (1 + math.Exp(-l.sharpness*gap))
		loss += w * (2*s - 1)
		slope := 2 * w * l.sharpness * s * (1 - s) // in gap
		for k, p := range l.p {
			d[k] -= slope * gap * p
		}
		d[best] += slope * l.p[best]
		d[y] -= slope * l.p[y]
	}
	return loss
}
