package method

import (
	"srn/pkg/device"
	"srn/pkg/rng"
)

// dropout zeroes each feature that the classifier reads with probability p and
// divides the others by 1−p, in training alone.
type dropout struct{ mask *maskDrawer }

var dropoutInfo = Info{
	Name:      "dropout",
	Read:      Secondary,
	Kind:      "network",
	Formula:   "features before the classifier times Bernoulli(1−p)/(1−p)",
	Reference: "Srivastava et al. 2014",
	PaperRow:  "Dropout",
	Passes:    "1",
	Params:    []Param{number("p", 0.5, 0, 0.99, "probability of being dropped")},
	Notes:     []string{"The paper names neither a place nor a rate. Before the classifier is one of two places with a precedent; the other is between the convolutions of a block, where ResNet-32 would draw 143,360 numbers for each image."},
	needs:     func(values) Needs { return Needs{FeatureMask: true} },
	make: func(o Options, v values) (part, error) {
		return &dropout{newMaskDrawer(o, v.number("p"))}, nil
	},
}

func (d *dropout) begin(s *Step) { d.mask.draw(s, s.Images) }

// maskDrawer draws masks of features.
type maskDrawer struct {
	be     device.Backend
	mask   device.Buffer
	width  int
	p      float64
	seed   uint64
	random rng.Rand
	host   []float32
}

var dropoutStream = rng.Stream("dropout")

func newMaskDrawer(o Options, p float64) *maskDrawer {
	mask := o.Net.FeatureMask()
	return &maskDrawer{be: o.Net.Backend(), mask: mask, width: mask.Len() / o.Net.Loss().Len(), p: p, seed: o.Seed,
		host: make([]float32, mask.Len())}
}

// draw makes masks for a number of images.
func (m *maskDrawer) draw(s *Step, images int) {
	if m.p == 0 {
		return
	}
	m.random.Reset(m.seed, dropoutStream, uint64(s.Number))
	host := m.host[:images*m.width]
	keep := float32(1 / (1 - m.p))
	for i := range host {
		host[i] = 0
		if m.random.Float64() >= m.p {
			host[i] = keep
		}
	}
	m.be.Write(m.mask.Slice(0, len(host)), host)
}
