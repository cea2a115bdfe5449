package curvature

import (
	"fmt"
	"iter"
	"slices"
)

// Loss is a mean loss over a batch of examples, with exact products by its
// Hessian or by another matrix that is a mean over examples.
type Loss interface {
	// Dim is the number of parameters.
	Dim() int
	// Batch is the largest number of examples of a batch.
	Batch() int
	// Load makes the examples the batch, and returns the sum of their losses.
	Load(examples []int32) (sum float64, err error)
	// HVP computes dst = H·v for the matrix H of the mean over the batch.
	HVP(dst, v []float32) error
}

// Hessian is the Hessian (or the matrix that the [Loss] puts in its place, see
// [GaussNewton] and [Fisher]) of the mean loss over a set of examples of any size:
// the sum of the examples' losses divided by their number, never the mean of
// batches' means, so that it does not depend on how the set is cut into
// batches (unless the loss itself looks at the whole batch, as batch
// normalisation in training mode does). Batches are summed in float64.
type Hessian struct {
	loss     Loss
	examples []int32
	loaded   bool        // the one batch is
	sums     [][]float64 // one for each vector of a product
	part     []float32
	mean     float64
	most     int // examples of a batch, if above 0 and fewer than the loss's

	// OnBatch, if set, is told how many examples a product has just taken in;
	// its error ends the product, or all that are computed together.
	OnBatch func(examples int) error
}

// NewHessian returns the operator at the loss's present parameters. The
// examples are indices that the loss understands, in the order in which they
// are cut into batches.
func NewHessian(loss Loss, examples []int32) (*Hessian, error) {
	if len(examples) == 0 {
		return nil, fmt.Errorf("a mean loss needs at least one example")
	}
	return &Hessian{
		loss: loss, examples: examples, part: make([]float32, loss.Dim()),
	}, nil
}

// Dim is the number of parameters.
func (h *Hessian) Dim() int { return h.loss.Dim() }

// LowerBound is the loss's.
func (h *Hessian) LowerBound() float64 { return lowerBound(h.loss) }

// Loss is the mean loss over the examples, known after a product.
func (h *Hessian) Loss() float64 { return h.mean }

// Apply computes dst = H·v exactly (no finite differences).
func (h *Hessian) Apply(dst, v []float32) error {
	return h.ApplyAll([][]float32{dst}, [][]float32{v})
}

// ApplyAll computes the products of several vectors. Each batch is run forward
// and backward once for all of them, which is a third of the work of a single
// product.
func (h *Hessian) ApplyAll(dst, v [][]float32) error {
	if len(h.examples) <= h.batch() {
		return h.applyWhole(dst, v)
	}
	for len(h.sums) < len(v) {
		h.sums = append(h.sums, make([]float64, h.loss.Dim()))
	}
	for i := range v {
		clear(h.sums[i])
	}
	var loss float64
	for part := range h.batches() {
		sum, err := h.load(part)
		if err != nil {
			return err
		}
		loss += sum
		for i := range v {
			if err := h.loss.HVP(h.part, v[i]); err != nil {
				return err
			}
			axpy(h.sums[i], float64(len(part)), h.part)
			if err := h.told(len(part)); err != nil {
				return err
			}
		}
	}
	n := float64(len(h.examples))
	h.mean = loss / n
	for i := range v {
		narrow(dst[i], h.sums[i], n)
	}
	return nil
}

// batch is the largest number of examples of a batch.
func (h *Hessian) batch() int {
	if h.most > 0 {
		return min(h.most, h.loss.Batch())
	}
	return h.loss.Batch()
}

// batches cuts the examples.
func (h *Hessian) batches() iter.Seq[[]int32] { return slices.Chunk(h.examples, h.batch()) }

// applyWhole keeps what the one batch left for the next product.
func (h *Hessian) applyWhole(dst, v [][]float32) error {
	if !h.loaded {
		sum, err := h.load(h.examples)
		if err != nil {
			return err
		}
		h.mean = sum / float64(len(h.examples))
		h.loaded = true
	}
	for i := range v {
		if err := h.loss.HVP(dst[i], v[i]); err != nil {
			return err
		}
		if err := h.told(len(h.examples)); err != nil {
			return err
		}
	}
	return nil
}

func (h *Hessian) load(examples []int32) (float64, error) {
	sum, err := h.loss.Load(examples)
	if err == nil && !finite(sum) {
		err = ErrNotFinite
	}
	return sum, err
}

func (h *Hessian) told(examples int) error {
	if h.OnBatch == nil {
		return nil
	}
	return h.OnBatch(examples)
}
