package method

import (
	"math"

	"srn/pkg/rng"
)

// randomErasing fills a random rectangle of an image with probability p: its
// area is uniform in [0.02, 0.4] of the image's and its aspect ratio in
// [0.3, 1/0.3], its corner uniform where it fits.
type randomErasing struct {
	probability float64
	fill        string
	maxArea     float64
	mean        [3]float32
	seed        uint64
	random      rng.Rand
}

var randomErasingInfo = Info{
	Name:      "random-erasing",
	Read:      Code,
	Kind:      "batch",
	Formula:   "a random rectangle of an image is filled, with probability p",
	Reference: "Zhong, Zheng, Kang, Li & Yang 2020",
	PaperRow:  "Random Erasing",
	Passes:    "1",
	Params: []Param{
		number("p", 0.5, 0, 1, "probability for each image"),
		number("max-area", 0.4, 0.02, 1, "largest area, as a fraction of the image's"),
		word("fill", "ref: the data set's mean colour put in after normalisation, as the authors' code does; zero: the mean colour itself; noise: standard normal", "ref", "zero", "noise"),
	},
	Notes: []string{
		"The authors' code draws the aspect ratio uniformly, not its logarithm, and so does this.",
		"fill=ref is about half a standard deviation above the mean colour, not grey: an accident of the authors' code that the published numbers have in them.",
	},
	make: func(o Options, v values) (part, error) {
		return &randomErasing{probability: v.number("p"), fill: v.word("fill"), maxArea: v.number("max-area"), mean: o.Mean, seed: o.Seed}, nil
	},
}

var erasingStream = rng.Stream("random-erasing")

func (e *randomErasing) change(s *Step, b *batch) {
	for i := range b.n {
		e.random.Reset(e.seed, erasingStream, uint64(s.Number), uint64(i))
		if e.random.Float64() >= e.probability {
			continue
		}
		if y, x, h, w, ok := e.rectangle(); ok {
			fillRectangle(b.image(i), y, x, y+h, x+w, e.colour)
		}
	}
}

// rectangle draws corner and size; of 100 that do not fit it gives up.
func (e *randomErasing) rectangle() (y, x, h, w int, ok bool) {
	r := &e.random
	for range 100 {
		area := (0.02 + (e.maxArea-0.02)*r.Float64()) * imageSize * imageSize
		aspect := 0.3 + (1/0.3-0.3)*r.Float64()
		h, w = int(math.Round(math.Sqrt(area*aspect))), int(math.Round(math.Sqrt(area/aspect)))
		if h < imageSize && w < imageSize {
			return r.IntN(imageSize - h + 1), r.IntN(imageSize - w + 1), h, w, true
		}
	}
	return 0, 0, 0, 0, false
}

func (e *randomErasing) colour(channel int) float32 {
	switch e.fill {
	case "ref":
		return e.mean[channel]
	case "noise":
		return float32(e.random.NormFloat64())
	}
	return 0
}

// fillRectangle fills rows y0 to y1-1, columns x0 to x1-1, of an image.
func fillRectangle(image []float32, y0, x0, y1, x1 int, colour func(channel int) float32) {
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			for c := range 3 {
				image[(y*imageSize+x)*3+c] = colour(c)
			}
		}
	}
}
