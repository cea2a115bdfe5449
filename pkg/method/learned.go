package method

import (
	"srn/pkg/artifact"
	"srn/pkg/record"
)

// learnedByLookahead is the part of a loss that lookahead teaches.
type learnedByLookahead struct{ *lookahead }

func (l *learnedByLookahead) state() []artifact.Tensor { return l.loss.(stateful).state() }

func (l *learnedByLookahead) restore(f *artifact.File, path string) error {
	return l.loss.(stateful).restore(f, path)
}

func (l *learnedByLookahead) begin(s *Step) {
	if b, ok := l.loss.(beginner); ok {
		b.begin(s)
	}
}

func (l *learnedByLookahead) report() record.Figures {
	if r, ok := l.loss.(reporter); ok {
		return r.report()
	}
	return record.Figures{}
}
