package dataset

import (
	"srn/pkg/device"
	"srn/pkg/rng"
)

// Augment says how training images are varied. The zero value leaves them as
// they are.
type Augment struct {
	Crop int  // pixels of padding for a random crop: shifts of -Crop to Crop each way
	Flip bool // mirror every other image on average
}

// CIFARAugment is what CIFAR networks are commonly trained with (He et al.
// 2016): a random crop with padding 4 and a horizontal flip.
var CIFARAugment = Augment{Crop: 4, Flip: true}

// Sampler gives the batches of training: in each epoch all its examples in an
// order that depends on the seed and the epoch alone, each augmented by what
// the seed, the epoch and the example decide. Any step of any epoch can be
// asked for, so that nothing need be kept to resume. A Sampler is used by one
// goroutine at a time.
type Sampler struct {
	indices []int32
	batch   int
	seed    uint64
	augment Augment

	order   []int32 // of epoch
	epoch   int
	ordered bool
	random  rng.Rand
}

var (
	shuffleStream = rng.Stream("shuffle")
	augmentStream = rng.Stream("augment")
)

// NewSampler returns a sampler over the examples with the given indices.
// The slice is kept, not copied.
func NewSampler(indices []int32, batch int, seed uint64, augment Augment) *Sampler {
	if batch <= 0 {
		panic("dataset: batches of no images")
	}
	if augment.Crop < 0 || augment.Crop > 127 {
		panic("dataset: crop outside 0 to 127 pixels")
	}
	return &Sampler{
		indices: indices, batch: batch, seed: seed, augment: augment,
		order: make([]int32, len(indices)),
	}
}

// Len is the number of examples, Steps that of batches in an epoch. The last
// batch holds what remains and may be short.
func (s *Sampler) Len() int   { return len(s.indices) }
func (s *Sampler) Steps() int { return (len(s.indices) + s.batch - 1) / s.batch }

// Batch returns the picks of a step, from 0 to Steps()-1, of an epoch, in the
// memory of picks where it suffices.
func (s *Sampler) Batch(epoch, step int, picks []device.Pick) []device.Pick {
	if !s.ordered || s.epoch != epoch {
		s.shuffle(epoch)
	}
	lo := step * s.batch
	picks = picks[:0]
	for _, example := range s.order[lo:min(lo+s.batch, len(s.order))] {
		picks = append(picks, s.pick(epoch, example))
	}
	return picks
}

func (s *Sampler) shuffle(epoch int) {
	s.random.Reset(s.seed, shuffleStream, uint64(epoch))
	copy(s.order, s.indices)
	s.random.Shuffle(len(s.order), func(i, j int) { s.order[i], s.order[j] = s.order[j], s.order[i] })
	s.epoch, s.ordered = epoch, true
}

// pick augments an example: all of it comes from one block of random numbers.
func (s *Sampler) pick(epoch int, example int32) device.Pick {
	p := device.Pick{Index: example}
	if s.augment == (Augment{}) {
		return p
	}
	s.random.Reset(s.seed, augmentStream, uint64(epoch), uint64(example))
	if c := s.augment.Crop; c > 0 {
		p.DY = int8(s.random.IntN(2*c+1) - c)
		p.DX = int8(s.random.IntN(2*c+1) - c)
	}
	p.Flip = s.augment.Flip && s.random.Uint64()>>63 == 1
	return p
}

// Sequential returns up to n picks of the indices from start on, unaugmented,
// in the memory of picks where it suffices: none once start is at the end.
func Sequential(indices []int32, start, n int, picks []device.Pick) []device.Pick {
	picks = picks[:0]
	for _, i := range indices[min(start, len(indices)):min(start+n, len(indices))] {
		picks = append(picks, device.Pick{Index: i})
	}
	return picks
}
