package render

import (
	_ "embed"
	"html/template"
	"io"
	"regexp"
	"sync"
	"unicode/utf8"

	"srn/pkg/report/chart"
	"srn/pkg/report/sections"
	"srn/pkg/report/table"
)

var (
	//go:embed report.html.tmpl
	page string
	//go:embed report.css
	pageStyle string
)

// pageTemplate is parsed when it is needed, which keeps the start quick.
var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("report").Funcs(template.FuncMap{
		"rich": rich, "plain": table.Visible, "class": class, "wide": wide, "comment": comment, "svg": svg, "keys": keys, "numbers": numbers,
		"style": func() template.CSS { return template.CSS(chart.Colours + pageStyle + chart.Style) },
	}).Parse(page))
})

// HTML writes the report as one page that needs nothing else: style and
// figures are in it, there are no scripts, and it follows the reader's choice
// of light or dark. What there is to operate, hiding series and opening
// tables, is the browser's own.
func HTML(r *sections.Report, w io.Writer) error { return pageTemplate().Execute(w, r) }

// svg draws a figure for the page, which shows the legend itself.
func svg(f *sections.Figure) template.HTML { return template.HTML(f.Chart.SVG(f.ID, f.Title, false)) }

// keys are the page's legend; a figure of one series needs none.
func keys(f *sections.Figure) []legendKey {
	all := f.Chart.Legend()
	var list []legendKey
	for i, k := range all {
		list = append(list, legendKey{Index: i, Label: k.Label, Swatch: template.HTML(k.Swatch()), Alone: len(all) == 1})
	}
	return list
}

// legendKey is a line of the page's legend, by which a reader shows or hides
// its series.
type legendKey struct {
	Index  int
	Label  string
	Swatch template.HTML
	Alone  bool
}

// numbers are all those behind a figure.
func numbers(f *sections.Figure) sections.Table { return f.Table(0) }

// rich is text with the symbols' subscripts set and names kept on one line.
func rich(text string) template.HTML {
	s := chart.Subscripts(text, "<sub>", "</sub>")
	return template.HTML(unbroken.ReplaceAllString(s, `<span class="w">$0</span>`))
}

var unbroken = regexp.MustCompile(`\b(ResNet|CIFAR)-\d+`)

// class says how a cell, or with no text a head, is set: text that is long may
// be broken.
func class(c sections.Column, cell string) string {
	kind := "t"
	if c.Number {
		kind = "n"
	}
	if c.Quoted {
		kind += " quoted"
	}
	switch long := utf8.RuneCountInString(cell) > 28; {
	case long && c.Number:
		kind += " long"
	case long:
		kind += " text"
	}
	return kind
}

// wide figures take the whole width.
func wide(f *sections.Figure) bool {
	_, heat := f.Chart.(*chart.Heat)
	return heat
}

// comment is the machine-readable provenance.
func comment(r *sections.Report) template.HTML {
	return template.HTML("<!-- " + traceOf(r) + " -->") // its JSON has no angle brackets
}
