package curvature

import (
	"fmt"
	"math"
	"slices"

	"srn/pkg/nn"
	"srn/pkg/rng"
)

// Verdict is what a check ends with.
type Verdict string

const (
	Passed       Verdict = "passed"
	Failed       Verdict = "failed"
	Inconclusive Verdict = "inconclusive" // nothing is wrong, but not all could be tested
)

const (
	// SymmetryTolerance bounds [Check.Symmetry]. Float32 products are
	// symmetric to some 1e-7; those of a wrong derivative are not.
	SymmetryTolerance = 1e-4
	// PartsTolerance bounds [Check.Parts].
	PartsTolerance = 1e-4
	// FaultTolerance is the least fault, relative to a tensor's rows of a product,
	// that a check looks for. Float32 products are right to 1e-5.
	FaultTolerance = 1e-3
	// DifferenceTolerance is the least fault, relative to a tensor's rows of
	// (H−G)v, that a check looks for.
	DifferenceTolerance = 0.05
	// LargestFault is the largest fault that a check which passes may have missed.
	LargestFault = 1e-2
	// CheckExamples is how many examples are compared in float64, at the most.
	CheckExamples = 4
)

const (
	checkCandidates = 16   // examples, or sets of them, out of which they are chosen
	checkDirections = 2    // random vectors that are multiplied
	magnified       = 8    // by how much rounding in all layers exceeds that of the parameters
	insignificant   = 1e-6 // of a whole product: what a tensor's rows may be and say nothing
	singleError     = 1e-4 // of a tensor's rows: more than float32 products are off
	underflow       = 1e-30
)

// Check is what [Hessian.Check] found.
type Check struct {
	Verdict Verdict
	Reason  string // of a verdict other than Passed

	// Symmetry is |uᵀAv − vᵀAu| / (‖u‖·‖Av‖).
	Symmetry float64
	// Parts is ‖Av − A′v‖/‖Av‖ where A′v is the same product with the examples cut
	// into other batches; NaN where batches are part of the matrix.
	Parts float64
	// Deterministic says that the same product twice gave the same bits.
	Deterministic bool
	// Tensors compares products over Examples with float64, tensor by tensor.
	Tensors  []TensorCheck
	Examples int
	// Smallest is the smallest fault, relative to its rows of a product, that
	// would have been seen in every tensor.
	Smallest float64
	// SmallestDifference is the smallest fault, relative to the rows of (H−G)v, the
	// part of the Hessian's product that is not the Gauss–Newton matrix's, that
	// would have been seen in every tensor of which Told counts how many show it;
	// NaN where none does, and for other matrices.
	SmallestDifference float64
	Told               int
	// Products is how many the check took of all examples.
	Products int
}

// TensorCheck compares the rows of products that belong to one parameter tensor.
// All are Euclidean norms, of the worse of the directions.
type TensorCheck struct {
	Name       string
	Size       float64 // of the product
	Deviation  float64 // of the float32 product from it
	Noise      float64 // what rounding may make of it
	Difference float64 // of (H−G)v; NaN for other matrices
}

// limit is the deviation beyond which the rows are wrong.
func (t TensorCheck) limit() float64 { return FaultTolerance*t.Size + t.Noise }

// limitOfDifference is the deviation beyond which the rows of (H−G)v are.
func (t TensorCheck) limitOfDifference() float64 {
	return DifferenceTolerance*t.Difference + singleError*t.Size + t.Noise
}

// tells says whether rows show the difference between H and G.
func (t TensorCheck) tells() bool { return t.limitOfDifference() < t.Difference/2 }

// Check tests products over all examples for symmetry, equal bits when repeated,
// and independence of batches; and over a few examples it compares them, tensor
// by tensor, with a reference in float64 that differentiates gradients. The
// examples are those with large losses among ones where no unit of a ReLU is
// within rounding of zero, as far as there are any. A reference is of the
// network, parameters, images and matrix of the Hessian.
func (h *Hessian) Check(reference *Reference, seed uint64) (*Check, error) {
	c := &Check{Parts: math.NaN()}
	if err := h.checkWhole(c, reference.mode, seed); err != nil {
		return nil, err
	}
	defer func() { h.loaded = false }() // the batch that the loss holds is another
	if err := h.compare(c, reference, seed); err != nil {
		return nil, err
	}
	c.judge()
	return c, nil
}

// checkWhole tests what needs no reference. The directions are random ones
// multiplied once: along them, as along the vectors that algorithms end with,
// products are large, so that errors cannot hide in ‖u‖·‖Av‖.
func (h *Hessian) checkWhole(c *Check, mode nn.Mode, seed uint64) error {
	product := func(of []float32) ([]float32, []float64, error) {
		c.Products++
		image, wide := make([]float32, h.Dim()), make([]float64, h.Dim())
		err := h.Apply(image, of)
		widen(wide, image)
		if err == nil && !finite(norm(wide)) {
			err = ErrNotFinite
		}
		return image, wide, err
	}
	var u, v []float32
	for i, x := range []*[]float32{&u, &v} {
		wide := make([]float64, h.Dim())
		gaussian(wide, seed, uint64(i))
		*x = make([]float32, h.Dim())
		narrow(*x, wide, norm(wide))
		_, wide, err := product(*x)
		if err != nil {
			return err
		}
		if size := norm(wide); size > underflow {
			narrow(*x, wide, size)
		}
	}
	_, au, err := product(u)
	if err != nil {
		return err
	}
	image, av, err := product(v)
	if err != nil {
		return err
	}
	again, _, err := product(v)
	if err != nil {
		return err
	}
	c.Deterministic = slices.Equal(image, again)
	c.Symmetry = relative(math.Abs(dot(u, av)-dot(v, au)), norm(av))
	if mode != nn.Eval || len(h.examples) < 2 {
		return nil
	}
	other := Hessian{loss: h.loss, examples: h.examples, part: h.part, OnBatch: h.OnBatch, most: (min(h.loss.Batch(), len(h.examples)) + 1) / 2}
	h.loaded = false
	if err := other.Apply(again, v); err != nil {
		return err
	}
	c.Products++
	size := norm(av)
	axpy(av, -1, again)
	c.Parts = relative(norm(av), size)
	return nil
}

// compare takes products over a few examples beside the reference's.
func (h *Hessian) compare(c *Check, reference *Reference, seed uint64) error {
	examples, clean := h.choose(reference, seed)
	c.Examples = len(examples)
	layout := reference.net.Layout()
	for _, p := range layout {
		c.Tensors = append(c.Tensors, TensorCheck{Name: p.Name, Difference: math.NaN()})
	}
	v, found := make([]float32, h.Dim()), make([]float32, h.Dim())
	wide, got := make([]float64, h.Dim()), make([]float64, h.Dim())
	for direction := range uint64(checkDirections) {
		reference.direction(wide, seed, direction)
		narrow(v, wide, 1)
		widen(wide, v)
		if _, err := h.load(examples); err != nil {
			return err
		}
		if err := h.loss.HVP(found, v); err != nil {
			return err
		}
		widen(got, found)
		want, err := reference.product(examples, wide)
		if err != nil {
			c.Tensors, c.Reason = nil, err.Error()
			return nil
		}
		noise, err := reference.noise(examples, wide, want, clean, seed)
		if err != nil {
			return err
		}
		var rest []float64
		if reference.matrix == HessianMatrix {
			if rest, err = reference.as(GGNMatrix).product(examples, wide); err != nil {
				return err
			}
			for i, x := range want {
				rest[i] = x - rest[i]
			}
		}
		for i, x := range want {
			got[i] -= x
		}
		for i, p := range layout {
			part := func(x []float64) float64 { return norm(x[p.Offset:][:p.Len()]) }
			t := TensorCheck{Name: p.Name, Size: part(want), Deviation: part(got), Noise: part(noise), Difference: math.NaN()}
			if rest != nil {
				t.Difference = part(rest)
			}
			if before := c.Tensors[i]; direction == 0 || t.Deviation*before.limit() > before.Deviation*t.limit() {
				c.Tensors[i] = t
			}
		}
	}
	return nil
}

// choose picks the examples to compare, and says whether rounding switches no
// unit on them.
func (h *Hessian) choose(reference *Reference, seed uint64) (examples []int32, clean bool) {
	r := rng.New(seed, rng.Stream("curvature check"), 0)
	list := slices.Clone(h.examples)
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	most := min(CheckExamples, reference.Batch(), h.loss.Batch(), len(list))
	if reference.mode != nn.Eval {
		// Examples depend on one another: whole sets are tried, smaller ones where
		// units of all the larger ones may switch.
		for size := most; size > 0; size /= 2 {
			for at := 0; at+size <= len(list) && at < checkCandidates*size; at += size {
				if ok, _ := reference.clean(list[at:][:size]); ok {
					return list[at:][:size], true
				}
			}
		}
		return list[:most], false
	}
	type candidate struct {
		example int32
		loss    float64
	}
	var found []candidate
	for _, e := range list[:min(checkCandidates, len(list))] {
		if ok, loss := reference.clean([]int32{e}); ok {
			found = append(found, candidate{e, loss})
		}
	}
	if len(found) == 0 {
		return list[:1], false
	}
	slices.SortStableFunc(found, func(a, b candidate) int {
		if a.loss > b.loss {
			return -1
		}
		return 1
	})
	for _, f := range found[:min(most, len(found))] {
		examples = append(examples, f.example)
	}
	return examples, true
}

// judge comes to a verdict.
func (c *Check) judge() {
	var whole float64
	for _, t := range c.Tensors {
		whole = math.Hypot(whole, t.Size)
	}
	var worst string
	blind := c.Reason
	largest, hessian := 0.0, false
	for _, t := range c.Tensors {
		hessian = hessian || !math.IsNaN(t.Difference)
		if t.tells() {
			c.Told++
			largest = max(largest, t.limitOfDifference()/t.Difference)
		}
		switch {
		case worst == "" && t.Deviation > insignificant*whole && t.Deviation > t.limit():
			worst = fmt.Sprintf("rows of %s are off by %.2g of their norm", t.Name, t.Deviation/t.Size)
		case worst == "" && t.tells() && t.Deviation > insignificant*whole && t.Deviation > t.limitOfDifference():
			worst = fmt.Sprintf("rows of %s are off by %.2g of the part that the Gauss–Newton matrix lacks", t.Name, t.Deviation/t.Difference)
		case t.Size <= insignificant*whole: // nothing to see
		default:
			c.Smallest = max(c.Smallest, t.limit()/t.Size)
			if t.limit() > LargestFault*t.Size {
				blind = fmt.Sprintf("rounding may change the rows of %s by %.2g of their norm", t.Name, t.Noise/t.Size)
			}
		}
	}
	c.SmallestDifference = math.NaN()
	if c.Told > 0 {
		c.SmallestDifference = largest
	} else if hessian && blind == "" {
		blind = "the Hessian and the Gauss–Newton matrix differ by no more than rounding on these examples"
	}
	if whole <= underflow {
		worst = ""
	}
	switch {
	case !c.Deterministic:
		c.Verdict, c.Reason = Failed, "the same product twice has other bits"
	case c.Symmetry > SymmetryTolerance:
		c.Verdict, c.Reason = Failed, fmt.Sprintf("products are not symmetric, by %.2g", c.Symmetry)
	case c.Parts > PartsTolerance:
		c.Verdict, c.Reason = Failed, fmt.Sprintf("other batches give another product, by %.2g", c.Parts)
	case worst != "":
		c.Verdict, c.Reason = Failed, worst
	case whole <= underflow:
		c.Verdict = Inconclusive
		if c.Reason == "" {
			c.Reason = "the matrix of these examples is zero in float32"
		}
	case blind != "":
		c.Verdict, c.Reason = Inconclusive, blind
	default:
		c.Verdict = Passed
	}
}

// relative is a/b, where nothing of nothing is nothing.
func relative(a, b float64) float64 {
	if a == 0 {
		return 0
	}
	return a / b
}
