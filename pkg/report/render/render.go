// Package render writes reports: as a page, Markdown, LaTeX, tables for other
// programs, a drawing, JSON. Texts from records are data in all of them.
package render

import (
	"io"
	"slices"
	"strings"

	"srn/pkg/report/sections"
	"srn/pkg/report/trace"
)

// Format is a way to write a report.
type Format struct {
	Name  string   // and suffix of files
	Also  []string // other suffixes
	Write func(*sections.Report, io.Writer) error
}

// Formats lists all formats.
var Formats = []Format{
	{"html", []string{"htm"}, HTML}, {"md", []string{"markdown"}, Markdown}, {"tex", nil, LaTeX}, {"csv", nil, CSV}, {"tsv", nil, TSV}, {"svg", nil, SVG}, {"json", nil, JSON},
}

// Find finds a format by its name or one of its suffixes.
func Find(name string) (Format, bool) {
	i := slices.IndexFunc(Formats, func(f Format) bool {
		return f.Name == strings.ToLower(name) || slices.Contains(f.Also, strings.ToLower(name))
	})
	if i < 0 {
		return Format{}, false
	}
	return Formats[i], true
}

// traceOf is the report's provenance for machines.
func traceOf(r *sections.Report) string { return trace.Line(r.Version, r.Inputs) }
