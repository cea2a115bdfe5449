package method

import "srn/pkg/artifact"

// learnedByLookahead is the part of a loss that lookahead teaches.
type learnedByLookahead struct{ *lookahead }

func (l *learnedByLookahead) state() []artifact.Tensor { return l.loss.(stateful).state() }

func (l *learnedByLookahead) restore(f *artifact.File, path string) error {
	return l.loss.(stateful).restore(f, path)
}
