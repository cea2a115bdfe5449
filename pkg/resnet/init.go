package resnet

import (
	"math"
	"strings"

	"srn/pkg/nn"
	"srn/pkg/rng"
)

// Initialisation says how weights start. After a convolution comes batch
// normalisation, so that the scale of its weights does not change what the
// network computes; but it changes how far a step turns them, which without
// weight decay lasts for the whole run.
type Initialisation string

const (
	// InitTorch is what PyTorch's Conv2d and Linear start with: weights, and
	// the classifier's bias, uniform within 1/√fan-in.
	InitTorch Initialisation = "torch"
	// InitHe is He et al. 2015: weights of convolutions and of the classifier
	// normal with variance 2/fan-in, bias 0. Their norm is √6 times the other's.
	InitHe Initialisation = "he"
)

// initStream names the random numbers of initialisation.
var initStream = rng.Stream("initialisation")

// Init starts the parameters anew by the network's [Initialisation], with
// scales of batch normalisation 1 and shifts 0, and the running statistics
// with mean 0 and variance 1.
func (n *Net) Init(seed uint64) {
	p := make([]float32, n.layout.Len())
	for i, t := range n.layout {
		v := p[t.Offset:][:t.Len()]
		r := rng.New(seed, initStream, uint64(i))
		switch {
		case len(t.Shape) > 1:
			n.initWeights(v, t.Len()/t.Shape[0], r)
		case t.Name == "linear.bias":
			if n.Initialisation == InitTorch {
				n.initWeights(v, features, r)
			}
		case strings.HasSuffix(t.Name, ".weight"):
			ones(v)
		}
	}
	n.be.Write(n.params, p)
	n.be.Write(n.stats, initialStatistics(n.running))
	n.Load()
}

func (n *Net) initWeights(v []float32, fanIn int, r *rng.Rand) {
	if n.Initialisation == InitHe {
		sd := math.Sqrt(2 / float64(fanIn))
		for i := range v {
			v[i] = float32(sd * r.NormFloat64())
		}
		return
	}
	bound := 1 / math.Sqrt(float64(fanIn))
	for i := range v {
		v[i] = float32(bound * (2*r.Float64() - 1))
	}
}

func initialStatistics(l nn.Layout) []float32 {
	s := make([]float32, l.Len())
	for _, t := range l {
		if strings.HasSuffix(t.Name, ".running_var") {
			ones(s[t.Offset:][:t.Len()])
		}
	}
	return s
}

func ones(v []float32) {
	for i := range v {
		v[i] = 1
	}
}
