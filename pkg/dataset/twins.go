package dataset

import (
	"crypto/sha256"
	"fmt"

	"srn/pkg/artifact"
)

// Twins counts images that occur more than once, by the hashes of their pixels.
type Twins struct {
	Train       int // training images of which there is another among the training images
	Mislabelled int // those of them of which another has another label
	Test        int // test images of which there is another among the test images
	Leaked      int // test images that are training images too
}

// counts are the counts by their names in metadata.
func (t *Twins) counts() map[string]*int {
	return map[string]*int{
		"train_twins": &t.Train, "train_twins_mislabelled": &t.Mislabelled, "test_twins": &t.Test, "test_in_train": &t.Leaked,
	}
}

// FindTwins sets d.Twins.
func (d *Data) FindTwins() {
	d.Twins = Twins{}
	train := map[imageHash]occurrences{}
	for i, h := range hashes(&d.Train) {
		train[h] = train[h].add(d.Train.Labels[i])
	}
	for _, o := range train {
		if o.count > 1 {
			d.Twins.Train += o.count
			if o.mixed {
				d.Twins.Mislabelled += o.count
			}
		}
	}
	test := map[imageHash]int{}
	for _, h := range hashes(&d.Test) {
		test[h]++
		if train[h].count > 0 {
			d.Twins.Leaked++
		}
	}
	for _, n := range test {
		if n > 1 {
			d.Twins.Test += n
		}
	}
}

// SharedByParts is how many images for validation are among those for fitting
// too: none where [Data.Part] made the parts.
func (d *Data) SharedByParts() (n int) {
	h := hashes(&d.Train)
	fitting := make(map[imageHash]bool, len(d.MetaTrain))
	for _, i := range d.MetaTrain {
		fitting[h[i]] = true
	}
	for _, i := range d.MetaVal {
		if fitting[h[i]] {
			n++
		}
	}
	return n
}

// CheckTwins refuses a data set whose test images are all among the training
// images, as where a file was copied over another; path is where it was read.
// FindTwins comes first.
func (d *Data) CheckTwins(path string) error {
	if n := d.Test.Len(); n > 0 && d.Twins.Leaked == n {
		return &artifact.FormatError{
			Path: path, Problem: fmt.Sprintf("all %d test images are training images too", n),
			Mend: "get the data set again: a test on these would measure nothing",
		}
	}
	return nil
}

// imageHash is the SHA-256 of an image's 3072 bytes.
type imageHash [sha256.Size]byte

// hashes are those of all images.
func hashes(s *Split) []imageHash {
	list := make([]imageHash, s.Len())
	for i := range list {
		list[i] = sha256.Sum256(s.Image(i))
	}
	return list
}

// occurrences are those of an image.
type occurrences struct {
	count int
	label int32 // of the first
	mixed bool  // another has another label
}

func (o occurrences) add(label int32) occurrences {
	if o.count++; o.count == 1 {
		o.label = label
	}
	o.mixed = o.mixed || label != o.label
	return o
}
