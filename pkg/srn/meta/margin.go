package meta

import (
	"math"

	"srn/pkg/run"
)

// MarginConfig says what the classification margin 𝓜 of a set of images is.
type MarginConfig struct {
	Margin      string  `json:"margin" enum:"correct,smooth,clamped,plain" default:"correct" placeholder:"KIND" help:"Margin 𝓜 of a set: mean of z_y − max z_j over correctly classified images, the same of the smoothed margin 𝓜_τ, the mean over all images, or that mean without a floor, Eq. 15 to the letter: correct, smooth, clamped, plain (${default})." why:"the plain mean over all images is at most 0.1 through early training and can be negative, so that 1/𝓜 explodes or changes its sign"`
	MarginFloor float64 `json:"margin_floor" default:"0.1" placeholder:"X" help:"Smallest 𝓜, in logits, but with --margin plain (${default})." why:"bounds 1/𝓜 by 10, the scale of r_max"`
	MarginTau   float64 `json:"margin_tau" default:"1" placeholder:"X" help:"Temperature τ of the smoothed margin (${default})." why:"appendix A.1.3 asks for τ of at least 1; the limit of a large τ is the plain margin"`
}

// Check returns an error that names the first field that cannot be.
func (c MarginConfig) Check() error {
	switch {
	case !(c.MarginFloor > 0) || math.IsInf(c.MarginFloor, 0):
		return run.Refuse("margin_floor", "%g is not above 0", c.MarginFloor)
	case !(c.MarginTau >= 1) || math.IsInf(c.MarginTau, 0):
		return run.Refuse("margin_tau", "%g is below 1", c.MarginTau)
	}
	return run.OneOf("margin", c.Margin, "correct", "smooth", "clamped", "plain")
}

// Margin is the margin of a set of images.
type Margin struct {
	Value   float64 // 𝓜, at least the floor unless the margin is plain
	Floored bool    // the floor holds it
	Top1    float64 // fraction correctly classified
	// BelowFloor is the fraction of images whose own margin is below the floor.
	BelowFloor float64
	counted    int // images that the mean is over
}

// Measure computes the margin from logits, images × classes.
func (c MarginConfig) Measure(logits []float32, labels []int32) Margin {
	classes := len(logits) / len(labels)
	var m Margin
	var sum float64
	correct, below := 0, 0
	for i, y := range labels {
		z := logits[i*classes : (i+1)*classes]
		rival, plain, smooth := c.margins(z, int(y))
		if plain > 0 || plain == 0 && int(y) < rival { // as argmax decides ties
			correct++
		}
		if !(plain >= c.MarginFloor) {
			below++
		}
		if c.counts(plain) {
			m.counted++
			if c.Margin == "smooth" {
				sum += smooth
			} else {
				sum += plain
			}
		}
	}
	m.Top1 = float64(correct) / float64(len(labels))
	m.BelowFloor = float64(below) / float64(len(labels))
	m.Value = sum / float64(max(m.counted, 1))
	if m.Value < c.MarginFloor && c.Margin != "plain" { // a NaN passes, to be noticed
		m.Value, m.Floored = c.MarginFloor, true
	}
	return m
}

// counts says whether an image of that margin enters the mean.
func (c MarginConfig) counts(plain float64) bool {
	return c.Margin == "clamped" || c.Margin == "plain" || plain > 0 || plain != plain
}

// margins returns the strongest rival of a label and the label's margins.
func (c MarginConfig) margins(z []float32, y int) (rival int, plain, smooth float64) {
	rival = -1
	for j, v := range z {
		if j != y && (rival < 0 || v > z[rival]) {
			rival = j
		}
	}
	top := float64(z[rival])
	plain = float64(z[y]) - top
	sum := 0.0
	for j, v := range z {
		if j != y {
			sum += math.Exp(c.MarginTau * (float64(v) - top))
		}
	}
	return rival, plain, plain - math.Log(sum)/c.MarginTau
}

// addGrad adds scale·∂𝓜/∂logits to a gradient in the logits, given the whole
// set's margin.
func (c MarginConfig) addGrad(grad, logits []float32, labels []int32, m Margin, scale float64) {
	if m.Floored || m.counted == 0 {
		return
	}
	classes := len(logits) / len(labels)
	scale /= float64(m.counted)
	for i, y := range labels {
		z, g := logits[i*classes:(i+1)*classes], grad[i*classes:(i+1)*classes]
		rival, plain, _ := c.margins(z, int(y))
		if !c.counts(plain) {
			continue
		}
		g[y] += float32(scale)
		if c.Margin != "smooth" {
			g[rival] -= float32(scale)
			continue
		}
		sum := 0.0
		for j, v := range z {
			if j != int(y) {
				sum += math.Exp(c.MarginTau * float64(v-z[rival]))
			}
		}
		for j, v := range z {
			if j != int(y) {
				g[j] -= float32(scale * math.Exp(c.MarginTau*float64(v-z[rival])) / sum)
			}
		}
	}
}
