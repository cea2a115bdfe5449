package report

import (
	_ "embed"
	"html/template"
	"io"
	"regexp"
	"sync"
)

//go:embed report.html.tmpl
var page string

// pageTemplate is parsed when it is needed, which keeps the start quick.
var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("report").Funcs(template.FuncMap{"rich": rich}).Parse(page))
})

// HTML writes the report as one page that needs nothing else: style and
// figures are in it, there are no scripts, and it follows the reader's choice
// of light or dark.
func (r *Report) HTML(w io.Writer) error { return pageTemplate().Execute(w, r) }

// rich is text with the symbols' subscripts set and names kept on one line.
func rich(text string) template.HTML {
	s := subscripts(text, "<sub>", "</sub>")
	return template.HTML(unbroken.ReplaceAllString(s, `<span class="w">$0</span>`))
}

var unbroken = regexp.MustCompile(`\b(ResNet|CIFAR)-\d+`)
