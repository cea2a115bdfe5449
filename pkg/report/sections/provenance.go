package sections

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"srn/pkg/compare"
	"srn/pkg/report/load"
	"srn/pkg/report/study"
)

// provenance lists every stream read, one row each.
func provenance(sources []*load.Source) Table {
	t := Table{
		Caption: "Records read",
		Columns: []Column{
			{Head: "File"}, {Head: "Tool"}, {Head: "Version"}, {Head: "Seed", Number: true}, {Head: "Records", Number: true},
			{Head: "State"}, {Head: "sha256"}, {Head: "Made from (sha256)"},
		},
		Notes: []string{"Hashes are of the uncompressed bytes, shown by their first 12 digits."},
	}
	development := false
	for _, s := range sources {
		var inputs []string
		for _, in := range s.Header.Inputs {
			inputs = append(inputs, in.Name+" "+study.Short(in.SHA256))
		}
		version := s.Header.Version
		if s.Development() {
			development = true
			version += "*"
		}
		t.Rows = append(t.Rows, []string{
			s.Path, s.Header.Tool, version, fmt.Sprint(s.Header.Seed), fmt.Sprint(len(s.Records)), cmp.Or(s.State(), "complete"), study.Short(s.SHA256), strings.Join(inputs, ", "),
		})
	}
	if development {
		t.Notes = append(t.Notes, "* A version without a revision: what made these records cannot be traced.")
	}
	return t
}

// maxSettings is how many settings that differ a table has columns for.
const maxSettings = 64

// configs are the settings of the streams of each tool: first those that all
// share, then those that differ, by file.
func configs(sources []*load.Source) []Table {
	byTool := map[string][]*load.Source{}
	for _, s := range sources {
		byTool[s.Header.Tool] = append(byTool[s.Header.Tool], s)
	}
	var tables []Table
	for _, tool := range slices.Sorted(maps.Keys(byTool)) {
		list := byTool[tool]
		all := make([]map[string]string, len(list))
		var names []string
		seen := map[string]bool{}
		for i, s := range list {
			all[i] = map[string]string{}
			for _, one := range load.Settings(s.Header.Config) {
				text := compare.Text(one.Value)
				if all[i][one.Name] = text; !seen[one.Name] {
					seen[one.Name], names = true, append(names, one.Name)
				}
			}
		}
		shared := Table{Caption: tool + ": settings of every stream", Columns: []Column{{Head: "Setting"}, {Head: "Value"}}}
		varying := Table{Caption: tool + ": settings that differ", Columns: []Column{{Head: "File"}}}
		var differ []string
		more := 0
		for _, name := range names {
			value, there := all[0][name]
			if slices.ContainsFunc(all, func(m map[string]string) bool { v, ok := m[name]; return v != value || ok != there }) {
				if more++; len(differ) == maxSettings {
					continue
				}
				differ = append(differ, name)
				varying.Columns = append(varying.Columns, Column{Head: name})
			} else {
				shared.Rows = append(shared.Rows, []string{name, value})
			}
		}
		for i, s := range list {
			row := []string{s.Path}
			for _, name := range differ {
				row = append(row, all[i][name])
			}
			varying.Rows = append(varying.Rows, row)
		}
		tables = append(tables, withRows(shared)...)
		if more > maxSettings {
			varying.Notes = append(varying.Notes, fmt.Sprintf("The first %d of %d settings that differ.", maxSettings, more))
		}
		if len(differ) > 0 {
			tables = append(tables, varying)
		}
	}
	return tables
}
