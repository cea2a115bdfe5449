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
	Epochs      int
	Schedule    string
	Milestones  []int // of the schedule step
	Init        string
	Split       string
	About       string
}

// Protocols lists the presets; the first is the default.
func Protocols() []Protocol {
	return []Protocol{
		{Name: "paper", LR: 0.06, Epochs: 200, Schedule: "cosine", Init: "torch", Split: "train",
			About: "the paper's Table 1 and section A.3: SGD with momentum 0.9, batches of 128, 200 epochs, crop and flip; the momentum and the cosine schedule's form are not given there"},
		{Name: "external", LR: 0.1, WeightDecay: 5e-4, Parts: []string{"autoaugment", "cutout", "label-smoothing"}, Epochs: 200, Schedule: "cosine", Init: "torch", Split: "train",
			About: "that of the sharpness-aware results quoted in the paper's Table 5: as the paper's own, with AutoAugment, Cutout, label smoothing 0.1 and learning rate 0.1; weight decay is that of the trainer of ASAM's authors, since the paper names none; those results have tuned settings of each method, and some 400 epochs"},
		{Name: "he", LR: 0.1, WeightDecay: 1e-4, Epochs: 182, Schedule: "step", Milestones: []int{91, 136}, Init: "he", Split: "meta_train",
			About: "plain training as in He et al. 2016, section 4.2: 45,000 training images, batches of 128, 64,000 steps at 0.1, divided by 10 at 32,000 and 48,000 (in whole epochs 64,064, 32,032 and 47,872 with srn-split's --val-fraction 0.1), weight decay 1e-4; published for CIFAR-10: 91.25 (ResNet-20), 92.49 (ResNet-32). They subtract each pixel's mean, and do not divide; here channels are normalised"},
		{Name: "akamaster", LR: 0.1, WeightDecay: 1e-4, Epochs: 200, Schedule: "step", Milestones: []int{100, 150}, Init: "he", Split: "train",
			About: "plain training as in the program akamaster/pytorch_resnet_cifar10: all training images, batches of 128, 0.1 divided by 10 after epochs 100 and 150, weight decay 1e-4; published for CIFAR-10, each the best test epoch of one run: 91.73 (ResNet-20), 92.63 (ResNet-32). There images are normalised by ImageNet's constants"},
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
	s := fmt.Sprintf("protocol %s\n  about       %s\n  presets     --epochs %d --lr %g --schedule %s%s --weight-decay %g --split %s --init %s\n",
		p.Name, p.About, p.Epochs, p.LR, p.Schedule, milestones(p.Milestones), p.WeightDecay, p.Split, p.Init)
	if p.Parts != nil {
		s += "  joins       " + strings.Join(p.Parts, ", ") + "\n"
	}
	return s + fmt.Sprintf("  in force    --method %s --epochs %d --batch %d --lr %g --schedule %s%s --momentum %g --weight-decay %g --augment %s --split %s --init %s\n",
		c.Method, c.Epochs, c.BatchSize, c.LR, c.Schedule, milestones(c.Milestones), c.Momentum, c.WeightDecay, c.Augment, c.TrainSplit, c.Init)
}

// milestones spells them as flags.
func milestones(epochs []int) string {
	if epochs == nil {
		return ""
	}
	return " --milestones " + strings.Trim(strings.ReplaceAll(fmt.Sprint(epochs), " ", ","), "[]")
}
