package method

import (
	"math"

	"srn/pkg/rng"
)

// Both functions apply an operation by its name and level; what its level
// means is where implementations differ. Which of two directions an operation
// takes is drawn.

// authors is the operation as the authors' program has it: levels are tenths
// of the largest strength, those in whole numbers cut off. Operations that go
// through the mode RGB make the picture opaque.
func (p *picture) authors(o operation, r *rng.Rand) {
	whole := func(most int) int { return o.level * most / 10 }
	part := func(most float64) float64 { return float64(o.level) * most / 10 }
	sign := 1.0
	if r.Uint64()>>63 == 1 {
		sign = -1
	}
	factor := float32(part(1.8) + 0.1)
	switch o.name {
	case "AutoContrast":
		p.autoContrast()
		p.opaque()
	case "Equalize":
		p.equalize()
		p.opaque()
	case "Invert":
		p.invert()
		p.opaque()
	case "Posterize":
		p.posterize(4 - whole(4))
		p.opaque()
	case "Solarize":
		p.solarize(float64(256 - whole(256)))
		p.opaque()
	case "Rotate":
		p.rotate(sign * float64(whole(30)))
	case "ShearX":
		p.shear(sign*part(0.3), 0)
	case "ShearY":
		p.shear(0, sign*part(0.3))
	case "TranslateX":
		p.translate(sign*float64(whole(10)), 0)
	case "TranslateY":
		p.translate(0, sign*float64(whole(10)))
	case "Cutout":
		if side := whole(20); side > 0 {
			p.cutOut(r.IntN(imageSize), r.IntN(imageSize), side)
		}
	default:
		p.enhance(o.name, factor)
	}
}

// torchvision is the operation as torchvision has it: levels are ninths of the
// largest strength, in single precision, and colour operations have a
// direction, too.
func (p *picture) torchvision(o operation, r *rng.Rand) {
	sign := 1.0
	if r.Uint64()>>63 == 1 {
		sign = -1
	}
	signed := func(most float64) float64 { return sign * spread(0, most, o.level) }
	switch o.name {
	case "AutoContrast":
		p.autoContrast()
	case "Equalize":
		p.equalize()
	case "Invert":
		p.invert()
	case "Posterize":
		p.posterize(8 - int(math.RoundToEven(float64(o.level)*4/9)))
	case "Solarize":
		p.solarize(spread(255, 0, o.level))
	case "Rotate":
		p.rotate(signed(30))
	case "ShearX":
		p.shear(signed(0.3), 0)
	case "ShearY":
		p.shear(0, signed(0.3))
	case "TranslateX":
		p.translate(-math.Trunc(signed(150./331*imageSize)), 0)
	case "TranslateY":
		p.translate(0, -math.Trunc(signed(150./331*imageSize)))
	default:
		p.enhance(o.name, float32(1+signed(0.9)))
	}
}

// spread is a level's value where ten are spread evenly from the first to the
// last, each half counted from its end, in single precision.
func spread(first, last float64, level int) float64 {
	a, b := float32(first), float32(last)
	step := (b - a) / 9
	if level < 5 {
		return float64(a + float32(step*float32(level)))
	}
	return float64(b - float32(step*float32(9-level)))
}

// enhance is one of the blends.
func (p *picture) enhance(name string, factor float32) {
	switch name {
	case "Color":
		p.color(factor)
	case "Contrast":
		p.contrast(factor)
	case "Brightness":
		p.brightness(factor)
	case "Sharpness":
		p.sharpness(factor)
	default:
		panic("method: no operation " + name)
	}
}
