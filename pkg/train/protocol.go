package train

import (
	"fmt"
	"strings"
)

// Protocol is a named setting of what surrounds a method: the flags that it
// presets, where they are not given, and what it joins to the method.
type Protocol struct {
	Name        string
	LR          float64
	WeightDecay float64  // where the method has none of its own
	Parts       []string // methods joined to the one asked for
	About       string
}

// Protocols lists the presets; the first is the default.
func Protocols() []Protocol {
	return []Protocol{
		{Name: "paper", LR: 0.06,
			About: "the paper's Table 1 and section A.3: SGD with momentum 0.9, batches of 128, 200 epochs, crop and flip; the momentum and the cosine schedule's form are not given there"},
		{Name: "external", LR: 0.1, WeightDecay: 5e-4, Parts: []string{"autoaugment", "cutout", "label-smoothing"},
			About: "that of the sharpness-aware results quoted in the paper's Table 5: as the paper's own, with AutoAugment, Cutout, label smoothing 0.1 and learning rate 0.1; weight decay is that of the trainer of ASAM's authors, since the paper names none; those results have tuned settings of each method, and some 400 epochs"},
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

// Describe prints what the protocol presets and, with it, what surrounds the
// method in a run of these settings.
func (p Protocol) Describe(c Config) string {
	s := fmt.Sprintf("protocol %s\n  about       %s\n  presets     --lr %g --weight-decay %g\n", p.Name, p.About, p.LR, p.WeightDecay)
	if p.Parts != nil {
		s += "  joins       " + strings.Join(p.Parts, ", ") + "\n"
	}
	return s + fmt.Sprintf("  in force    --method %s --epochs %d --batch %d --lr %g --schedule %s --momentum %g --weight-decay %g --augment %s --split %s --init %s\n",
		c.Method, c.Epochs, c.Batch, c.LR, c.Schedule, c.Momentum, c.WeightDecay, c.Augment, c.Split, c.Init)
}
