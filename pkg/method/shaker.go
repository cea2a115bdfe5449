package method

import (
	"srn/pkg/device"
	"srn/pkg/rng"
)

// shaker adds noise to images, uniform in ±ε of pixels scaled to 0…1, for
// each pixel and channel.
type shaker struct {
	be      device.Backend
	std     [3]float32
	epsilon float64
	seed    uint64
	stream  uint64
	random  rng.Rand
	images  []float32
}

func newShaker(o Options, stream string, epsilon float64) *shaker {
	return &shaker{be: o.Net.Backend(), std: o.Std, epsilon: epsilon, seed: o.Seed, stream: rng.Stream(stream),
		images: make([]float32, o.Net.Input().Len())}
}

func (h *shaker) shake(s *Step, images device.Buffer) {
	host := h.images[:images.Len()]
	h.be.Read(host, images)
	h.random.Reset(h.seed, h.stream, uint64(s.Number))
	for i := range host {
		host[i] += float32(h.epsilon*(2*h.random.Float64()-1)) / h.std[i%3]
	}
	h.be.Write(images, host)
}
