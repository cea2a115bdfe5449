package train

import (
	"fmt"
	"strings"
)

// Protocol is a named setting of what surrounds a method: the flags that it
// presets, where they are not given, and what it joins to the method.
type Protocol struct {
	Name  string
	LR    float64
	Parts []string // methods joined to the one asked for
	About string
}

// Protocols lists the presets; the first is the default.
func Protocols() []Protocol {
	return []Protocol{
		{Name: "paper", LR: 0.06,
			About: "the paper's Table 1 and section A.3: SGD with momentum 0.9, batches of 128, 200 epochs, crop and flip; the momentum and the cosine schedule's form are not given there"},
		{Name: "external", LR: 0.1, Parts: []string{"autoaugment", "cutout", "label-smoothing"},
			About: "that of the sharpness-aware results quoted in the paper's Table 5: as above, with AutoAugment, Cutout and label smoothing 0.1; those results have tuned settings of each method, and some 400 epochs"},
	}
}

// FindProtocol returns the protocol of a name.
func FindProtocol(name string) (Protocol, error) {
	var names []string
	for _, p := range Protocols() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Protocol{}, fmt.Errorf("protocol %q is none of %s", name, strings.Join(names, ", "))
}

// Join adds the protocol's parts to a method, those that it does not have.
func (p Protocol) Join(method string) string {
	have := strings.Split(method, "+")
	for _, part := range p.Parts {
		found := false
		for _, h := range have {
			found = found || h == part
		}
		if !found {
			method += "+" + part
		}
	}
	return method
}

// Describe prints what the protocol presets.
func (p Protocol) Describe() string {
	s := fmt.Sprintf("protocol %s\n  about       %s\n  presets     --lr %g\n", p.Name, p.About, p.LR)
	if p.Parts != nil {
		s += "  joins       " + strings.Join(p.Parts, ", ") + "\n"
	}
	return s
}
