package dataset

import (
	"encoding/binary"
	"fmt"
	"math"

	"srn/pkg/rng"
)

// Noise says which training labels were replaced by wrong ones.
type Noise struct {
	// Kind is symmetric, each of the other classes alike, or asymmetric, one
	// class that it is taken for; "" is no noise.
	Kind string
	Rate float64 // fraction of each class's images
	Seed uint64
}

// NoiseKinds are the kinds that [Data.Mislabel] knows.
var NoiseKinds = []string{"symmetric", "asymmetric"}

// Mislabel gives a fraction of the training images wrong labels: of each class
// with n images outside MetaVal round(rate·n), those whose keys come first. The
// keys are of another seed than [Data.Part]'s and of the images' bytes, so that
// neither their order nor that of the classes matters; so is which label an
// image gets. MetaVal keeps its labels. It follows Part.
//
// Asymmetric noise takes a class for one that is like it: of CIFAR-10, as in
// Patrini et al. 2017, truck for automobile, bird for airplane, deer for horse,
// and cat and dog for each other, other classes keeping their labels; of data
// with superclasses the next class of the superclass; else the next class.
func (d *Data) Mislabel(kind string, rate float64, seed uint64) error {
	if !(rate >= 0 && rate <= 1) {
		return fmt.Errorf("label noise %v is not from 0 to 1", rate)
	}
	classes := int32(len(d.Classes))
	var wrong func(label int32, r *rng.Rand) int32
	switch kind {
	case "symmetric":
		wrong = func(label int32, r *rng.Rand) int32 { return (label + 1 + int32(r.IntN(int(classes)-1))) % classes }
	case "asymmetric":
		like := d.alike()
		wrong = func(label int32, _ *rng.Rand) int32 { return like[label] }
	default:
		return fmt.Errorf("label noise %q is none of %v", kind, NoiseKinds)
	}
	clean := make(map[int32]bool, len(d.MetaVal))
	for _, i := range d.MetaVal {
		clean[i] = true
	}
	labels := append([]int32(nil), d.Train.Labels...)
	for _, images := range d.keyed(rng.New(seed, rng.Stream("label noise")).Uint64()) {
		var noisy []keyed
		for _, image := range images {
			if !clean[image.index] {
				noisy = append(noisy, image)
			}
		}
		for _, image := range noisy[:int(math.Round(rate*float64(len(noisy))))] {
			r := rng.New(binary.LittleEndian.Uint64(image.key[:8]))
			labels[image.index] = wrong(labels[image.index], r)
		}
	}
	d.Train.Labels, d.Noise = labels, Noise{kind, rate, seed}
	return nil
}

// alike is the class that each is taken for, itself where for none.
func (d *Data) alike() []int32 {
	like := make([]int32, len(d.Classes))
	if d.Name == "cifar10" {
		at := map[string]int32{}
		for i, name := range d.Classes {
			like[i], at[name] = int32(i), int32(i)
		}
		for from, to := range map[string]string{"truck": "automobile", "bird": "airplane", "deer": "horse", "cat": "dog", "dog": "cat"} {
			like[at[from]] = at[to]
		}
		return like
	}
	group := make([]int32, len(d.Classes)) // the superclass, 0 without
	for i, label := range d.Train.Labels {
		if d.Train.Coarse != nil {
			group[label] = d.Train.Coarse[i]
		}
	}
	for i := range like {
		for step := 1; step <= len(like); step++ {
			if next := (i + step) % len(like); group[next] == group[i] {
				like[i] = int32(next)
				break
			}
		}
	}
	return like
}
