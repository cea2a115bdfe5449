package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"srn/pkg/method"
)

// MethodCost is the time of a step of a method over that of a step of plain
// cross-entropy, measured in turn.
type MethodCost struct {
	Method string  `json:"method"`
	Passes string  `json:"passes"` // a step, forward and backward, as srn-fit --method list has them
	Epoch  float64 `json:"epoch_seconds"`
	Cost   Summary `json:"cost"`
	CPU    float64 `json:"cpu_cost"`
	Aim    float64 `json:"aim"`
	Paper  float64 `json:"paper,omitempty"` // the same ratio of the paper's Table 3
}

// paperEpochs are the seconds of an epoch in the paper's Table 3: ResNet-32,
// CIFAR-10, an RTX 3060.
var paperEpochs = map[string]float64{
	"ce": 21.828, "weight-decay": 22.274, "label-smoothing": 27.610, "mixup": 27.844, "dropout": 28.168,
	"spectral-norm": 28.200, "random-erasing": 33.080, "val-guided": 31.152, "r-drop": 32.899, "srn": 29.477,
}

// slack is what a method may take beyond its passes.
const slack = 1.05

// methods measures a step of each method beside one of cross-entropy.
func (b *bench) methods() (_ section, err error) {
	arch := "resnet32"
	if !slices.Contains(b.archs, arch) {
		arch = b.archs[len(b.archs)-1]
	}
	s := section{Name: "methods", Title: fmt.Sprintf("Methods beside cross-entropy: %s, batch %d, %d threads", arch, b.batch, b.mostThreads()),
		table: [][]string{{"method", "passes", "s an epoch", "× ce", "min … max", "CPU", "aim", "paper"}}}
	be := b.backend(b.mostThreads())
	defer be.Close()
	plain, err := newStepper(be, b.data, b.dir, fitting{arch: arch, method: "ce", batch: b.batch})
	if err != nil {
		return section{}, err
	}
	defer func() { err = errors.Join(err, plain.close()) }()
	var costs []MethodCost
	for _, name := range b.methodNames {
		c, err := b.methodCost(plain, arch, name)
		if err != nil {
			return section{}, fmt.Errorf("%s: %w", name, err)
		}
		costs = append(costs, c)
		paper := ""
		if c.Paper > 0 {
			paper = number(c.Paper)
		}
		s.table = append(s.table, []string{c.Method, c.Passes, number(c.Epoch), number(c.Cost.Median), spread(c.Cost),
			number(c.CPU), "≤ " + number(c.Aim), paper})
	}
	s.Data = costs
	s.Notes = []string{"an epoch is of 50,000 images; ce is measured with each method anew"}
	return s, nil
}

// methodCost measures one method beside plain cross-entropy.
func (b *bench) methodCost(plain *stepper, arch, name string) (c MethodCost, err error) {
	info, err := method.Find(name)
	if err != nil {
		return c, err
	}
	be := b.backend(b.mostThreads())
	defer be.Close()
	every := 1 // steps that the method's costs repeat after
	if info.Surrogate {
		every = 10
	}
	s, err := newStepper(be, b.data, b.dir, fitting{arch: arch, method: name, every: every, batch: b.batch})
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, s.close(), b.clean()) }()
	ours, theirs := s.contender(every), plain.contender(every)
	if err := b.effort().compete(theirs, ours); err != nil {
		return c, err
	}
	steps := float64((50000 + b.batch - 1) / b.batch)
	c = MethodCost{Method: info.Name, Passes: info.Passes,
		Epoch: summarise(ours.wall).Median / float64(every) * steps,
		Cost:  summarise(quotients(ours.wall, theirs.wall)),
		CPU:   summarise(quotients(ours.cpu, theirs.cpu)).Median, Aim: slack * passes(info)}
	if info.Surrogate {
		c.Aim = 1.25 // the surrogate's gradient, once in ten steps
	}
	if p, ok := paperEpochs[name]; ok {
		c.Paper = p / paperEpochs["ce"]
	}
	return c, nil
}

// passes is the number of a method's passes, parts added up beyond the first
// of each.
func passes(info method.Info) float64 {
	total := 1.0
	for _, p := range info.Parts() {
		n, err := strconv.ParseFloat(p.Passes, 64)
		if err != nil {
			panic("bench: passes of " + p.Name + ": " + err.Error())
		}
		total += n - 1
	}
	return total
}

// allMethods are all of one part but ce and those that take its very steps,
// and the external protocol's.
func allMethods() string {
	var names []string
	for _, m := range method.Methods() {
		if m.Name != "ce" && !strings.HasPrefix(m.Name, "srn-") {
			names = append(names, m.Name)
		}
	}
	return strings.Join(append(names, "autoaugment+cutout+label-smoothing"), ",")
}
