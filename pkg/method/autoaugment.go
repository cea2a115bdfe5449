package method

import (
	_ "embed" // tables of sub-policies
	"fmt"
	"strings"

	"srn/pkg/device"
	"srn/pkg/rng"
)

// autoAugment applies to each image one of its policy's sub-policies: two
// operations, each with its probability and level, in order. It works on the
// image in the data set's bytes; crop and flip come after it.
type autoAugment struct {
	policy  []subPolicy
	operate func(p *picture, o operation, r *rng.Rand)
	colour  bool // a pixel from outside is the mean colour; else it is as rendered
	seed    uint64
	random  rng.Rand
	image   picture
	levels  [3][256]float32 // normalised values of bytes, by channel
}

var autoAugmentInfo = Info{
	Name:      "autoaugment",
	Read:      Code,
	Kind:      "batch",
	Formula:   "two operations on each image, by one of the sub-policies for CIFAR-10",
	Reference: "Cubuk, Zoph, Mané, Vasudevan & Le 2019",
	PaperRow:  "(external protocol of Table 5)",
	Passes:    "1",
	Params: []Param{
		word("policy", "authors: the 95 sub-policies of the authors' program, and its operations; table: the 25 of the publication's table, with these operations; torchvision: the 25 of the table, with torchvision's operations", "authors", "table", "torchvision"),
	},
	Notes: []string{
		"The policy found for CIFAR-10, used for CIFAR-100 too, as the original does.",
		"Operations are those of the authors' program or of torchvision, byte for byte as Pillow renders them. They differ: levels are tenths of the range in the one and ninths in the other, so that translation at level 9 is by 9 and by 14 pixels; posterize keeps 4 − ⌊0.4·level⌋ bits in the one and 8 − 4/9·level, rounded, in the other; of colour operations the one takes factors from 0.1 to 1.72, the other 1 ± up to 0.9. From outside comes the mean colour in the one, unless a later operation drops the alpha channel, and black in the other.",
		"The policy comes before crop and flip, as in the authors' program, whatever the order in the method's name. Crops are by −4 to 4 pixels; in the authors' program by −4 to 3.",
		"The authors' program cuts bytes off on their way through normalisation and back, which lowers 58 of the 768 values by 1; this does not.",
		"Give cutout after it: autoaugment+cutout+label-smoothing. The authors' program itself has a cutout of 16 pixels after its policy.",
	},
	make: func(o Options, v values) (part, error) {
		a := &autoAugment{seed: o.Seed, operate: (*picture).authors, colour: true, policy: policyOfTable}
		switch v.word("policy") {
		case "authors":
			a.policy = policyOfAuthors
		case "torchvision":
			a.operate, a.colour = (*picture).torchvision, false
		}
		for c := range a.levels {
			for v := range a.levels[c] {
				a.levels[c][v] = (float32(v)/255 - o.Mean[c]) / o.Std[c]
			}
		}
		return a, nil
	},
}

// operation is one of a sub-policy.
type operation struct {
	name        string
	probability float64
	level       int // 0 to 9
}

type subPolicy [2]operation

//go:embed policies-authors.txt
var authorsText string

//go:embed policies-table.txt
var tableText string

var policyOfAuthors, policyOfTable = parsePolicy(authorsText), parsePolicy(tableText)

// parsePolicy reads lines of NAME PROBABILITY LEVEL, twice.
func parsePolicy(text string) (list []subPolicy) {
	for line := range strings.Lines(text) {
		var s subPolicy
		a, b := &s[0], &s[1]
		if _, err := fmt.Sscan(line, &a.name, &a.probability, &a.level, &b.name, &b.probability, &b.level); err != nil {
			panic("method: " + line + err.Error())
		}
		list = append(list, s)
	}
	return list
}

var autoAugmentStream = rng.Stream("autoaugment")

// redraws implements redrawing.
func (a *autoAugment) redraws() {}

func (a *autoAugment) change(s *Step, b *batch) {
	for i := range b.n {
		a.random.Reset(a.seed, autoAugmentStream, uint64(s.Number), uint64(i))
		changed := false
		for _, o := range a.policy[a.random.IntN(len(a.policy))] {
			if a.random.Float64() >= o.probability {
				continue
			}
			if !changed {
				copy(a.image.pixels[:], s.Source.Pixels[int(s.Picks[i].Index)*pixels:][:pixels])
				a.image.opaque()
				changed = true
			}
			a.operate(&a.image, o, &a.random)
		}
		if changed {
			a.render(b.image(i), s.Picks[i])
		}
	}
}

// render crops, mirrors and normalises the picture as the loader does.
func (a *autoAugment) render(to []float32, pick device.Pick) {
	for y := range imageSize {
		for x := range imageSize {
			dst := to[3*(y*imageSize+x):][:3]
			sy, sx := y+int(pick.DY), x
			if pick.Flip {
				sx = imageSize - 1 - x
			}
			sx += int(pick.DX)
			at := sy*imageSize + sx
			if uint(sy) >= imageSize || uint(sx) >= imageSize || a.colour && a.image.outside[at] {
				clear(dst)
				continue
			}
			for c, v := range a.image.pixels[3*at:][:3] {
				dst[c] = a.levels[c][v]
			}
		}
	}
}
