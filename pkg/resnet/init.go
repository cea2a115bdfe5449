package resnet

import (
	"math"
	"strings"

	"srn/pkg/rng"
)

// initStream names the random numbers of initialisation.
const initStream = 0x1417

// Init sets the parameters as He et al. 2015 do: weights of convolutions and
// of the classifier normal with variance 2/fan-in, biases 0, scales 1; and
// the running statistics to mean 0, variance 1.
func (n *Net) Init(seed uint64) {
	p := make([]float32, n.layout.Len())
	for i, t := range n.layout {
		v := p[t.Offset:][:t.Len()]
		switch {
		case len(t.Shape) > 1:
			r := rng.New(seed, initStream, uint64(i))
			sd := math.Sqrt(2 / float64(t.Len()/t.Shape[0]))
			for j := range v {
				v[j] = float32(sd * r.NormFloat64())
			}
		case strings.HasSuffix(t.Name, ".weight"):
			for j := range v {
				v[j] = 1
			}
		}
	}
	n.be.Write(n.params, p)
	s := make([]float32, n.running.Len())
	for _, t := range n.running {
		if strings.HasSuffix(t.Name, ".running_var") {
			v := s[t.Offset:][:t.Len()]
			for j := range v {
				v[j] = 1
			}
		}
	}
	n.be.Write(n.stats, s)
	n.Load()
}
