package method

import (
	"fmt"
	"slices"
	"strings"
)

// Info describes a method to users.
type Info struct {
	Name      string
	Kind      string // of its part: loss, batch, gradient, network, passes; "" for ce
	Formula   string // what it minimises or how it steps
	Reference string
	PaperRow  string   // its row in the paper's tables, "" if it has none
	Passes    string   // cost of a step in forward-backward passes
	Notes     []string // where the paper or the original is ambiguous, and what was chosen
	Read      Source   // what of the source was read
	Differs   []string // in what it is known to differ from its source, or fills in what was not read
	Params    []Param

	WeightDecay float64 // where none is asked for
	Surrogate   bool    // needs a trained surrogate
	Validation  bool    // needs held-out images
	Outliers    bool    // takes a user's outliers

	needs func(v values) Needs
	make  func(o Options, v values) (part, error)
	joint []Info // of a method of several parts
}

// registry lists the methods in the order in which they are shown, and in
// which those of a composite change a batch.
var registry = []Info{
	crossEntropyInfo, srnInfo, srnUntrainedInfo, srnFlippedInfo, srnShuffledInfo, weightDecayRatioInfo, randomPushInfo,
	samInfo, asamInfo, fsamInfo, gsamInfo,
	weightDecayInfo, l1Info, dropoutInfo, labelSmoothingInfo, mixupInfo, autoAugmentInfo, randomErasingInfo, cutoutInfo, spectralNormInfo,
	confidencePenaltyInfo, energyInInfo, energyOODInfo, logitNormInfo, rDropInfo, gradAlignInfo, consistencyInfo, valGuidedInfo,
	poly1Info, smooth01Info, lSoftmaxInfo, barronInfo, slfInfo, metaWeightNetInfo, l2tDLFInfo, l2tDLNInfo, alaInfo,
}

// Source is what of a method's source has been read.
type Source string

// The sources: the authors' program; others' descriptions and programs, from
// which the formula is; the abstract and introduction of the publication
// alone. Controls and plain rules of this project's own have none.
const (
	OwnRule   Source = ""
	Code      Source = "the authors' program"
	Secondary Source = "others' descriptions and programs"
	Abstract  Source = "the abstract alone"
)

// Faithful tells whether the method is not known to differ from its source.
func (i Info) Faithful() bool {
	for _, p := range i.parts() {
		if len(p.Differs) > 0 {
			return false
		}
	}
	return true
}

// Methods lists all methods of one part.
func Methods() []Info { return slices.Clone(registry) }

// Find returns the method of that name, which may be several joined by "+",
// or an error that lists what there is. A name is found by its row in the
// paper's tables, too, as arlf or l-m-softmax, and by its former name, which
// ended in "-like".
func Find(name string) (Info, error) {
	names := strings.Split(name, "+")
	var found []int
	for _, n := range names {
		i := slices.IndexFunc(registry, func(m Info) bool {
			return m.Name == strings.TrimSuffix(n, "-like")
		})
		if i < 0 && n != "" {
			i = slices.IndexFunc(registry, func(m Info) bool {
				return strings.ReplaceAll(strings.ToLower(m.PaperRow), " ", "-") == n
			})
		}
		if i < 0 {
			return Info{}, fmt.Errorf("method %q is none of %s", n, list())
		}
		found = append(found, i)
	}
	if len(found) == 1 {
		return registry[found[0]], nil
	}
	slices.Sort(found)
	var parts []Info
	for _, i := range found {
		parts = append(parts, registry[i])
	}
	return join(parts)
}

func list() string {
	var names []string
	for _, m := range registry {
		names = append(names, m.Name)
	}
	return strings.Join(names, ", ")
}

// join describes a method of several parts.
func join(parts []Info) (Info, error) {
	var names, kinds, formulas, passes []string
	for _, p := range parts {
		names = append(names, p.Name)
	}
	name := strings.Join(names, "+")
	all := Info{Name: name, joint: parts}
	for i, p := range parts {
		if slices.ContainsFunc(parts[:i], func(q Info) bool { return q.Name == p.Name }) {
			return Info{}, fmt.Errorf("method %s names %s twice", name, p.Name)
		}
		kinds, formulas = append(kinds, p.Kind), append(formulas, p.Formula)
		if p.Passes != "1" {
			passes = append(passes, p.Passes)
		}
		all.Surrogate, all.Validation = all.Surrogate || p.Surrogate, all.Validation || p.Validation
		all.Outliers = all.Outliers || p.Outliers
		all.WeightDecay = max(all.WeightDecay, p.WeightDecay)
	}
	for _, kind := range []string{"loss", "passes"} {
		if strings.Count(strings.Join(kinds, "+"), kind) > 1 {
			return Info{}, fmt.Errorf("method %s: of its parts, at most one may have a %s of its own", name, map[string]string{"loss": "loss", "passes": "rule of passes"}[kind])
		}
	}
	all.Kind, all.Formula, all.Passes = strings.Join(kinds, "+"), strings.Join(formulas, "; "), strings.Join(passes, " + ")
	if all.Passes == "" {
		all.Passes = "1"
	}
	return all, nil
}

func (i Info) parts() []Info {
	if i.joint != nil {
		return i.joint
	}
	return []Info{i}
}

// Parts are the methods that this one joins, or itself.
func (i Info) Parts() []Info { return slices.Clone(i.parts()) }

// For returns the method with the defaults for data sets of a number of
// classes: its own, but of 100 classes those that the sources have for
// CIFAR-100. Which it is goes by the number of classes, not by a name, so that
// reduced and converted copies of CIFAR-100 are treated as it is.
func (i Info) For(classes int) Info {
	if classes != 100 {
		return i
	}
	if i.joint != nil {
		i.joint = slices.Clone(i.joint)
		for n, p := range i.joint {
			i.joint[n] = p.For(classes)
		}
		return i
	}
	i.Params = slices.Clone(i.Params)
	for n, p := range i.Params {
		if p.Hundred != "" {
			i.Params[n].Default = p.Hundred
		}
	}
	return i
}

// ByClasses tells whether a default depends on the number of classes.
func (i Info) ByClasses() bool {
	return slices.ContainsFunc(i.parts(), func(p Info) bool {
		return slices.ContainsFunc(p.Params, func(q Param) bool { return q.Hundred != "" })
	})
}

// Needs says what the method asks of the network.
func (i Info) Needs(s Settings) Needs {
	s = i.settled(s)
	var n Needs
	for _, p := range i.parts() {
		if p.needs == nil {
			continue
		}
		m := p.needs(values{p.Name, s.values})
		n.Tangents, n.InputGrad, n.FeatureMask = n.Tangents || m.Tangents, n.InputGrad || m.InputGrad, n.FeatureMask || m.FeatureMask
		n.Copies = max(n.Copies, m.Copies)
	}
	n.Copies = max(n.Copies, 1)
	return n
}

// settled is the given settings, or the defaults.
func (i Info) settled(s Settings) Settings {
	if s.values == nil {
		s, _ = i.Settings(nil)
	}
	return s
}

// New makes the method.
func (i Info) New(o Options) (Method, error) {
	o.Settings = i.For(o.Net.Logits().Len() / o.Net.Loss().Len()).settled(o.Settings)
	var parts []part
	var names []string
	for _, p := range i.parts() {
		if p.Validation && o.Validation == nil {
			return nil, fmt.Errorf("method %s needs held-out images", p.Name)
		}
		if p.make == nil {
			continue
		}
		made, err := p.make(o, values{p.Name, o.Settings.values})
		if err != nil {
			return nil, err
		}
		parts, names = append(parts, made), append(names, p.Name)
	}
	m := newJoint(o.Net, parts, names)
	if len(m.passes.network) > 0 && i.Needs(o.Settings).Tangents {
		return nil, fmt.Errorf("method %s: the tangent passes of one part do not go through the network of the other", i.Name)
	}
	return m, nil
}
