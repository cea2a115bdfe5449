package method

import (
	"srn/pkg/artifact"
	"srn/pkg/record"
)

// part is one component of a method: it implements one or more of the
// interfaces below.
type part any

// loss is a loss of one example's logits.
type loss interface {
	// row returns the loss of logits z for the target distribution t, and
	// writes its gradient in z to d.
	row(d, z, t []float64) float64
}

// batchChange changes the images or targets of a loaded batch.
type batchChange interface {
	change(s *Step, b *batch)
}

// redrawing is a batchChange that draws images anew from their bytes in the
// data set, so that what others have done to them is lost: it comes first,
// whatever its place in the method's name.
type redrawing interface{ redraws() }

// term adds to the gradient that the passes have left, at the parameters.
type term interface {
	add(s *Step)
}

// rule makes the gradient by passes of its own instead of the single one.
type rule interface {
	gradient(s *Step, p *passes) error
}

// reparameterisation has the network compute with other parameters than the
// trained ones.
type reparameterisation interface {
	// enter replaces the trained parameters by those to compute with, before
	// a pass; leave puts them back and turns the pass's gradient into that
	// in the trained ones.
	enter()
	leave()
	// effective is enter without a side effect on the method's state.
	effective() (restore func())
}

// beginner and ender are told of each step's beginning and end.
type beginner interface{ begin(s *Step) }
type ender interface{ end(s *Step) }

// reporter has figures for the epoch's record; Own without the method's name.
type reporter interface{ report() record.Figures }

// stateful carries something from step to step.
type stateful interface {
	state() []artifact.Tensor
	restore(f *artifact.File, path string) error
}
