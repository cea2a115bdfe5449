package dataset

import "srn/pkg/device"

// Classifier is what a network must have for images to reach it;
// [srn/pkg/resnet.Net] is one.
type Classifier interface {
	Backend() device.Backend
	Loader(*device.Images) device.Loader // fills the input
	Targets() device.Buffer              // Batch×classes
	Loss() device.Buffer                 // Batch
}

// Batches is the one way in which labelled images reach a network's input. It
// is used by one goroutine.
type Batches struct {
	net     Classifier
	labels  []int32 // of all images
	loader  device.Loader
	stage   device.Stage
	classes int

	picks   []device.Pick
	loaded  []int32 // labels of the loaded batch
	targets []float32
}

// NewBatches plans the loading of images, which labels belong to one by one.
// Images without labels (nil) can be loaded, but have no targets.
func NewBatches(net Classifier, images *device.Images, labels []int32) *Batches {
	b := &Batches{net: net, labels: labels, loader: net.Loader(images), classes: net.Targets().Len() / net.Loss().Len()}
	b.stage = device.Stage{b.loader.Op()}
	return b
}

// Size is the largest number of images of a batch, the network's.
func (b *Batches) Size() int { return b.net.Loss().Len() }

// Classes is the number of the network's outputs.
func (b *Batches) Classes() int { return b.classes }

// Load fills the network's input with the images of the given indices, which
// are not augmented, and returns their labels until the next Load.
func (b *Batches) Load(examples []int32) (labels []int32) {
	b.picks = Sequential(examples, 0, len(examples), b.picks)
	return b.LoadPicks(b.picks)
}

// LoadPicks is Load of images that may be augmented.
func (b *Batches) LoadPicks(picks []device.Pick) (labels []int32) {
	b.loaded = b.loaded[:0]
	if b.labels != nil {
		for _, p := range picks {
			b.loaded = append(b.loaded, b.labels[p.Index])
		}
	}
	b.loader.Set(picks)
	b.net.Backend().Run(len(picks), b.stage)
	return b.loaded
}

// WriteTargets makes the loaded labels the network's targets, as distributions
// that give the label all.
func (b *Batches) WriteTargets() {
	if b.targets == nil {
		b.targets = make([]float32, b.net.Targets().Len())
	}
	clear(b.targets)
	for i, y := range b.loaded {
		b.targets[i*b.classes+int(y)] = 1
	}
	b.net.Backend().Write(b.net.Targets(), b.targets)
}
