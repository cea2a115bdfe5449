package method

import (
	"cmp"
	"slices"

	"srn/pkg/artifact"
	"srn/pkg/nn"
	"srn/pkg/record"
)

// joint is a method made of parts.
type joint struct {
	parts   []part
	names   []string // of the parts
	passes  *passes
	changes []batchChange
	terms   []term
	rule    rule
	batch   *batch
}

func newJoint(net Network, parts []part, names []string) *joint {
	m := &joint{parts: parts, names: names, passes: newPasses(net)}
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

func (m *joint) Report() record.Figures {
	var all record.Figures
	for i, p := range m.parts {
		r, ok := p.(reporter)
		if !ok {
			continue
		}
		f := r.report()
		all.R, all.GuidanceRatio = cmp.Or(f.R, all.R), cmp.Or(f.GuidanceRatio, all.GuidanceRatio)
		all.GradRNorm, all.SurrogateSeconds = cmp.Or(f.GradRNorm, all.GradRNorm), cmp.Or(f.SurrogateSeconds, all.SurrogateSeconds)
		for name, v := range f.Own {
			if all.Own == nil {
				all.Own = map[string]float64{}
			}
			all.Own[m.names[i]+"."+name] = v
		}
	}
	return all
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
