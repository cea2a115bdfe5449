// Package dataset holds what experiments run on: images with their labels,
// the split of the training images into those for fitting and those for
// validation, and the order and augmentation in which training sees them.
//
// A data set comes from what packages cifar and imageset read or from
// [Synthetic], and lives in a self-contained artifact, see [Data.Save] and
// [Load].
package dataset

import (
	"fmt"

	"srn/pkg/device"
)

// Size is the height and width of an image, Pixels the bytes of one.
const (
	Size   = 32
	Pixels = Size * Size * 3
)

// Data is a data set of images of 32×32 pixels.
type Data struct {
	Name          string   // cifar10, cifar100, synthetic, cinic10 or another
	Classes       []string // names by label
	CoarseClasses []string // names of superclasses, nil where there are none
	Train, Test   Split

	// Mean and Std are the mean and the population standard deviation of each
	// channel over all pixels of all training images, scaled to 0…1.
	Mean, Std [3]float32

	// MetaTrain and MetaVal part the training images, each in ascending order.
	MetaTrain, MetaVal []int32
	// ValFraction and Seed are what they were made with, see [Data.Part].
	ValFraction float64
	Seed        uint64

	Twins Twins // set by FindTwins, and by Load

	Noise Noise // of the training labels; the zero value is none

	SourceSHA256 string // of the archive or folder read, empty if generated
	// Official says that the images are all those of the official files, none
	// changed; nil where an artifact does not tell.
	Official *bool
	SHA256   string // of the artifact's uncompressed bytes, once saved or loaded
}

// Split is a list of images with their labels.
type Split struct {
	Pixels []byte  // N × 32 × 32 × 3, rows from the top, channels red, green, blue
	Labels []int32 // N
	Coarse []int32 // N, labels of superclasses, or nil
}

// Len is the number of images.
func (s *Split) Len() int { return len(s.Labels) }

// Image is the bytes of one image.
func (s *Split) Image(i int) []byte { return s.Pixels[i*Pixels:][:Pixels] }

// Indices is 0 to N-1.
func (s *Split) Indices() []int32 {
	v := make([]int32, s.Len())
	for i := range v {
		v[i] = int32(i)
	}
	return v
}

// pick copies the images of the given indices.
func (s *Split) pick(indices []int32) (picked Split) {
	for _, i := range indices {
		picked.Pixels = append(picked.Pixels, s.Image(int(i))...)
		picked.Labels = append(picked.Labels, s.Labels[i])
		if s.Coarse != nil {
			picked.Coarse = append(picked.Coarse, s.Coarse[i])
		}
	}
	return picked
}

// Counts is the number of images of each of the classes among the given
// indices.
func (s *Split) Counts(classes int, indices []int32) []int {
	n := make([]int, classes)
	for _, i := range indices {
		n[s.Labels[i]]++
	}
	return n
}

// Images is a split as a backend takes it, normalised by the data set's
// constants.
func (d *Data) Images(s *Split) *device.Images {
	return &device.Images{Pixels: s.Pixels, Size: Size, Mean: d.Mean, Std: d.Std}
}

// SplitNames are the names that [Data.Select] knows.
const SplitNames = "train, meta_train, meta_val or test"

// Select returns the images and the indices of a split by its name.
func (d *Data) Select(name string) (*Split, []int32, error) {
	switch name {
	case "train":
		return &d.Train, d.Train.Indices(), nil
	case "meta_train":
		return &d.Train, d.MetaTrain, nil
	case "meta_val":
		return &d.Train, d.MetaVal, nil
	case "test":
		return &d.Test, d.Test.Indices(), nil
	}
	return nil, nil, fmt.Errorf("no split %q, want %s", name, SplitNames)
}
