package method

import (
	"math"

	"srn/pkg/rng"
)

// mixup mixes a batch with a random order of itself:
//
//	x' = λ·x + (1−λ)·x_π,  t' = λ·t + (1−λ)·t_π,  λ ~ Beta(α, α)
//
// with one λ for the batch. Cross-entropy is linear in the targets, so this is
// λ·CE(y) + (1−λ)·CE(y_π).
type mixup struct {
	alpha  float64
	seed   uint64
	random rng.Rand
	other  []float32
}

var mixupInfo = Info{
	Name:      "mixup",
	Read:      Code,
	Kind:      "batch",
	Formula:   "images and targets λ·a + (1−λ)·b, λ ~ Beta(α, α), one λ a batch",
	Reference: "Zhang, Cissé, Dauphin & Lopez-Paz 2018",
	PaperRow:  "Mixup",
	Passes:    "1",
	Params:    []Param{number("alpha", 1, 0, math.Inf(1), "α of the Beta distribution; 0 mixes nothing")},
	Notes:     []string{"train_top1 counts the label of the image that λ weighs, whichever weighs more."},
	make: func(o Options, v values) (part, error) {
		return &mixup{alpha: v.number("alpha"), seed: o.Seed}, nil
	},
}

var mixupStream = rng.Stream("mixup")

func (m *mixup) change(s *Step, b *batch) {
	if m.alpha == 0 {
		return
	}
	m.random.Reset(m.seed, mixupStream, uint64(s.Number))
	lambda := float32(beta(&m.random, m.alpha))
	order := m.random.Perm(b.n)
	m.mix(b.pixels(), order, lambda)
	m.mix(b.labels(), order, lambda)
}

// mix mixes each row with another.
func (m *mixup) mix(rows []float32, order []int, lambda float32) {
	m.other = append(m.other[:0], rows...)
	width := len(rows) / len(order)
	for i, j := range order {
		row, with := rows[i*width:][:width], m.other[j*width:][:width]
		for k, v := range row {
			row[k] = lambda*v + (1-lambda)*with[k]
		}
	}
}

// beta draws from Beta(a, a) as the ratio of two gamma variates.
func beta(r *rng.Rand, a float64) float64 {
	x, y := gamma(r, a), gamma(r, a)
	if x+y == 0 { // both underflow where a is tiny: all mass is at the ends
		return float64(r.Uint64() >> 63)
	}
	return x / (x + y)
}

// gamma draws from the gamma distribution of shape a and scale 1, by
// Marsaglia and Tsang 2000.
func gamma(r *rng.Rand, a float64) float64 {
	boost := 1.0
	if a < 1 {
		boost = math.Pow(1-r.Float64(), 1/a)
		a++
	}
	d := a - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v *= v * v
		if math.Log(1-r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return boost * d * v
		}
	}
}
