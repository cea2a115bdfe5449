package main

import (
	"path/filepath"
	"slices"

	"srn/pkg/report/load"
	"srn/pkg/report/sections"
	"srn/pkg/stats"
)

// report reports on runs as srn-report does: it writes their record files,
// reads them, and makes the report.
func (w *world) report(runs []run) sections.Conclusions {
	path := filepath.Join(w.folder, "runs.jsonl")
	sources, err := []*load.Source(nil), write(path, runs)
	if err == nil {
		sources, err = load.Read([]string{path})
	}
	var r *sections.Report
	if err == nil {
		r, err = sections.Build(sources, sections.Options{Effect: w.effect, Only: []string{"verdicts"}})
	}
	if err != nil {
		if w.err == nil {
			w.err = err
		}
		return sections.Conclusions{}
	}
	return r.Conclusions
}

// one is the comparison of a method's runs with cross-entropy's.
func (w *world) one(ce, method []run) sections.Conclusion {
	all := w.report(slices.Concat(ce, method)).Baselines
	if len(all) == 0 {
		return sections.Conclusion{}
	}
	return all[0]
}

// decided says that a comparison has a verdict for or against.
func decided(c sections.Conclusion) bool {
	return c.Verdict == stats.Better || c.Verdict == stats.Worse
}

// holds says that there is an interval, and that the true value lies in it.
func holds(d stats.Difference, truth float64) bool {
	return d.Test != nil && d.Test.Low <= truth && truth <= d.Test.High
}

// role is the guided comparison of a role, ok where there is one.
func role(all sections.Conclusions, name string) (c sections.Conclusion, ok bool) {
	i := slices.IndexFunc(all.Guided, func(c sections.Conclusion) bool { return string(c.Role) == name })
	if i < 0 {
		return c, false
	}
	return all.Guided[i], true
}
