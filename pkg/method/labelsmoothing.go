package method

// labelSmoothing mixes the targets with the uniform distribution:
//
//	t' = (1−ε)·t + ε/K.
type labelSmoothing struct{ epsilon float64 }

var labelSmoothingInfo = Info{
	Name:      "label-smoothing",
	Read:      Secondary,
	Kind:      "batch",
	Formula:   "targets (1−ε)·t + ε/K",
	Reference: "Szegedy et al. 2016; Müller, Kornblith & Hinton 2019",
	PaperRow:  "Label Smoothing",
	Passes:    "1",
	Params:    []Param{number("epsilon", 0.1, 0, 1, "ε, the mass given to all classes alike")},
	make: func(_ Options, v values) (part, error) {
		return labelSmoothing{v.number("epsilon")}, nil
	},
}

func (l labelSmoothing) change(_ *Step, b *batch) {
	keep, share := float32(1-l.epsilon), float32(l.epsilon/float64(b.classes))
	t := b.labels()
	for i := range t {
		t[i] = keep*t[i] + share
	}
}
