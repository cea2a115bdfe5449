package meta

import (
	"context"
	"math"

	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/nn"
	"srn/pkg/record"
	"srn/pkg/rng"
	"srn/pkg/run"
	"srn/pkg/srn/guidance"
	"srn/pkg/srn/surrogate"
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
	HVP(images int, v, hv device.Buffer) // of the mean cross-entropy, after Backward
}

// Examples is what meta-training samples from.
type Examples struct {
	Classes            int
	Labels             []int32                   // of all examples
	MetaTrain, MetaVal []int32                   // examples of each part
	Feed               func(picks []device.Pick) // loads examples into the classifier's input
}

// Meta is meta-training: rounds of inner steps, which train a classifier
// under the surrogate's guidance, and an outer update, which moves φ as the
// objective wants it.
type Meta struct {
	Config
	Surrogate surrogate.Surrogate

	be        device.Backend
	net       Classifier
	data      Examples
	batch     int // images that the network takes at once
	guidance  *guidance.Guidance
	objective objective
	outer     *outer
	round     int // rounds done
	saved     int // round of the latest state saved
	files     run.Files
	statePath string // of that state

	velocity device.Buffer // of the inner optimiser
	tally    device.Tally  // of a round's inner steps

	picks  []device.Pick
	labels []int32
	oneHot []float32
	losses []float32
	logits []float32
}

// New prepares meta-training from initial parameters that the seed
// decides.
func New(net Classifier, data Examples, c Config) (*Meta, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	be := net.Backend()
	s, err := surrogate.New(be, c.Config, net.Layout())
	if err != nil {
		return nil, err
	}
	m := &Meta{Config: c, Surrogate: s, be: be, net: net, data: data,
		batch: net.Targets().Len() / data.Classes, velocity: be.New(net.Layout().Len()),
		tally: be.Tally(device.Figures{Loss: net.Loss(), Gradient: net.Grad(),
			Made: []device.Buffer{net.Params(), net.Running()}, ByStep: true})}
	if m.guidance, err = guidance.New(be, s, c.Options); err != nil {
		return nil, err
	}
	s.Init(m.stream("φ", 0))
	net.Init(m.stream("θ", 0))
	m.outer = newOuter(s, c)
	m.objective = newObjective(m)
	m.losses = make([]float32, m.batch)
	return m, m.checkSizes()
}

// checkSizes compares the numbers of images with what there is.
func (m *Meta) checkSizes() error { return m.Config.CheckData(m.data) }

// CheckData compares the numbers of images with what there is.
func (m Config) CheckData(data Examples) error {
	for _, part := range []struct {
		setting, name string
		n             int
		from          []int32
	}{{"inner_n", "training", m.InnerN, data.MetaTrain}, {"outer_n", "validation", m.OuterN, data.MetaVal}} {
		if part.n < 1 {
			return run.Refuse(part.setting, "%d images, want at least 1", part.n)
		}
		if m.Mode == "online" && part.setting == "inner_n" {
			part.n *= m.Unroll
		}
		if m.Sampling != "per-class" {
			if part.n > len(part.from) {
				return run.Refuse(part.setting, "%d images of %d for %s", part.n, len(part.from), part.name)
			}
			continue
		}
		for class, members := range byClass(data, part.from) {
			if part.n > len(members) {
				return run.Refuse(part.setting, "%d images a class, but class %d has %d for %s", part.n, class, len(members), part.name)
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
// [*DivergedError] means that numbers ceased to be finite; when ctx is over the
// round is given up before the next step, with its error.
func (m *Meta) Round(ctx context.Context) (record.Round, error) {
	r := record.Round{Round: m.round + 1}
	if m.Theta == "reset" && m.round > 0 {
		m.net.Init(m.stream("θ", m.round))
		m.be.Fill(m.velocity, 0)
		m.guidance.Restart()
	}
	if m.Mode != "online" || m.Refresh != "cyclic" { // else blocks meet the new φ in their turn
		m.guidance.Invalidate()
	}
	m.guidance.ResetClipped()
	m.objective.begin()
	if err := m.inner(ctx, &r); err != nil {
		return r, err
	}
	examples := m.draw(m.data.MetaVal, m.OuterN, m.stream("outer", m.round))
	loss, margin := m.validate(examples)
	r.ValLoss, r.ValTop1 = loss, margin.Top1
	r.Margin, r.InverseMargin, r.FractionFloored = margin.Value, 1/margin.Value, margin.BelowFloor
	r.ThetaNorm = math.Sqrt(m.be.Dot(m.net.Params(), m.net.Params()))
	if !finite(loss) || !finite(r.InverseMargin) || !finite(margin.Value) {
		return r, m.diverged("validation loss, margin or its inverse")
	}
	grad, err := m.objective.gradient(&r, validation{examples, margin})
	if err != nil {
		return r, err
	}
	m.outer.step(m.Surrogate, grad, m.round)
	r.PhiDrift = m.outer.drift(m.Surrogate.Phi())
	if !finite(r.PhiDrift) {
		return r, m.diverged("φ")
	}
	r.FractionClipped = m.guidance.Clipped()
	m.round++
	return r, nil
}

// inner trains the classifier.
func (m *Meta) inner(ctx context.Context, r *record.Round) error {
	seed := m.stream("inner", m.round)
	var augment dataset.Augment
	if m.Augment {
		augment = dataset.CIFARAugment
	}
	examples, batch, epochs := m.data.MetaTrain, min(m.InnerBatch, m.batch), m.InnerEpochs
	switch {
	case m.Mode == "online":
		examples, epochs = m.draw(examples, m.Unroll*m.InnerN, seed), 1
		batch = (len(examples) + m.Unroll - 1) / m.Unroll
	case m.Sampling == "batch":
		batch = m.InnerN
	default:
		examples = m.draw(examples, m.InnerN, seed)
	}
	if batch > m.batch {
		return run.Refuse("inner_n", "a batch of %d images in a network planned for %d", batch, m.batch)
	}
	sampler := dataset.NewSampler(examples, batch, seed, augment)
	m.guidance.SetRatios(0)
	m.tally.Set(device.Sums{})
	images, steps := 0, 0
	for epoch := range epochs {
		for step := range sampler.Steps() {
			if err := ctx.Err(); err != nil {
				return err
			}
			picks := sampler.Batch(epoch, step, m.picks)
			m.picks = picks
			images += len(picks)
			steps++
			m.step(picks)
			m.tally.Add(steps, len(picks))
			if fault, found := m.tally.Fault(); found {
				return m.faulty(fault)
			}
		}
	}
	sums, fault, found := m.tally.Read()
	if found {
		return m.faulty(fault)
	}
	r.TrainLoss = sums.Loss / float64(images)
	r.GuidanceRatio = m.guidance.Ratios() / float64(steps)
	return nil
}

// step is one step of the inner optimiser. Whether its numbers are finite is for
// the tally to say, which on a GPU does so some steps later.
func (m *Meta) step(picks []device.Pick) {
	m.pass(picks, nn.Train)
	m.net.Backward(len(picks))
	grad, lr := m.net.Grad(), m.rate()
	m.objective.follow(innerStep{Step: m.guidance.Step(grad, m.net.Params(), m.velocity), picks: picks, lr: lr,
		taskNorm: func() float64 { return math.Sqrt(m.be.Dot(grad, grad)) }})
	m.guidance.Add(grad)
	m.be.SGD(m.net.Params(), m.velocity, grad, float32(lr), float32(m.InnerMomentum), float32(m.InnerWeightDecay))
}

// faulty is the error of a fault that the tally has found.
func (m *Meta) faulty(f device.Fault) error {
	if f.Made < 0 {
		return m.diverged("training loss or its gradient")
	}
	return m.diverged([...]string{"norm of the parameters", "norm of the running statistics"}[f.Made])
}

// rate is the learning rate of a round's inner steps.
func (m *Meta) rate() float64 {
	if m.InnerSchedule == "cosine" {
		return m.InnerLR / 2 * (1 + math.Cos(math.Pi*float64(m.round)/float64(m.Rounds)))
	}
	return m.InnerLR
}

// forward computes the loss of examples, summed, and its gradient in the logits.
func (m *Meta) forward(picks []device.Pick, mode nn.Mode) float64 {
	n := len(picks)
	m.pass(picks, mode)
	m.be.Read(m.losses[:n], m.net.Loss().Slice(0, n))
	sum := 0.0
	for _, l := range m.losses[:n] {
		sum += float64(l)
	}
	return sum
}

// pass is forward without waiting for the loss.
func (m *Meta) pass(picks []device.Pick, mode nn.Mode) {
	n := len(picks)
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
	m.data.Feed(picks)
	m.net.Load()
	m.net.Forward(n, mode)
	m.net.CrossEntropy(n)
}

// draw samples examples: n, or n of each class.
func (m *Meta) draw(from []int32, n int, seed uint64) []int32 {
	if m.Sampling != "per-class" {
		return dataset.Subset(from, n, seed)
	}
	var drawn []int32
	for class, members := range byClass(m.data, from) {
		drawn = append(drawn, dataset.Subset(members, n, rng.New(seed, uint64(class)).Uint64())...)
	}
	return drawn
}

func byClass(data Examples, from []int32) [][]int32 {
	members := make([][]int32, data.Classes)
	for _, i := range from {
		y := data.Labels[i]
		members[y] = append(members[y], i)
	}
	return members
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
