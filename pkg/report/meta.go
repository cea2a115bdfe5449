package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"srn/pkg/artifact"

	"srn/pkg/report/chart"
	"srn/pkg/report/number"
)

// metaGroup is meta-training runs alike in everything but the seed.
type metaGroup struct {
	Dataset, Data, Arch string
	Variant             string
	sources             []*Source
}

func (m *metaGroup) Label() string {
	s := archName(m.Arch)
	if m.Dataset != "" {
		s += " on " + datasetName(m.Dataset)
	}
	if m.Variant != "" {
		s += " (" + m.Variant + ")"
	}
	return s
}

// metaGroups sorts meta-training runs like training runs: by data artifact,
// network, and settings that differ. Datasets names data artifacts by their
// hashes, for records that do not.
func metaGroups(sources []*Source, datasets map[string]string) []*metaGroup {
	type key struct{ dataset, data, arch string }
	byKey := map[key][]*Source{}
	for _, s := range sources {
		c, _ := s.Header.Config.(map[string]any)
		rec := artifact.Record(c)
		k := key{rec.Text("dataset"), s.data(rec), rec.Text("arch")}
		if k.dataset == "" {
			k.dataset = datasets[k.data]
		}
		byKey[k] = append(byKey[k], s)
	}
	keys := slices.SortedFunc(maps.Keys(byKey), func(a, b key) int {
		return cmp.Or(strings.Compare(a.dataset, b.dataset), cmp.Compare(archOrder(a.arch), archOrder(b.arch)), strings.Compare(a.arch, b.arch), strings.Compare(a.data, b.data))
	})
	var list []*metaGroup
	for _, k := range keys {
		var configs []map[string]string
		for _, s := range byKey[k] {
			configs = append(configs, identity(settings(s.Header.Config)))
		}
		names := surrogateNames(configs)
		byVariant := map[string]*metaGroup{}
		for i, s := range byKey[k] {
			v := names[i]
			if byVariant[v] == nil {
				byVariant[v] = &metaGroup{Dataset: k.dataset, Data: k.data, Arch: k.arch, Variant: v}
			}
			byVariant[v].sources = append(byVariant[v].sources, s)
		}
		for _, v := range slices.Sorted(maps.Keys(byVariant)) {
			list = append(list, byVariant[v])
		}
	}
	return list
}

// metaFigures are the curves of meta-training, a line for each group.
func metaFigures(groups []*metaGroup) []*Figure {
	var list []*Figure
	for _, k := range []struct {
		key, title, ylabel string
		text               func(float64) string
	}{
		{"s_meta", "Meta-target", "s_meta", number.Digits(4)},
		{"r", "Surrogate’s output", "r(Θ; φ)", number.Digits(6)},
		{"val_loss", "Loss on meta-validation images", "Mean cross-entropy, nats", number.Digits(4)},
		{"margin", "Margin on meta-validation images", "Margin, logits", number.Digits(4)},
	} {
		l := &chart.Lines{X: chart.WholeAxis("Round"), Y: chart.Axis{Label: k.ylabel, Scale: chart.Linear, Text: k.text}}
		several := false
		for i, g := range groups {
			var curves []map[int]float64
			for _, s := range g.sources {
				curve := map[int]float64{}
				addValues(curve, s.of("round"), "round", k.key, 1)
				if len(curve) > 0 {
					curves = append(curves, curve)
				}
			}
			several = several || len(curves) > 1
			if points := average(curves); len(points) > 0 {
				l.Series = append(l.Series, chart.Series{Label: g.Label(), Style: i, Points: points})
			}
		}
		list = append(list, &Figure{ID: "meta-" + strings.ReplaceAll(k.key, "_", "-"), Title: k.title, Caption: bandCaption(several), Chart: l})
	}
	return drawn(list...)
}

// datasetName is how a data set is written.
func datasetName(s string) string {
	switch s {
	case "cifar10":
		return "CIFAR-10"
	case "cifar100":
		return "CIFAR-100"
	case "synthetic":
		return "synthetic images"
	case "":
		return "unknown data"
	}
	return s
}

// archName is how a network is written.
func archName(s string) string {
	if depth, ok := strings.CutPrefix(s, "resnet"); ok {
		return "ResNet-" + depth
	}
	return cmp.Or(s, "unknown network")
}

func seedsOf(sources []*Source) string {
	var seeds []int64
	for _, s := range sources {
		seeds = append(seeds, s.Header.Seed)
	}
	slices.Sort(seeds)
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(seeds)), ", "), "[]")
}
