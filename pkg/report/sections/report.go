// Package sections makes a report of what package study has arranged: its
// tables, figures and findings, which package render writes.
package sections

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/record"
	"srn/pkg/report/conclude"
	"srn/pkg/report/load"
	"srn/pkg/report/number"
	"srn/pkg/report/study"
)

// Options of a report.
type Options struct {
	Title   string   // by default made from the data sets and networks
	Version string   // of the program, shown at the end
	Only    []string // parts to show, by their names in [Parts], or figures by their ids; empty: all
	Effect  float64  // difference of top-1, a fraction, that plans are for; 0: [DefaultEffect]
}

// DefaultEffect is half a percentage point.
const DefaultEffect = 0.005

// material is what sections are made of: what was read, arranged, and what
// follows from it.
type material struct {
	*study.Study
	effect            float64
	baselines, guided map[*study.Cohort]conclude.Family
}

func prepare(s *study.Study, effect float64) *material {
	m := &material{Study: s, effect: effect, baselines: map[*study.Cohort]conclude.Family{}, guided: map[*study.Cohort]conclude.Family{}}
	for _, c := range s.Cohorts {
		if c.Known {
			m.baselines[c], m.guided[c] = conclude.Baselines(c, effect), conclude.Guided(c, effect)
		}
	}
	return m
}

// Report is everything a report shows, ready to be written.
type Report struct {
	Title      string
	Summary    string // what was read, in one sentence
	Lead       []Statement
	Findings   []Finding
	Sections   []Section
	Provenance Table
	Configs    []Table
	Inputs     []record.Input // the files read, for the machine-readable twin of Provenance
	Version    string
	Reload     int  // seconds after which a page of it is read again, since it is being rewritten; 0: never
	Partial    bool // some parts alone were asked for
	Results    []Result
	// Conclusions are the comparisons that tables and findings say.
	Conclusions Conclusions
	// Missing says of each part asked for by name that there is nothing to show
	// of it, and why.
	Missing []string
	// Shown says that something of what was read is shown.
	Shown bool
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
	// Data is the section's numbers for other tools, in place of its tables'
	// text; nil where there are none.
	Data func() (head []string, rows [][]string)
}

// part makes sections of one kind; without anything to show, none.
type part struct {
	name, about string
	sections    func(*material) []Section
}

// parts are what a report consists of, in their order. A new one is a line
// here and a file of its own.
var parts = []part{
	{runsPart, "Every network and data set: test metrics over seeds, differences, curves", runSections},
	{"table1", "Table 1: settings", table1},
	accuracies{2, "accuracy of regularisers", true, true, true}.part(),
	{"table3", "Table 3: time of an epoch", table3},
	accuracies{4, "ablation of the surrogate", false, false, false}.part(),
	accuracies{5, "accuracy beside sharpness-aware methods", false, true, false}.part(),
	accuracies{6, "top-1 and top-5 accuracy on CIFAR-100", false, true, true}.part(),
	accuracies{7, "accuracy beside dynamic losses", false, true, true}.part(),
	{"figure1", "Figure 1: loss landscapes", figure1},
	{"figure3", "Figure 3: λ_max over the epochs", figure3},
	{"figure5", "Figure 5: time of an evaluation of the surrogate", figure5},
	{"figure6", "Figure 6: time of an epoch by method", figure6},
	{"accuracy-curvature", "Accuracy against λ_max over all methods", relation},
	{"cost", "Cost against accuracy", cost},
	{"density", "Spectral density of the Hessian", spectrum},
	{"stability", "Learning rate against the edge of stability", stabilitySections},
	{"guidance", "What the surrogate’s gradient points at", guidanceSections},
	{"verdicts", "Whether guidance helps: paired differences to its controls and to tuned plain training", verdicts},
	{"meta", "Meta-training of the surrogates", metaSections},
}

// runsPart is the part that has a row for every group of runs.
const runsPart = "runs"

// WholeTables says that the section is of the part that has a row for every
// group of runs, with its tables.
func (s Section) WholeTables() bool { return s.Part == runsPart && len(s.Tables) > 0 }

// Parts names the parts of a report, with what they hold.
func Parts() (names, about []string) {
	for _, p := range parts {
		names, about = append(names, p.name), append(about, p.about)
	}
	return names, about
}

// Build makes a report of all sources. Their order does not matter. Without a
// run among them it returns an *artifact.FormatError.
func Build(sources []*load.Source, o Options) (*Report, error) {
	runs, err := load.Collect(sources)
	if err != nil {
		return nil, err
	}
	arranged := study.Arrange(runs)
	s := prepare(arranged, cmp.Or(o.Effect, DefaultEffect))
	if len(s.Cohorts) == 0 && len(s.Meta) == 0 {
		return nil, &artifact.FormatError{Problem: "the files hold no run", Mend: "give the metrics of srn-fit or srn-meta, or what srn-eval or srn-hessian wrote"}
	}
	r := &Report{Title: o.Title, Version: o.Version, Partial: len(o.Only) > 0, Provenance: provenance(s.Sources), Configs: configs(s.Sources), Results: results(s), Lead: lead(s), Conclusions: concluded(s)}
	if r.Title == "" {
		r.Title = title(arranged)
	}
	r.Summary = summary(arranged)
	r.Inputs = inputs(s.Sources)
	for _, p := range parts {
		if !wanted(o.Only, p.name) {
			continue
		}
		for _, section := range p.sections(s) {
			section.Part = p.name
			if len(o.Only) > 0 && !slices.Contains(o.Only, p.name) {
				if section = section.only(o.Only); len(section.Figures) == 0 {
					continue
				}
			}
			r.Sections = append(r.Sections, section)
			r.Shown = r.Shown || !section.Unmeasured
		}
	}
	r.Missing = missing(o.Only, r.Sections)
	r.Findings = reportFindings(arranged)
	for _, text := range slices.Backward(r.Missing) {
		r.Findings = slices.Insert(r.Findings, 0, Finding{true, text})
	}
	return r, nil
}

// Warnings are the findings that warn, for a terminal: not every reader of a
// report reads its end, or a table that holds them.
func (r *Report) Warnings() []string {
	var list []string
	for _, f := range r.Findings {
		if f.Warning {
			list = append(list, f.Text)
		}
	}
	return list
}

// missing says which of the parts and figures asked for show nothing.
func missing(only []string, shown []Section) []string {
	var list []string
	for _, name := range only {
		there, quoted := false, false
		for _, s := range shown {
			named := s.Part == name || slices.ContainsFunc(s.Figures, func(f *Figure) bool { return f.ID == name })
			there = there || named && !s.Unmeasured
			quoted = quoted || named && s.Unmeasured
		}
		switch {
		case quoted && !there:
			list = append(list, name+" shows the paper’s values alone: the records hold nothing of it")
		case !there:
			list = append(list, name+" shows nothing: the records hold nothing of it")
		}
	}
	return list
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
		return runsPart
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
	s.Tables, s.Data = nil, nil
	s.Figures = slices.DeleteFunc(slices.Clone(s.Figures), func(f *Figure) bool { return !slices.Contains(ids, f.ID) })
	return s
}

// nonEmpty is the section, or none where it has neither tables nor figures.
func nonEmpty(s Section) []Section {
	if len(s.Tables)+len(s.Figures) == 0 {
		return nil
	}
	return []Section{s}
}

// runSections compare the runs of each network and data set.
func runSections(s *material) []Section {
	var list []Section
	for i, co := range s.Cohorts {
		section := Section{ID: fmt.Sprintf("cohort-%d", i+1), Heading: co.Name(), Tables: []Table{comparison(co)}, Figures: figures(co, fmt.Sprintf("c%d", i+1))}
		if co.DataSHA256 != "" {
			section.Detail = "Dataset file " + study.Short(co.DataSHA256)
		}
		section.Tables = append(section.Tables, withRows(differences(co, s.baselines[co], s.effect), curvature(co))...)
		list = append(list, section)
	}
	return list
}

// metaSections are the curves of meta-training.
func metaSections(s *material) []Section {
	if len(s.Meta) == 0 {
		return nil
	}
	var names []string
	for _, g := range s.Meta {
		names = append(names, g.Label()+", seeds "+g.Seeds())
	}
	return []Section{{ID: "meta", Heading: "Meta-training of the surrogate", Detail: strings.Join(names, "; "), Figures: metaFigures(s.Meta)}}
}

func title(s *study.Study) string {
	var names []string
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, c := range s.Cohorts {
		add(c.Plain())
	}
	if len(s.Cohorts) == 0 {
		for _, g := range s.Meta {
			add(study.ArchName(g.Arch) + " on " + study.DatasetName(g.Dataset))
		}
	}
	if len(names) > 3 {
		return fmt.Sprintf("Training runs: %s and %d more", strings.Join(names[:2], "; "), len(names)-2)
	}
	return "Training runs: " + strings.Join(names, "; ")
}

func summary(s *study.Study) string {
	runs, groups := 0, 0
	for _, c := range s.Cohorts {
		for _, g := range c.Groups {
			groups++
			runs += len(g.Runs)
		}
	}
	if len(s.Cohorts) == 0 {
		return fmt.Sprintf("%s of meta-training, from %s.", number.Count(len(s.Meta), "configuration"), number.Count(len(s.Sources), "record stream"))
	}
	return fmt.Sprintf("%s of %s, from %s.", number.Count(runs, "run"), number.Count(groups, "configuration"), number.Count(len(s.Sources), "record stream"))
}

// inputs are the files that sources came from, each once.
func inputs(sources []*load.Source) []record.Input {
	var list []record.Input
	seen := map[record.Input]bool{}
	for _, s := range sources {
		in := record.Input{Name: "records", Path: s.Path, SHA256: s.SHA256}
		if !seen[in] {
			seen[in], list = true, append(list, in)
		}
	}
	return list
}
