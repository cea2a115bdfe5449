package study

import (
	"cmp"
	"slices"
	"strings"

	"srn/pkg/compare"
	"srn/pkg/record"
	"srn/pkg/report/load"
)

// MetaGroup is meta-trainings alike in everything but the seed.
type MetaGroup struct {
	record.Meta // of its first run
	Variant     string
	Sources     []*load.Source
}

// Label names the group.
func (m *MetaGroup) Label() string {
	s := ArchName(m.Arch)
	if m.Dataset != "" {
		s += " on " + DatasetName(m.Dataset)
	}
	if m.Variant != "" {
		s += " (" + m.Variant + ")"
	}
	return s
}

// Seeds lists the seeds of the group's meta-trainings.
func (m *MetaGroup) Seeds() string { return SeedsOf(m.Sources) }

// SeedsOf lists the seeds of sources.
func SeedsOf(sources []*load.Source) string {
	var seeds []int64
	for _, s := range sources {
		seeds = append(seeds, s.Header.Seed)
	}
	return Seeds(seeds)
}

// metaGroups sorts meta-trainings like trainings: by network and data, and by
// the settings that differ.
func metaGroups(sources []*load.Source) []*MetaGroup {
	type key struct{ dataset, arch, data string }
	byKey := map[key][]*load.Source{}
	var keys []key
	for _, s := range sources {
		m, _ := s.Meta()
		k := key{m.Dataset, m.Arch, m.DataSHA256}
		if byKey[k] == nil {
			keys = append(keys, k)
		}
		byKey[k] = append(byKey[k], s)
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(strings.Compare(a.dataset, b.dataset), cmp.Compare(archOrder(a.arch), archOrder(b.arch)), strings.Compare(a.arch, b.arch), strings.Compare(a.data, b.data))
	})
	var list []*MetaGroup
	for _, k := range keys {
		names := surrogateNames(byKey[k])
		byVariant := map[string]*MetaGroup{}
		var variants []*MetaGroup
		for i, s := range byKey[k] {
			v := names[i]
			if byVariant[v] == nil {
				m, _ := s.Meta()
				byVariant[v] = &MetaGroup{Meta: m, Variant: v}
				variants = append(variants, byVariant[v])
			}
			byVariant[v].Sources = append(byVariant[v].Sources, s)
		}
		slices.SortFunc(variants, func(a, b *MetaGroup) int { return strings.Compare(a.Variant, b.Variant) })
		list = append(list, variants...)
	}
	return list
}

// guideNames are the names by which the surrogates of guided runs are told
// apart.
func guideNames(runs *load.Runs) map[*load.Source]string {
	names := map[*load.Source]string{}
	for i, name := range surrogateNames(runs.Meta) {
		names[runs.Meta[i]] = name
	}
	return names
}

// surrogateNames tell meta-trainings apart: by what the surrogate was fitted to
// and its form, "gap dictionary", where there are several kinds, and by the
// settings that are not the same in all of the kind.
func surrogateNames(sources []*load.Source) []string {
	metas := make([]record.Meta, len(sources))
	byKind := map[string][]record.Meta{}
	for i, s := range sources {
		metas[i], _ = s.Meta()
		byKind[kind(metas[i])] = append(byKind[kind(metas[i])], metas[i])
	}
	differ := map[string][]record.Field{}
	for k, list := range byKind {
		differ[k] = compare.DifferingMeta(list)
	}
	var names []string
	for _, m := range metas {
		var parts []string
		if k := kind(m); len(byKind) > 1 && k != "" {
			parts = append(parts, k)
		}
		for _, f := range differ[kind(m)] {
			parts = append(parts, described(f, &m))
		}
		names = append(names, strings.Join(parts, ", "))
	}
	return names
}

func kind(m record.Meta) string { return strings.TrimSpace(m.Objective + " " + m.Surrogate) }
