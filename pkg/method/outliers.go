package method

import (
	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/rng"
	"srn/pkg/run"
)

// outliers are images of no class.
type outliers interface {
	// load puts a step's outliers in the place of the network's input, from
	// which they may be made, and returns their number.
	load(s *Step) (images int)
}

// FromFile is the setting by which a user's outliers take the place of
// generated ones.
const FromFile = "energy-ood.outliers=file"

// newOutliers returns those of a kind: patches, noise or file.
func newOutliers(kind string, o Options) (outliers, error) {
	if kind == "file" {
		if o.Outliers == nil {
			return nil, &run.SettingError{Setting: "outliers", Problem: "there is no file of the images that outliers=file takes", Fix: "name one, or take patches or noise"}
		}
		return newGivenOutliers(o), nil
	}
	return &generatedOutliers{net: o.Net, patches: kind == "patches", seed: o.Seed, mean: o.Mean, std: o.Std,
		images: make([]float32, o.Net.Input().Len())}, nil
}

// givenOutliers are a user's, in a new order each time all have been seen,
// augmented as the training images are.
type givenOutliers struct {
	sampler *dataset.Sampler
	batches *dataset.Batches
	whole   int // batches that are not short
	picks   []device.Pick
}

func newGivenOutliers(o Options) *givenOutliers {
	images := &device.Images{Pixels: o.Outliers.Pixels, Size: imageSize, Mean: o.Mean, Std: o.Std}
	indices := make([]int32, o.Outliers.Len())
	for i := range indices {
		indices[i] = int32(i)
	}
	batch := min(o.Net.Loss().Len(), len(indices))
	return &givenOutliers{sampler: dataset.NewSampler(indices, batch, o.Seed, o.Augment),
		batches: dataset.NewBatches(o.Net, images, nil), whole: len(indices) / batch}
}

func (g *givenOutliers) load(s *Step) int {
	g.picks = g.sampler.Batch(s.Number/g.whole, s.Number%g.whole, g.picks)
	n := min(s.Images, len(g.picks))
	g.batches.LoadPicks(g.picks[:n])
	return n
}

// generatedOutliers are made from the batch: each image cut into 8×8 patches
// in random order, or replaced by noise.
type generatedOutliers struct {
	net       Network
	patches   bool
	seed      uint64
	random    rng.Rand
	mean, std [3]float32
	images    []float32
	image     [pixels]float32
}

var outlierStream = rng.Stream("outliers")

func (g *generatedOutliers) load(s *Step) int {
	be, input := g.net.Backend(), g.net.Input().Slice(0, s.Images*pixels)
	images := g.images[:s.Images*pixels]
	be.Read(images, input)
	for i := range s.Images {
		g.random.Reset(g.seed, outlierStream, uint64(s.Number), uint64(i))
		g.turn(images[i*pixels:][:pixels])
	}
	be.Write(input, images)
	return s.Images
}

// turn makes an image an outlier.
func (g *generatedOutliers) turn(image []float32) {
	if !g.patches {
		for i := range image {
			c := i % 3
			image[i] = (float32(g.random.Float64()) - g.mean[c]) / g.std[c]
		}
		return
	}
	const side, row = 8, imageSize / 8
	copy(g.image[:], image)
	for to, from := range g.random.Perm(row * row) {
		for y := range side {
			a := ((to/row*side+y)*imageSize + to%row*side) * 3
			b := ((from/row*side+y)*imageSize + from%row*side) * 3
			copy(image[a:a+3*side], g.image[b:b+3*side])
		}
	}
}
