package report

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"srn/pkg/report/render"
	"srn/pkg/report/sections"
)

// TestLaTeX has LaTeX set the whole report and one table, with the packages that
// the file asks for and no other.
func TestLaTeX(t *testing.T) {
	program, err := exec.LookPath("pdflatex")
	if err != nil {
		t.Skip("no pdflatex to set the report with")
	}
	part, err := sections.Build(fixtureSources(t), sections.Options{Version: "v0.1.0", Only: []string{"table2"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*sections.Report{"whole": build(t), "table2": part} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := render.LaTeX(r, &b); err != nil {
				t.Fatal(err)
			}
			packages := regexp.MustCompile(`\\usepackage\{[a-z,]+\}`).FindString(b.String())
			folder := t.TempDir()
			for file, text := range map[string]string{
				"report.tex": b.String(),
				"main.tex":   "\\documentclass{article}\n" + packages + "\n\\begin{document}\n\\input{report}\n\\end{document}\n",
			} {
				if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			c := exec.Command(program, "-interaction=nonstopmode", "-halt-on-error", "main.tex")
			c.Dir = folder
			if out, err := c.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
}
