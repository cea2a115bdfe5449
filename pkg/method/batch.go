package method

import (
	"srn/pkg/device"
)

// imageSize is the height and width of an image, pixels its numbers.
const (
	imageSize = 32
	pixels    = imageSize * imageSize * 3
)

// batch is a loaded batch in host memory, to be changed.
type batch struct {
	net     Network
	be      device.Backend
	n       int
	classes int

	images, targets       []float32
	hasImages, hasTargets bool
	allImages, allTargets []float32
}

func newBatch(net Network) *batch {
	return &batch{net: net, be: net.Backend(), classes: net.Logits().Len() / net.Loss().Len(),
		allImages: make([]float32, net.Input().Len()), allTargets: make([]float32, net.Targets().Len())}
}

func (b *batch) open(images int) {
	b.n, b.hasImages, b.hasTargets = images, false, false
}

// pixels returns the images, normalised, n × 32 × 32 × 3.
func (b *batch) pixels() []float32 {
	if !b.hasImages {
		b.images = b.allImages[:b.n*pixels]
		b.be.Read(b.images, b.net.Input().Slice(0, len(b.images)))
		b.hasImages = true
	}
	return b.images
}

// image returns one image.
func (b *batch) image(i int) []float32 { return b.pixels()[i*pixels:][:pixels] }

// labels returns the target distributions, n × classes.
func (b *batch) labels() []float32 {
	if !b.hasTargets {
		b.targets = b.allTargets[:b.n*b.classes]
		b.be.Read(b.targets, b.net.Targets().Slice(0, len(b.targets)))
		b.hasTargets = true
	}
	return b.targets
}

// close writes back what was asked for.
func (b *batch) close() {
	if b.hasImages {
		b.be.Write(b.net.Input().Slice(0, len(b.images)), b.images)
	}
	if b.hasTargets {
		b.be.Write(b.net.Targets().Slice(0, len(b.targets)), b.targets)
	}
}
