// Package evaluate scores a classifier's predictions: accuracy, loss,
// calibration, confusion.
package evaluate

import (
	"errors"
	"fmt"
	"math"
)

// Bins is the number of confidence bins of the calibration error, of equal
// width, as in Guo et al. 2017 (section 2): bin m holds (m/15, (m+1)/15].
const Bins = 15

// ErrNotFinite says that a logit is NaN or infinite: the network has diverged.
var ErrNotFinite = errors.New("the network's outputs are not finite (NaN or Inf): it has diverged")

// Score accumulates predictions in float64.
type Score struct {
	classes int
	n       int64
	top1    int64
	top5    int64
	loss    float64
	bins    [Bins]bin
	matrix  []int64 // true class × predicted class

	p []float64
}

type bin struct {
	n, correct int64
	confidence float64
}

// NewScore scores predictions among a number of classes.
func NewScore(classes int) *Score {
	return &Score{classes: classes, matrix: make([]int64, classes*classes), p: make([]float64, classes)}
}

// Add takes logits, one row of classes for each label. Of equal logits the
// lower class counts as the larger.
func (s *Score) Add(logits []float32, labels []int32) error {
	if len(logits) != len(labels)*s.classes {
		return fmt.Errorf("%d logits for %d labels of %d classes", len(logits), len(labels), s.classes)
	}
	for i, label := range labels {
		if label < 0 || int(label) >= s.classes {
			return fmt.Errorf("label %d lies outside the %d classes", label, s.classes)
		}
		if err := s.add(logits[i*s.classes:(i+1)*s.classes], int(label)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Score) add(z []float32, label int) error {
	best, rank := 0, 0
	for k, v := range z {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return ErrNotFinite
		}
		if v > z[best] {
			best = k
		}
		if v > z[label] || v == z[label] && k < label {
			rank++
		}
	}
	// log softmax with the largest logit taken out, so that nothing overflows.
	var sum float64
	for k, v := range z {
		s.p[k] = float64(v) - float64(z[best])
		sum += math.Exp(s.p[k])
	}
	s.loss += math.Log(sum) - s.p[label]
	confidence := 1 / sum

	s.n++
	s.matrix[label*s.classes+best]++
	b := &s.bins[max(0, min(Bins-1, int(math.Ceil(confidence*Bins))-1))]
	b.n++
	b.confidence += confidence
	if best == label {
		s.top1++
		b.correct++
	}
	if rank < 5 {
		s.top5++
	}
	return nil
}

// Result is what [Score] found. Fractions run from 0 to 1.
type Result struct {
	N    int     // examples
	Top1 float64 // fraction whose largest logit is the label's
	Top5 float64 // fraction whose label is among the five largest logits
	Loss float64 // mean cross-entropy, in nats
	// ECE is the expected calibration error over [Bins] bins of confidence:
	// Σ_m (n_m/n)·|accuracy_m − mean confidence_m|.
	ECE float64
	// PerClassTop1 is the accuracy among the examples of each class, NaN for
	// a class without any.
	PerClassTop1 []float64
	// Confusion counts examples by true class (row) and predicted class.
	Confusion [][]int64
}

// Result returns the score of all that was added; of nothing, an error.
func (s *Score) Result() (Result, error) {
	if s.n == 0 {
		return Result{}, errors.New("no examples to score")
	}
	n := float64(s.n)
	r := Result{N: int(s.n), Top1: float64(s.top1) / n, Top5: float64(s.top5) / n, Loss: s.loss / n}
	for _, b := range s.bins {
		r.ECE += math.Abs(float64(b.correct)-b.confidence) / n
	}
	for k := range s.classes {
		row := append([]int64(nil), s.matrix[k*s.classes:(k+1)*s.classes]...)
		var total int64
		for _, c := range row {
			total += c
		}
		r.Confusion = append(r.Confusion, row)
		r.PerClassTop1 = append(r.PerClassTop1, float64(row[k])/float64(total))
	}
	return r, nil
}
