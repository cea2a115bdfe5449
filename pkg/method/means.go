package method

import (
	"srn/pkg/artifact"
	"srn/pkg/record"
)

// means are a part's own figures in the records: means over what has been
// added in an epoch. A part that embeds them reports and resumes them.
type means struct {
	name   string    // of their state
	fields []string  // the figures' names
	sums   []float64 // of each, then the number added
}

func newMeans(name string, fields ...string) means {
	return means{"state." + name + ".sums", fields, make([]float64, len(fields)+1)}
}

// count adds one value of each field.
func (m *means) count(values ...float64) {
	for i, v := range values {
		m.sums[i] += v
	}
	m.sums[len(values)]++
}

func (m *means) report() record.Figures {
	own := map[string]float64{}
	for i, name := range m.fields {
		own[name] = m.sums[i] / m.sums[len(m.fields)]
	}
	clear(m.sums)
	return record.Figures{Own: own}
}

func (m *means) state() []artifact.Tensor {
	return []artifact.Tensor{artifact.Float64(m.name, []int{len(m.sums)}, m.sums)}
}

func (m *means) restore(f *artifact.File, path string) error {
	return f.ReadFloats(path, m.name, m.sums)
}
