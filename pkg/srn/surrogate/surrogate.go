package surrogate

import (
	"fmt"

	"srn/pkg/artifact"
	"srn/pkg/device"
	"srn/pkg/nn"
)

// Surrogate guides the training of a classifier with parameters Θ by a vector
// like Θ, the guidance h. It has parameters φ of its own, which meta-training
// fits. A [Scorer] has h = ∇_Θ r of a score r(Θ;φ); a [Dictionary] composes h
// from what it sees of the training.
type Surrogate interface {
	Configuration() Config
	Layout() nn.Layout // of φ
	Target() nn.Layout // of Θ
	Phi() []float32    // a copy
	SetPhi([]float32)
	Init(seed uint64) // draws φ

	// ReadsPath says that h depends on how training came to be where it is,
	// so that it cannot be used again at the next step.
	ReadsPath() bool
	// Guide writes h at a point; what it returns says with which factor.
	Guide(h device.Buffer, at Point) Value
	// VJP computes the gradient of ⟨Value.Slope·h, u⟩ in φ, and adds that in
	// the point's vectors to those of into that are not nil.
	VJP(at Point, u device.Buffer, into Point) PhiGrad
	// ShuffleLayers makes the control in which each tensor of Θ, by its place
	// in the target's layout, is guided by what was meant for another.
	ShuffleLayers(order []int)

	// Influence starts a sum over the steps to come.
	Influence(decay float64) Influence
}

// Point is where a training stands before a step, or a vector for each of
// what makes it up.
type Point struct {
	Params   device.Buffer // Θ
	Grad     device.Buffer // of the task loss in Θ
	Velocity device.Buffer // of the momentum, before the step
	Start    device.Buffer // Θ at the beginning
	Average  device.Buffer // exponential moving average of Θ
}

// PhiGrad is a gradient in φ.
type PhiGrad []float64

// Influence is a sum over past steps, weighted by a power of a decay for each
// step since, of how φ moves the guidance: Σ_t decay^(T−t)·∂h_t/∂φ.
type Influence interface {
	// Add takes in a step from a point, where fresh says that h was computed
	// there and not used again.
	Add(at Point, fresh bool)
	// Pull multiplies v by the transposed sum.
	Pull(v device.Buffer) PhiGrad
	// State returns the sum so far, and Restore takes it back. Path is the file's
	// name for the error, an *artifact.FormatError.
	State() []artifact.Tensor
	Restore(f *artifact.File, path string) error
}

// New makes a surrogate of networks with a layout; φ is zero until Init or
// SetPhi.
func New(be device.Backend, c Config, layout nn.Layout) (Surrogate, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Surrogate == "dictionary" {
		return newDictionary(be, c, layout), nil
	}
	return NewScorer(be, c, layout)
}

// base is φ and what it is for.
type base struct {
	Config
	be     device.Backend
	layout nn.Layout // of φ
	target nn.Layout // of Θ
	phi    []float32
}

func (b *base) Configuration() Config { return b.Config }
func (b *base) Layout() nn.Layout     { return b.layout }
func (b *base) Target() nn.Layout     { return b.target }
func (b *base) Phi() []float32        { return append([]float32(nil), b.phi...) }

func (b *base) setPhi(phi []float32) {
	if len(phi) != len(b.phi) {
		panic(fmt.Sprintf("surrogate: %d values for φ, which has %d", len(phi), len(b.phi)))
	}
	copy(b.phi, phi)
}
