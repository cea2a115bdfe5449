package method

import (
	"slices"

	"srn/pkg/artifact"
	"srn/pkg/nn"
)

// joint is a method made of parts.
type joint struct {
	parts   []part
	passes  *passes
	changes []batchChange
	terms   []term
	rule    rule
	batch   *batch
}

func newJoint(net Network, parts []part) *joint {
	m := &joint{parts: parts, passes: newPasses(net)}
	for _, p := range parts {
		if l, ok := p.(loss); ok {
			m.passes.loss = l
		}
		if c, ok := p.(batchChange); ok {
			if _, first := p.(redrawing); first {
				m.changes = slices.Insert(m.changes, 0, c)
			} else {
				m.changes = append(m.changes, c)
			}
		}
		if t, ok := p.(term); ok {
			m.terms = append(m.terms, t)
		}
		if r, ok := p.(rule); ok {
			m.rule = r
		}
		if r, ok := p.(reparameterisation); ok {
			m.passes.network = append(m.passes.network, r)
		}
	}
	if m.changes != nil {
		m.batch = newBatch(net)
	}
	return m
}

func (m *joint) Gradient(s *Step) error {
	for _, p := range m.parts {
		if b, ok := p.(beginner); ok {
			b.begin(s)
		}
	}
	if m.changes != nil {
		m.batch.open(s.Images)
		for _, c := range m.changes {
			c.change(s, m.batch)
		}
		m.batch.close()
	}
	m.passes.begin(s.Images, m.rule != nil)
	if m.rule == nil {
		m.passes.run(nn.Train)
	} else if err := m.rule.gradient(s, m.passes); err != nil {
		return err
	}
	m.passes.end()
	for _, t := range m.terms {
		t.add(s)
	}
	for _, p := range m.parts {
		if e, ok := p.(ender); ok {
			e.end(s)
		}
	}
	return nil
}

func (m *joint) Report() artifact.Fields {
	var f artifact.Fields
	for _, p := range m.parts {
		if r, ok := p.(reporter); ok {
			f = append(f, r.report()...)
		}
	}
	return f
}

func (m *joint) State() []artifact.Tensor {
	var list []artifact.Tensor
	for _, p := range m.parts {
		if s, ok := p.(stateful); ok {
			list = append(list, s.state()...)
		}
	}
	return list
}

func (m *joint) Restore(f *artifact.File, path string) error {
	for _, p := range m.parts {
		if s, ok := p.(stateful); ok {
			if err := s.restore(f, path); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *joint) Effective() (restore func()) {
	restore = func() {}
	for _, r := range m.passes.network {
		inner, outer := r.effective(), restore
		restore = func() { inner(); outer() }
	}
	return restore
}
