package method

import "srn/pkg/rng"

// autoAugment applies to each image one of 25 sub-policies: two operations,
// each with its probability and strength, in order. Here it works on the
// loaded, already cropped and mirrored image, taken back to bytes.
type autoAugment struct {
	mean, std [3]float32
	seed      uint64
	random    rng.Rand
	image     picture
	levels    [3][256]float32 // normalised values of bytes, by channel
}

var autoAugmentInfo = Info{
	Name:      "autoaugment",
	Kind:      "batch",
	Formula:   "two operations on each image, by one of the 25 sub-policies for CIFAR-10",
	Reference: "Cubuk, Zoph, Mané, Vasudevan & Le 2019",
	PaperRow:  "(external protocol of Table 5)",
	Passes:    "1",
	Notes: []string{
		"The policy found for CIFAR-10, used for CIFAR-100 too, as the original does.",
		"Strengths 0 to 9 are spread evenly over the ranges of common implementations; which of two mirrored directions is drawn. Whatever comes in from outside an image is the grey 128, and geometry takes the nearest pixel.",
		"Give cutout after it: autoaugment+cutout+label-smoothing.",
	},
	make: func(o Options, _ values) (part, error) {
		a := &autoAugment{mean: o.Mean, std: o.Std, seed: o.Seed}
		for c := range a.levels {
			for v := range a.levels[c] {
				a.levels[c][v] = (float32(v)/255 - a.mean[c]) / a.std[c]
			}
		}
		return a, nil
	},
}

// operation is one of a sub-policy.
type operation struct {
	apply       func(p *picture, strength float64) // strength 0…1, signed where a direction is drawn
	probability float64
	level       int // 0 to 9
}

// cifarPolicy are the sub-policies of the publication's table for CIFAR-10.
var cifarPolicy = [25][2]operation{
	{{invert, 0.1, 7}, {contrast, 0.2, 6}},
	{{rotate, 0.7, 2}, {translateX, 0.3, 9}},
	{{sharpness, 0.8, 1}, {sharpness, 0.9, 3}},
	{{shearY, 0.5, 8}, {translateY, 0.7, 9}},
	{{autoContrast, 0.5, 8}, {equalize, 0.9, 2}},
	{{shearY, 0.2, 7}, {posterize, 0.3, 7}},
	{{color, 0.4, 3}, {brightness, 0.6, 7}},
	{{sharpness, 0.3, 9}, {brightness, 0.7, 9}},
	{{equalize, 0.6, 5}, {equalize, 0.5, 1}},
	{{contrast, 0.6, 7}, {sharpness, 0.6, 5}},
	{{color, 0.7, 7}, {translateX, 0.5, 8}},
	{{equalize, 0.3, 7}, {autoContrast, 0.4, 8}},
	{{translateY, 0.4, 3}, {sharpness, 0.2, 6}},
	{{brightness, 0.9, 6}, {color, 0.2, 8}},
	{{solarize, 0.5, 2}, {invert, 0, 3}},
	{{equalize, 0.2, 0}, {autoContrast, 0.6, 0}},
	{{equalize, 0.2, 8}, {equalize, 0.6, 4}},
	{{color, 0.9, 9}, {equalize, 0.6, 6}},
	{{autoContrast, 0.8, 4}, {solarize, 0.2, 8}},
	{{brightness, 0.1, 3}, {color, 0.7, 0}},
	{{solarize, 0.4, 5}, {autoContrast, 0.9, 3}},
	{{translateY, 0.9, 9}, {translateY, 0.7, 9}},
	{{autoContrast, 0.9, 2}, {solarize, 0.8, 3}},
	{{equalize, 0.8, 8}, {invert, 0.1, 3}},
	{{translateY, 0.7, 9}, {autoContrast, 0.9, 1}},
}

var autoAugmentStream = rng.Stream("autoaugment")

func (a *autoAugment) change(s *Step, b *batch) {
	for i := range b.n {
		a.random.Reset(a.seed, autoAugmentStream, uint64(s.Number), uint64(i))
		image := b.image(i)
		changed := false
		for _, o := range cifarPolicy[a.random.IntN(len(cifarPolicy))] {
			apply, negative := a.random.Float64() < o.probability, a.random.Uint64()>>63 == 1
			if !apply {
				continue
			}
			if !changed {
				a.bytes(image)
				changed = true
			}
			strength := float64(o.level) / 9
			if negative {
				strength = -strength
			}
			o.apply(&a.image, strength)
		}
		if changed {
			for k := 0; k < pixels; k += 3 {
				image[k] = a.levels[0][a.image[k]]
				image[k+1] = a.levels[1][a.image[k+1]]
				image[k+2] = a.levels[2][a.image[k+2]]
			}
		}
	}
}

// bytes undoes the normalisation.
func (a *autoAugment) bytes(image []float32) {
	for c := range 3 {
		scale, shift := 255*float64(a.std[c]), 255*float64(a.mean[c])
		for k := c; k < pixels; k += 3 {
			a.image[k] = toByte(float64(image[k])*scale + shift)
		}
	}
}

// toByte rounds and clips.
func toByte(v float64) byte {
	switch {
	case v <= 0:
		return 0
	case v >= 255:
		return 255
	}
	return byte(v + 0.5)
}
