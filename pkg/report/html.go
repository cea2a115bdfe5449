package report

import (
	_ "embed"
	"html/template"
	"io"
)

//go:embed report.html.tmpl
var page string

var pageTemplate = template.Must(template.New("report").Parse(page))

// HTML writes the report as one page that needs nothing else: style and
// figures are in it, there are no scripts, and it follows the reader's choice
// of light or dark.
func (r *Report) HTML(w io.Writer) error { return pageTemplate.Execute(w, r) }
