package train

import (
	"math"

	"srn/pkg/artifact"
)

// tally adds up an epoch's figures.
type tally struct {
	images, correct, steps float64
	loss, gradNorm         float64
}

func (t *tally) tensor() artifact.Tensor {
	return artifact.Float64("state.tally", []int{5}, []float64{t.images, t.correct, t.steps, t.loss, t.gradNorm})
}

func (t *tally) restore(v []float64) {
	t.images, t.correct, t.steps, t.loss, t.gradNorm = v[0], v[1], v[2], v[3], v[4]
}

// add takes one step's losses and logits. It reports whether all are finite.
func (t *tally) add(losses, logits []float32, labels []int32, classes int, gradNorm float64) bool {
	for i, l := range losses {
		t.loss += float64(l)
		row := logits[i*classes:][:classes]
		best := 0
		for k, v := range row {
			if v > row[best] {
				best = k
			}
		}
		if best == int(labels[i]) {
			t.correct++
		}
	}
	t.images += float64(len(losses))
	t.steps++
	t.gradNorm += gradNorm
	sum := t.loss + gradNorm
	return !math.IsNaN(sum) && !math.IsInf(sum, 0)
}
