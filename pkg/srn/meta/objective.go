package meta

import (
	"math"

	"srn/pkg/artifact"
	"srn/pkg/device"
	"srn/pkg/record"
	"srn/pkg/run"
	"srn/pkg/srn/guidance"
	"srn/pkg/srn/surrogate"
)

// ObjectiveConfig says what the outer updates want of φ, and how they move it.
type ObjectiveConfig struct {
	Objective      string  `json:"objective" enum:"s-meta,hypergradient,gap" default:"s-meta" placeholder:"KIND" help:"What φ is fitted to: s-meta, r to the meta-target (Eq. 6); hypergradient, the loss on validation images after the inner steps; gap, that loss minus the training loss, by the influence of φ on all steps so far: s-meta, hypergradient, gap (${default})." why:"the paper's; the others reward guidance for what it does instead of r for what it says (docs/guidance.md)"`
	Signal         string  `json:"signal" enum:"loss,random,ascent" default:"loss" placeholder:"KIND" help:"With --objective s-meta, what z() has beside the margin: loss, L_val; random, its change |L_val(Θ′+δ) − L_val(Θ′)| of Eq. 5 by a normal δ, new in every round; ascent, the same with δ along ∇L_val: loss, random, ascent (${default})." why:"Eq. 6 has L_val where Eq. 5, which is to justify it, has its change; the paper names no δ"`
	SignalRho      float64 `json:"signal_rho" default:"0.05" placeholder:"X" help:"‖δ‖ of --signal random and ascent (${default})." why:"SAM's ρ for CIFAR-10, a radius in which sharpness is commonly measured"`
	Unroll         int     `json:"unroll" default:"1" placeholder:"N" help:"Inner steps that the hypergradient goes back through; with --mode online also those of a round (${default})." why:"a further step costs a gradient and a Hessian-vector product; one step is what Algorithm 1 has"`
	InfluenceDecay float64 `json:"influence_decay" default:"0.95" placeholder:"X" help:"With --objective gap, what of a step's influence is left a step later (${default})." why:"looks back 20 steps, twice as far as a momentum of 0.9"`
	MetaGrad       string  `json:"meta_grad" enum:"first,unrolled" default:"first" placeholder:"KIND" help:"With --objective s-meta, gradient in φ: at a fixed Θ′, or also through the steps that led from the latest ∇r to Θ′, the task's Hessian left out: first, unrolled (${default})." why:"line 15 of Algorithm 1 does not say; first costs less, and at λ = 1 the path through Θ′ changed φ's way by 1.4% over three rounds of ResNet-8"`
	OuterOptimizer string  `json:"outer_optimizer" enum:"auto,sgd,adam" default:"auto" placeholder:"KIND" help:"Optimiser of φ: auto is sgd for s-meta and adam for the rest: auto, sgd, adam (${default})." why:"Table 1 has SGD; the scale of a hypergradient depends on how strongly φ guides, that of Adam's steps does not"`
	OuterLR        float64 `json:"outer_lr" name:"outer-lr" default:"0" placeholder:"X" help:"Learning rate of φ; 0 is 0.001, for a dictionary 0.01." why:"Table 1; a dictionary has few and larger numbers"`
	OuterAverage   float64 `json:"outer_average" default:"0" placeholder:"X" help:"Freeze the mean of φ over this fraction of the rounds, the last ones; 0 is the last φ alone, with --objective gap two thirds." why:"the paper freezes the last; the gap's gradients are noisy"`
}

// DefaultObjective is the paper's.
func DefaultObjective() ObjectiveConfig {
	return ObjectiveConfig{Objective: "s-meta", Signal: "loss", SignalRho: 0.05, Unroll: 1, InfluenceDecay: 0.95, MetaGrad: "first", OuterOptimizer: "auto"}
}

// Resolve replaces what stands for a default that depends on the rest.
func (c *ObjectiveConfig) Resolve(surrogate string) {
	if c.OuterOptimizer == "auto" {
		c.OuterOptimizer = "adam"
		if c.Objective == "s-meta" {
			c.OuterOptimizer = "sgd"
		}
	}
	if c.OuterLR == 0 {
		c.OuterLR = 0.001
		if surrogate == "dictionary" {
			c.OuterLR = 0.01
		}
	}
	if c.OuterAverage == 0 && c.Objective == "gap" {
		c.OuterAverage = 2. / 3
	}
}

// Check returns an error that names the first field that cannot be.
func (c ObjectiveConfig) Check() error {
	for _, e := range []error{
		run.OneOf("objective", c.Objective, "s-meta", "hypergradient", "gap"),
		run.OneOf("signal", c.Signal, "loss", "random", "ascent"),
		run.OneOf("meta_grad", c.MetaGrad, "first", "unrolled"),
		run.OneOf("outer_optimizer", c.OuterOptimizer, "auto", "sgd", "adam"),
		run.NonNegative("outer_lr", c.OuterLR),
	} {
		if e != nil {
			return e
		}
	}
	switch {
	case c.Unroll < 1 || c.Unroll > 1000:
		return run.Refuse("unroll", "%d steps, want 1 to 1000", c.Unroll)
	case !(c.InfluenceDecay >= 0 && c.InfluenceDecay < 1):
		return run.Refuse("influence_decay", "%g is not from 0 to below 1", c.InfluenceDecay)
	case !(c.OuterAverage >= 0 && c.OuterAverage <= 1):
		return run.Refuse("outer_average", "%g is not from 0 to 1", c.OuterAverage)
	case !(c.SignalRho > 0) || math.IsInf(c.SignalRho, 0):
		return run.Refuse("signal_rho", "%g is not above 0", c.SignalRho)
	case c.Signal != "loss" && c.Objective != "s-meta":
		return run.Refuse("signal", "%s is of the objective s-meta alone", c.Signal)
	case c.Signal != "loss" && c.MetaGrad != "first":
		return run.Refuse("signal", "%s has no gradient in Θ′: the meta-gradient has to be first", c.Signal)
	case c.MetaGrad != "first" && c.Objective != "s-meta":
		return run.Refuse("meta_grad", "%s is of the objective s-meta alone", c.MetaGrad)
	}
	return nil
}

// Tangents says whether the classifier needs Hessian-vector products.
func (c ObjectiveConfig) Tangents() bool { return c.Objective == "hypergradient" && c.Unroll > 1 }

// objective is what the outer updates want of φ.
type objective interface {
	// begin is told that a round begins.
	begin()
	// follow is told of an inner step that is about to be taken.
	follow(innerStep)
	// gradient returns the gradient in φ to descend after a round's inner
	// steps, given what was measured on validation images.
	gradient(*record.Round, validation) (surrogate.PhiGrad, error)
	State() []artifact.Tensor
	Restore(f *artifact.File, path string) error
}

// innerStep is a step of the inner stage. The network's gradient is still the
// task loss's.
type innerStep struct {
	guidance.Step
	picks    []device.Pick
	taskNorm func() float64 // waits for the device
	lr       float64
}

func newObjective(m *Meta) objective {
	switch m.Objective {
	case "hypergradient":
		return newHypergradient(m)
	case "gap":
		return newGap(m)
	}
	return newSMeta(m)
}
