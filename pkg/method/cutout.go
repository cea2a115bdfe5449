package method

import "srn/pkg/rng"

// cutout zeroes a square of each image, after normalisation: its centre is
// uniform over the image, so that the square may stick out at the border.
type cutout struct {
	length int
	seed   uint64
	random rng.Rand
}

var cutoutInfo = Info{
	Name:      "cutout",
	Read:      Code,
	Kind:      "batch",
	Formula:   "a square of each image is set to the mean colour",
	Reference: "DeVries & Taylor 2017",
	PaperRow:  "(external protocol of Table 5)",
	Passes:    "1",
	Params:    []Param{number("length", 16, 0, imageSize, "side of the square in pixels").onHundred(8)},
	make: func(o Options, v values) (part, error) {
		return &cutout{length: int(v.number("length")), seed: o.Seed}, nil
	},
}

var cutoutStream = rng.Stream("cutout")

func (c *cutout) change(s *Step, b *batch) {
	for i := range b.n {
		c.random.Reset(c.seed, cutoutStream, uint64(s.Number), uint64(i))
		y, x := c.random.IntN(imageSize)-c.length/2, c.random.IntN(imageSize)-c.length/2
		fillRectangle(b.image(i), max(y, 0), max(x, 0), min(y+c.length, imageSize), min(x+c.length, imageSize),
			func(int) float32 { return 0 })
	}
}
