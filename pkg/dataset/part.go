package dataset

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"srn/pkg/rng"
)

// Part parts the training images into MetaTrain and MetaVal: of each class
// with n images, round(valFraction·n) are for validation, those whose keys
// come first. A key is the hash of the seed and the image's bytes, so that the
// choice depends neither on the order of the images nor on that of the
// classes' labels. Images that occur several times, whatever their labels, have
// one key and stay together, so that a class may have a few less for
// validation.
func (d *Data) Part(valFraction float64, seed uint64) error {
	if !(valFraction >= 0 && valFraction < 1) {
		return fmt.Errorf("validation fraction %v is not in [0, 1)", valFraction)
	}
	d.MetaTrain, d.MetaVal = d.divide(valFraction, seed)
	d.ValFraction, d.Seed = valFraction, seed
	return nil
}

// divide takes a share of each class's training images, equal ones together,
// see Part; both lists are in ascending order.
func (d *Data) divide(fraction float64, seed uint64) (rest, taken []int32) {
	room := d.Train.Counts(len(d.Classes), d.Train.Indices())
	for class, n := range room {
		room[class] = int(math.Round(fraction * float64(n)))
	}
	for _, twins := range d.twins(seed) {
		fits := true
		for _, i := range twins {
			room[d.Train.Labels[i]]--
			fits = fits && room[d.Train.Labels[i]] >= 0
		}
		if fits {
			taken = append(taken, twins...)
			continue
		}
		rest = append(rest, twins...)
		for _, i := range twins {
			room[d.Train.Labels[i]]++
		}
	}
	slices.Sort(rest)
	slices.Sort(taken)
	return rest, taken
}

// PartAt makes the last n training images those for validation, as a data set
// that has some of its own has them.
func (d *Data) PartAt(n int) {
	all := d.Train.Indices()
	d.MetaTrain, d.MetaVal = all[:len(all)-n], all[len(all)-n:]
	d.ValFraction, d.Seed = float64(n)/float64(len(all)), 0
}

// TakeTest makes a share of each class's training images, above 0 and below 1,
// the test images of a data set that has none. The choice is another than that
// of Part for the same seed.
func (d *Data) TakeTest(fraction float64, seed uint64) {
	rest, taken := d.divide(fraction, rng.New(seed, rng.Stream("test")).Uint64())
	d.Test = d.Train.pick(taken)
	d.Train = d.Train.pick(rest)
	d.MetaTrain, d.MetaVal = nil, nil
}

// TrainOn takes the training images of another data set, with their parts and
// constants, for test images of the same classes.
func (d *Data) TrainOn(other *Data) {
	d.Train, d.Classes, d.CoarseClasses = other.Train, other.Classes, nil
	d.Train.Coarse = nil
	d.MetaTrain, d.MetaVal, d.ValFraction, d.Seed = other.MetaTrain, other.MetaVal, other.ValFraction, other.Seed
	d.Mean, d.Std, d.Noise = other.Mean, other.Std, other.Noise
}

// twins lists the training images in the order of their keys, those that are
// equal together.
func (d *Data) twins(seed uint64) [][]int32 {
	type group struct {
		key    [sha256.Size]byte
		images []int32
	}
	at := make(map[imageHash]int, d.Train.Len())
	var groups []group
	for i, image := range hashes(&d.Train) {
		g, ok := at[image]
		if !ok {
			g = len(groups)
			at[image] = g
			groups = append(groups, group{key: key(seed, image, 0)})
		}
		groups[g].images = append(groups[g].images, int32(i))
	}
	slices.SortFunc(groups, func(a, b group) int { return bytes.Compare(a.key[:], b.key[:]) })
	list := make([][]int32, len(groups))
	for i, g := range groups {
		list[i] = g.images
	}
	return list
}

// Thin keeps n of the training images, each class's share of them, and their
// order; the parts are to be made anew. Those kept are
// the first by the keys of another seed than [Data.Part]'s.
func (d *Data) Thin(n int, seed uint64) error {
	if n > d.Train.Len() {
		return fmt.Errorf("%d of %d training images", n, d.Train.Len())
	}
	// Shares are rounded to add up to n: of the first c classes together.
	var kept []int32
	before, taken := 0, 0
	for _, images := range d.keyed(thinned(seed)) {
		before += len(images)
		upTo := int(math.Round(float64(n) * float64(before) / float64(d.Train.Len())))
		for _, image := range images[:upTo-taken] {
			kept = append(kept, image.index)
		}
		taken = upTo
	}
	slices.Sort(kept)
	d.Train, d.MetaTrain, d.MetaVal = d.Train.pick(kept), nil, nil
	return nil
}

// thinned is the seed of what is kept.
func thinned(seed uint64) uint64 { return rng.New(seed, rng.Stream("thin")).Uint64() }

// keyed lists each class's training images in the order of their keys.
func (d *Data) keyed(seed uint64) [][]keyed {
	classes := make([][]keyed, len(d.Classes))
	seen := make(map[occurrence]uint32, d.Train.Len())
	for i, label := range d.Train.Labels {
		image := imageHash(sha256.Sum256(d.Train.Image(i)))
		o := occurrence{image, label}
		classes[label] = append(classes[label], keyed{key(seed, image, seen[o]), int32(i)})
		seen[o]++
	}
	for _, images := range classes {
		slices.SortFunc(images, func(a, b keyed) int {
			return cmp.Or(bytes.Compare(a.key[:], b.key[:]), cmp.Compare(a.index, b.index))
		})
	}
	return classes
}

type keyed struct {
	key   [sha256.Size]byte
	index int32
}

type occurrence struct {
	image imageHash
	label int32
}

// key orders the images of a class: SHA-256 of the seed (8 bytes,
// little-endian), how many equal images came before (4 bytes) and the
// SHA-256 of the image's 3072 bytes.
func key(seed uint64, image imageHash, before uint32) [sha256.Size]byte {
	var b [12 + sha256.Size]byte
	binary.LittleEndian.PutUint64(b[:], seed)
	binary.LittleEndian.PutUint32(b[8:], before)
	copy(b[12:], image[:])
	return sha256.Sum256(b[:])
}
