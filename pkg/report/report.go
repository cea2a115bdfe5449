package report

import (
	"fmt"
	"slices"
	"strings"

	"srn/pkg/artifact"
)

// Options of a report.
type Options struct {
	Title   string // by default made from the data sets and networks
	Version string // of the program, shown at the end
}

// Report is everything a report shows, ready to be written.
type Report struct {
	Title      string
	Summary    string // what was read, in one sentence
	Findings   []Finding
	Sections   []Section
	Provenance Table
	Configs    []Table
	Version    string

	list []*cohort
}

// Section is a heading with tables and figures.
type Section struct {
	ID      string
	Heading string
	Detail  string
	Tables  []Table
	Figures []*Figure
}

// Build makes a report of all sources. Their order does not matter. Without a
// record to show it returns an *artifact.FormatError.
func Build(sources []*Source, o Options) (*Report, error) {
	sources = sortSources(sources)
	c := collect(sources)
	list := cohorts(c.runs)
	datasets := map[string]string{}
	for _, co := range list {
		if co.Data != "" {
			datasets[co.Data] = co.Dataset
		}
	}
	meta := metaGroups(c.meta, datasets)
	if len(list) == 0 && len(meta) == 0 {
		return nil, &artifact.FormatError{Problem: "the files hold no run", Mend: "give the files that srn-fit --metrics, srn-meta --metrics, srn-eval -o or srn-hessian -o wrote"}
	}
	r := &Report{Title: o.Title, Version: o.Version, Provenance: provenance(sources), Configs: configs(sources), list: list}
	if r.Title == "" {
		r.Title = title(list, meta)
	}
	r.Summary = summary(sources, list, meta)

	var f findings
	sourceFindings(&f, c, list, sources)
	for i, co := range list {
		where := ""
		if len(list) > 1 {
			where = co.heading(list) + ": "
		}
		co.findings(&f, where)
		s := Section{ID: fmt.Sprintf("cohort-%d", i+1), Heading: co.heading(list), Tables: []Table{co.comparison()}, Figures: co.figures(fmt.Sprintf("c%d", i+1))}
		if co.Data != "" {
			s.Detail = "Data artifact " + short(co.Data)
		}
		for _, t := range []Table{co.differences(), co.curvature()} {
			if len(t.Rows) > 0 {
				s.Tables = append(s.Tables, t)
			}
		}
		r.Sections = append(r.Sections, s)
	}
	metaFindings(&f, meta)
	if len(meta) > 0 {
		s := Section{ID: "meta", Heading: "Meta-training of the surrogate", Figures: metaFigures(meta)}
		var parts []string
		for _, g := range meta {
			parts = append(parts, g.Label()+", seeds "+seedsOf(g.sources))
		}
		s.Detail = strings.Join(parts, "; ")
		r.Sections = append(r.Sections, s)
	}
	r.Findings = f.sorted()
	return r, nil
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
	s := fmt.Sprintf("%s of %s, from %s.", count(runs, "run"), count(groups, "configuration"), count(len(sources), "record stream"))
	if len(list) == 0 {
		s = fmt.Sprintf("%s of meta-training, from %s.", count(len(meta), "configuration"), count(len(sources), "record stream"))
	}
	return s
}
