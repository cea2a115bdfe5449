package device

// Tallies plans what is counted along training steps.
type Tallies interface {
	// Tally plans to add up figures, beginning from zero.
	Tally(f Figures) Tally
}

// Figures are the buffers in which a training step leaves what its record is
// made of.
type Figures struct {
	Loss     Buffer // of each image
	Logits   Buffer // images × classes
	Labels   Buffer // the class of each image; nil: right predictions are not counted
	Classes  int
	Gradient Buffer   // that is descended
	Made     []Buffer // what the step makes, such as the parameters
	ByStep   bool     // losses are summed step by step, then the steps' sums
}

// Tally adds up the figures of training steps where they are, and holds the
// first step whose numbers are not finite, so that the host need not wait for
// any step in particular.
type Tally interface {
	// Add adds a step's first n images. The number of the step, which is not 0,
	// is what a fault will name.
	Add(step, n int)
	// Fault returns the first fault, as far as the host knows it: a device that
	// works behind the host is asked from time to time.
	Fault() (f Fault, found bool)
	// Read waits for all steps and returns their sums, and the first fault.
	Read() (s Sums, f Fault, found bool)
	// Set replaces the sums and forgets a fault.
	Set(s Sums)
}

// Sums are over the steps since they were last set.
type Sums struct {
	Loss     float64 // of all images, in their order or [Figures].ByStep
	Correct  float64 // images whose largest logit, the first of equals, is their label's
	GradNorm float64 // of the steps' ‖gradient‖
}

// Fault is a step whose numbers are not finite.
type Fault struct {
	Step int
	Made int // the index among Figures.Made of what is not finite, or -1: losses or gradient
}
