package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"srn/pkg/report/number"
)

// provenance lists every stream read, one row each.
func provenance(sources []*Source) Table {
	t := Table{
		Caption: "Records read",
		Columns: []Column{
			{Head: "File"}, {Head: "Tool"}, {Head: "Version"}, {Head: "Seed", Number: true}, {Head: "Records", Number: true},
			{Head: "State"}, {Head: "sha256"}, {Head: "Made from (sha256)"},
		},
		Notes: []string{"Hashes are of the uncompressed bytes, shown by their first 12 digits."},
	}
	for _, s := range sources {
		var inputs []string
		for _, in := range s.Header.Inputs {
			inputs = append(inputs, in.Name+" "+short(in.SHA256))
		}
		state := "complete"
		switch {
		case !s.Complete:
			state = "incomplete: no end record"
		case s.Status != "" && s.Status != "ok":
			state = s.Status
		}
		t.Rows = append(t.Rows, []string{
			s.Path, s.Header.Tool, s.Header.Version, fmt.Sprint(s.Header.Seed), fmt.Sprint(len(s.Records)), state, short(s.SHA256), strings.Join(inputs, ", "),
		})
	}
	return t
}

// configs are the settings of the streams of each tool: first those that all
// share, then those that differ, by file.
func configs(sources []*Source) []Table {
	byTool := map[string][]*Source{}
	for _, s := range sources {
		byTool[s.Header.Tool] = append(byTool[s.Header.Tool], s)
	}
	var tables []Table
	for _, tool := range slices.Sorted(maps.Keys(byTool)) {
		var all []map[string]string
		for _, s := range byTool[tool] {
			all = append(all, settings(s.Header.Config))
		}
		differ := differing(all)
		shared := Table{Caption: tool + ": settings of every stream", Columns: []Column{{Head: "Setting"}, {Head: "Value"}}}
		for _, k := range slices.Sorted(maps.Keys(all[0])) {
			if !slices.Contains(differ, k) {
				shared.Rows = append(shared.Rows, []string{k, brief(all[0][k])})
			}
		}
		varying := Table{Caption: tool + ": settings that differ", Columns: []Column{{Head: "File"}}}
		for _, k := range differ {
			varying.Columns = append(varying.Columns, Column{Head: k})
		}
		for i, s := range byTool[tool] {
			row := []string{s.Path}
			for _, k := range differ {
				row = append(row, brief(all[i][k]))
			}
			varying.Rows = append(varying.Rows, row)
		}
		if len(shared.Rows) > 0 {
			tables = append(tables, shared)
		}
		if len(differ) > 0 {
			tables = append(tables, varying)
		}
	}
	return tables
}

// brief shortens hashes.
func brief(v string) string {
	if len(v) == 64 && strings.Trim(v, "0123456789abcdef") == "" {
		return short(v)
	}
	return v
}

// sourceFindings are what the whole set of records calls for.
func sourceFindings(f *findings, c *collection, list []*cohort, sources []*Source) {
	data := map[[2]string][]string{}
	for _, co := range list {
		k := [2]string{co.Dataset, co.Arch}
		data[k] = append(data[k], cmp.Or(short(co.Data), "unknown"))
	}
	for _, k := range slices.SortedFunc(maps.Keys(data), func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) }) {
		if len(data[k]) > 1 {
			f.warn("%s on %s: the records come from %d data artifacts (%s); they are kept apart, not compared",
				archName(k[1]), datasetName(k[0]), len(data[k]), strings.Join(data[k], ", "))
		}
	}
	if c.ambiguous > 0 {
		f.warn("%s fit several training runs alike and are left out; give the training records of one experiment at a time", number.Count(c.ambiguous, "measurement"))
	}
	if c.elsewhere > 0 {
		f.note("%s on other splits than test are not shown", number.Count(c.elsewhere, "evaluation"))
	}
	versions := map[string]bool{}
	for _, s := range sources {
		versions[s.Header.Version] = true
	}
	if len(versions) > 1 {
		f.note("the records were made by %d versions of the tools: %s", len(versions), strings.Join(slices.Sorted(maps.Keys(versions)), ", "))
	}
}
