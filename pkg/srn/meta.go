package srn

import (
	"fmt"
	"math"

	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/nn"
	"srn/pkg/rng"
)

// Classifier is the network whose parameters the surrogate reads;
// [srn/pkg/resnet.Net] is one.
type Classifier interface {
	Backend() device.Backend
	Layout() nn.Layout
	Params() device.Buffer
	Grad() device.Buffer
	Running() device.Buffer
	Targets() device.Buffer // as many images × classes as a pass takes
	Logits() device.Buffer
	Loss() device.Buffer
	LogitGrad() device.Buffer
	Init(seed uint64)
	Load()
	Forward(images int, mode nn.Mode)
	CrossEntropy(images int)
	Backward(images int)
}

// Examples is what meta-training samples from.
type Examples struct {
	Classes            int
	Labels             []int32                   // of all examples
	MetaTrain, MetaVal []int32                   // examples of each part
	Feed               func(picks []device.Pick) // loads examples into the classifier's input
}

// Meta is meta-training: rounds of inner steps, which train a classifier
// under the surrogate's guidance, and an outer update, which fits the
// surrogate to the classifier's meta-target on validation images.
type Meta struct {
	MetaConfig
	Surrogate *Surrogate

	be       device.Backend
	net      Classifier
	data     Examples
	batch    int // images that the network takes at once
	guidance *Guidance
	target   *Target
	round    int // rounds done

	velocity device.Buffer // of the inner optimiser
	gradR    device.Buffer // ∇_Θ u
	phi0     []float32

	// For the unrolled gradient: where ∇r was computed last, and how far Θ
	// has moved along it since, to first order: Θ = … − pull·∇r. push is how
	// far the next step would move it by momentum alone.
	origin     device.Buffer
	pull, push float64
	along      device.Buffer

	picks   []device.Pick
	labels  []int32
	oneHot  []float32
	losses  []float32
	logits  []float32
	dlogits []float32
}

// NewMeta prepares meta-training from initial parameters that the seed
// decides.
func NewMeta(net Classifier, data Examples, c MetaConfig) (*Meta, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	be := net.Backend()
	s, err := New(be, c.Config, net.Layout())
	if err != nil {
		return nil, err
	}
	m := &Meta{MetaConfig: c, Surrogate: s, be: be, net: net, data: data,
		batch: net.Targets().Len() / data.Classes, target: NewTarget(c.TargetConfig)}
	if m.guidance, err = NewGuidance(be, s, c.GuidanceConfig); err != nil {
		return nil, err
	}
	n := net.Layout().Len()
	m.velocity, m.gradR = be.New(n), be.New(n)
	if c.MetaGrad == "unrolled" {
		m.origin, m.along = be.New(n), be.New(n)
	}
	s.Init(m.stream("φ", 0))
	m.phi0 = s.Phi()
	net.Init(m.stream("θ", 0))
	m.losses = make([]float32, m.batch)
	return m, m.checkSizes()
}

// checkSizes compares the numbers of images with what there is.
func (m *Meta) checkSizes() error {
	for _, part := range []struct {
		flag, name string
		n          int
		from       []int32
	}{{"inner-n", "training", m.InnerN, m.data.MetaTrain}, {"outer-n", "validation", m.OuterN, m.data.MetaVal}} {
		if part.n < 1 {
			return fmt.Errorf("%s: %d images, want at least 1", part.flag, part.n)
		}
		if m.Sampling != "per-class" {
			if part.n > len(part.from) {
				return fmt.Errorf("%s: %d images of %d for %s", part.flag, part.n, len(part.from), part.name)
			}
			continue
		}
		for class, members := range m.byClass(part.from) {
			if part.n > len(members) {
				return fmt.Errorf("%s: %d images a class, but class %d has %d for %s", part.flag, part.n, class, len(members), part.name)
			}
		}
	}
	return nil
}

// stream is a seed for one purpose in one round.
func (m *Meta) stream(purpose string, round int) uint64 {
	return rng.New(uint64(m.Seed), rng.Stream("srn-meta "+purpose), uint64(round)).Uint64()
}

// Done is the number of rounds done.
func (m *Meta) Done() int { return m.round }

// Round does one round and returns its record. An error of type
// [*DivergedError] means that numbers ceased to be finite; stop says whether
// to give up before the next step, with [ErrInterrupted].
func (m *Meta) Round(stop func() bool) (Record, error) {
	r := Record{Type: "round", Round: m.round + 1}
	if m.Theta == "reset" && m.round > 0 {
		m.net.Init(m.stream("θ", m.round))
		m.be.Fill(m.velocity, 0)
	}
	m.guidance.Invalidate() // φ has changed, and a run may resume here
	m.guidance.refreshes, m.guidance.clipped = 0, 0
	if err := m.inner(&r, stop); err != nil {
		return r, err
	}
	if err := m.outer(&r); err != nil {
		return r, err
	}
	m.round++
	return r, nil
}

// inner trains the classifier.
func (m *Meta) inner(r *Record, stop func() bool) error {
	seed := m.stream("inner", m.round)
	var augment dataset.Augment
	if m.Augment {
		augment = dataset.CIFARAugment
	}
	examples, batch, epochs := m.data.MetaTrain, min(m.InnerBatch, m.batch), m.InnerEpochs
	switch {
	case m.Mode == "online":
		examples, epochs, batch = m.draw(examples, m.InnerN, seed), 1, m.batch
	case m.Sampling == "batch":
		batch = m.InnerN
	default:
		examples = m.draw(examples, m.InnerN, seed)
	}
	if batch > m.batch || m.Mode == "online" && len(examples) > m.batch {
		return fmt.Errorf("inner-n: a batch of %d images in a network planned for %d", max(batch, len(examples)), m.batch)
	}
	sampler := dataset.NewSampler(examples, m.data.Labels, batch, seed, augment)
	var loss, ratio float64
	images, steps := 0, 0
	for epoch := range epochs {
		for step := range sampler.Steps() {
			if stop() {
				return ErrInterrupted
			}
			picks := sampler.Batch(epoch, step, m.picks)
			m.picks = picks
			l, q, err := m.step(picks)
			if err != nil {
				return err
			}
			loss += l
			ratio += q
			images += len(picks)
			steps++
		}
	}
	r.TrainLoss = loss / float64(images)
	r.GuidanceRatio = ratio / float64(steps)
	return nil
}

// step is one step of the inner optimiser; it returns the summed loss and the
// guidance's norm relative to the task gradient's.
func (m *Meta) step(picks []device.Pick) (loss, ratio float64, err error) {
	if m.guidance.Due() && m.origin != nil {
		m.be.Copy(m.origin, m.net.Params())
		m.pull, m.push = 0, 0
	}
	m.guidance.Step(m.net.Params())
	loss = m.forward(picks, nn.Train)
	if !finite(loss) {
		return 0, 0, m.diverged("training loss")
	}
	m.net.Backward(len(picks))
	grad := m.net.Grad()
	norm := math.Sqrt(m.be.Dot(grad, grad))
	ratio = m.guidance.Add(grad, norm)
	m.be.SGD(m.net.Params(), m.velocity, grad, float32(m.InnerLR), float32(m.InnerMomentum), float32(m.InnerWeightDecay))
	m.push = m.InnerMomentum*m.push + m.guidance.weight(norm)
	m.pull += m.InnerLR * m.push
	return loss, ratio, nil
}

// forward computes the loss of examples, summed, and its gradient in the logits.
func (m *Meta) forward(picks []device.Pick, mode nn.Mode) float64 {
	n := len(picks)
	m.net.Load()
	m.data.Feed(picks)
	m.oneHot = m.oneHot[:0]
	for _, p := range picks {
		for k := range m.data.Classes {
			v := float32(0)
			if int32(k) == m.data.Labels[p.Index] {
				v = 1
			}
			m.oneHot = append(m.oneHot, v)
		}
	}
	m.be.Write(m.net.Targets().Slice(0, n*m.data.Classes), m.oneHot)
	m.net.Forward(n, mode)
	m.net.CrossEntropy(n)
	m.be.Read(m.losses[:n], m.net.Loss().Slice(0, n))
	sum := 0.0
	for _, l := range m.losses[:n] {
		sum += float64(l)
	}
	return sum
}

// draw samples examples: n, or n of each class.
func (m *Meta) draw(from []int32, n int, seed uint64) []int32 {
	if m.Sampling != "per-class" {
		return dataset.Subset(from, n, seed)
	}
	var drawn []int32
	for class, members := range m.byClass(from) {
		drawn = append(drawn, dataset.Subset(members, n, rng.New(seed, uint64(class)).Uint64())...)
	}
	return drawn
}

func (m *Meta) byClass(from []int32) [][]int32 {
	members := make([][]int32, m.data.Classes)
	for _, i := range from {
		y := m.data.Labels[i]
		members[y] = append(members[y], i)
	}
	return members
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
