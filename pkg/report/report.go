package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/record"
	"srn/pkg/report/number"
)

// Options of a report.
type Options struct {
	Title   string   // by default made from the data sets and networks
	Version string   // of the program, shown at the end
	Only    []string // parts to show, by their names in [Parts]; empty: all
}

// Report is everything a report shows, ready to be written.
type Report struct {
	Title      string
	Summary    string // what was read, in one sentence
	Findings   []Finding
	Sections   []Section
	Provenance Table
	Configs    []Table
	Inputs     []record.Input // the files read, for [Report.Provenance]'s machine-readable twin
	Version    string
	Partial    bool // some parts alone were asked for

	list []*cohort
}

// Section is a heading with tables and figures.
type Section struct {
	Part    string // of the report, see [Parts]
	ID      string
	Heading string
	Detail  string
	Tables  []Table
	Figures []*Figure
	// Unmeasured says that nothing of ours is in it, so that only the paper's
	// values are to be seen.
	Unmeasured bool

	data func() (head []string, rows [][]string) // for other tools, instead of the tables' text
}

// study is all that was read, sorted, from which the sections are made.
type study struct {
	sources []*Source
	*collection
	cohorts []*cohort
	meta    []*metaGroup
}

// part makes sections of one kind; without anything to show, none.
type part struct {
	name, about string
	sections    func(*study) []Section
}

// parts are what a report consists of, in their order. A new one is a line
// here and a file of its own.
var parts = []part{
	{"runs", "Every network and data set: test metrics over seeds, differences, curves", (*study).runSections},
	{"table1", "Table 1: settings", (*study).table1},
	accuracies{2, "accuracy of regularisers", true, true, true}.part(),
	{"table3", "Table 3: time of an epoch", (*study).table3},
	accuracies{4, "ablation of the surrogate", false, false, false}.part(),
	accuracies{5, "accuracy beside sharpness-aware methods", false, true, false}.part(),
	accuracies{6, "top-1 and top-5 accuracy on CIFAR-100", false, true, true}.part(),
	accuracies{7, "accuracy beside dynamic losses", false, true, true}.part(),
	{"figure1", "Figure 1: loss landscapes", (*study).figure1},
	{"figure3", "Figure 3: λ_max over the epochs", (*study).figure3},
	{"figure5", "Figure 5: time of an evaluation of the surrogate", (*study).figure5},
	{"figure6", "Figure 6: time of an epoch by method", (*study).figure6},
	{"accuracy-curvature", "Accuracy against λ_max over all methods", (*study).relation},
	{"cost", "Cost against accuracy", (*study).cost},
	{"density", "Spectral density of the Hessian", (*study).spectrum},
	{"stability", "Learning rate against the edge of stability", (*study).stabilitySections},
	{"guidance", "What the surrogate’s gradient points at", (*study).guidanceSections},
	{"verdicts", "Whether guidance helps: paired differences to its controls and to tuned plain training", (*study).verdicts},
	{"meta", "Meta-training of the surrogates", (*study).metaSections},
}

// Parts names the parts of a report, with what they hold.
func Parts() (names, about []string) {
	for _, p := range parts {
		names, about = append(names, p.name), append(about, p.about)
	}
	return names, about
}

// Build makes a report of all sources. Their order does not matter. Without a
// record to show it returns an *artifact.FormatError.
func Build(sources []*Source, o Options) (*Report, error) {
	sources = sortSources(sources)
	s := &study{sources: sources, collection: collect(sources)}
	s.cohorts = cohorts(s.runs)
	datasets := map[string]string{}
	for _, co := range s.cohorts {
		if co.Data != "" {
			datasets[co.Data] = co.Dataset
		}
	}
	s.meta = metaGroups(s.collection.meta, datasets)
	if len(s.cohorts) == 0 && len(s.meta) == 0 {
		return nil, &artifact.FormatError{Problem: "the files hold no run", Mend: "give the files that srn-fit --metrics, srn-meta --metrics, srn-eval -o or srn-hessian -o wrote"}
	}
	r := &Report{Title: o.Title, Version: o.Version, Partial: len(o.Only) > 0, Provenance: provenance(sources), Configs: configs(sources), list: s.cohorts}
	if r.Title == "" {
		r.Title = title(s.cohorts, s.meta)
	}
	r.Summary = summary(sources, s.cohorts, s.meta)
	r.Inputs = inputs(sources)
	for _, p := range parts {
		if !wanted(o.Only, p.name) {
			continue
		}
		for _, section := range p.sections(s) {
			section.Part = p.name
			if len(o.Only) > 0 && !slices.Contains(o.Only, p.name) {
				section = section.only(o.Only)
			}
			r.Sections = append(r.Sections, section)
		}
	}
	r.Findings = s.findings()
	return r, nil
}

// wanted says whether a part, or one of its figures, is asked for. A figure's
// id begins like its part's name but for hyphens.
func wanted(only []string, name string) bool {
	return len(only) == 0 || slices.ContainsFunc(only, func(o string) bool { return o == name || partOf(o) == name })
}

// partOf is the part that a figure's id such as figure-3-1-1 belongs to, ""
// where there is none.
func partOf(id string) string {
	stem, _, numbered := strings.Cut(id, "-")
	if _, err := strconv.Atoi(strings.TrimPrefix(stem, "c")); err == nil && numbered && stem[0] == 'c' {
		return "runs"
	}
	for _, p := range parts {
		stem := strings.ReplaceAll(strings.Replace(p.name, "figure", "figure-", 1), "accuracy-curvature", "relation")
		if strings.HasPrefix(id, stem+"-") {
			return p.name
		}
	}
	return ""
}

// Known says whether a name may be asked for by Options.Only.
func Known(name string) bool {
	return partOf(name) != "" || slices.ContainsFunc(parts, func(p part) bool { return p.name == name })
}

// only keeps the figures that are named.
func (s Section) only(ids []string) Section {
	s.Tables, s.data = nil, nil
	s.Figures = slices.DeleteFunc(slices.Clone(s.Figures), func(f *Figure) bool { return !slices.Contains(ids, f.ID) })
	return s
}

// findings are what follows from the numbers, warnings first.
func (s *study) findings() []Finding {
	var f findings
	sourceFindings(&f, s.collection, s.cohorts, s.sources)
	for _, co := range s.cohorts {
		where := ""
		if len(s.cohorts) > 1 {
			where = co.heading(s.cohorts) + ": "
		}
		co.findings(&f, where)
	}
	metaFindings(&f, s.meta)
	return f.sorted()
}

// runSections compare the runs of each network and data set.
func (s *study) runSections() []Section {
	var list []Section
	for i, co := range s.cohorts {
		section := Section{ID: fmt.Sprintf("cohort-%d", i+1), Heading: co.heading(s.cohorts), Tables: []Table{co.comparison()}, Figures: co.figures(fmt.Sprintf("c%d", i+1))}
		if co.Data != "" {
			section.Detail = "Data artifact " + short(co.Data)
		}
		for _, t := range []Table{co.differences(), co.curvature()} {
			if len(t.Rows) > 0 {
				section.Tables = append(section.Tables, t)
			}
		}
		list = append(list, section)
	}
	return list
}

// metaSections are the curves of meta-training.
func (s *study) metaSections() []Section {
	if len(s.meta) == 0 {
		return nil
	}
	var names []string
	for _, g := range s.meta {
		names = append(names, g.Label()+", seeds "+seedsOf(g.sources))
	}
	return []Section{{ID: "meta", Heading: "Meta-training of the surrogate", Detail: strings.Join(names, "; "), Figures: metaFigures(s.meta)}}
}

// heading names a cohort, with its data artifact where another has the same
// data set and network.
func (c *cohort) heading(list []*cohort) string {
	s := archName(c.Arch) + " on " + datasetName(c.Dataset)
	for _, other := range list {
		if other != c && other.Arch == c.Arch && other.Dataset == c.Dataset {
			if c.Data == "" {
				return s + ", data artifact unknown"
			}
			return s + ", data " + short(c.Data)
		}
	}
	return s
}

func title(list []*cohort, meta []*metaGroup) string {
	var names []string
	add := func(arch, dataset string) {
		if s := archName(arch) + " on " + datasetName(dataset); !slices.Contains(names, s) {
			names = append(names, s)
		}
	}
	for _, c := range list {
		add(c.Arch, c.Dataset)
	}
	if len(list) == 0 {
		for _, g := range meta {
			add(g.Arch, g.Dataset)
		}
	}
	if len(names) > 3 {
		return fmt.Sprintf("Training runs: %s and %d more", strings.Join(names[:2], ", "), len(names)-2)
	}
	return "Training runs: " + strings.Join(names, ", ")
}

func summary(sources []*Source, list []*cohort, meta []*metaGroup) string {
	runs, groups := 0, 0
	for _, c := range list {
		for _, g := range c.groups {
			groups++
			runs += len(g.runs)
		}
	}
	s := fmt.Sprintf("%s of %s, from %s.", number.Count(runs, "run"), number.Count(groups, "configuration"), number.Count(len(sources), "record stream"))
	if len(list) == 0 {
		s = fmt.Sprintf("%s of meta-training, from %s.", number.Count(len(meta), "configuration"), number.Count(len(sources), "record stream"))
	}
	return s
}
