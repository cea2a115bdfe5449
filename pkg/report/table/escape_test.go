package table

import (
	"strings"
	"testing"
)

func TestEscapeLaTeX(t *testing.T) {
	for text, want := range map[string]string{
		"50 % of λ_max ≤ 2·10⁻¹⁰": `50 \% of $\lambda_{\max}$ $\le$ 2$\cdot$10$^{-10}$`,
		"a_b^c~{}\\":              `a\_b\textasciicircum{}c\textasciitilde{}\{\}\textbackslash{}`,
		"92.40ᵃ ᵇ":                `92.40$^{a}$ $^{b}$`,
		"‖λ∇r‖²":                  `$\Vert$$\lambda$$\nabla$r$\Vert$$^{2}$`,
		"Müller\tand\n猫\x00":      `Müller and [U+732B][U+0000]`,
		"[4pt] x":                 "{}[4pt] x",
		"* y":                     "{}* y",
		"":                        "",
	} {
		if got := EscapeLaTeX(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// What a spreadsheet would compute, and what splits cells, is text; numbers are
// numbers.
func TestSeparatedCellsAreData(t *testing.T) {
	for cell, want := range map[string]string{
		`=HYPERLINK("x")`: `"'=HYPERLINK(""x"")"`, "+1+1": "'+1+1", "-x": "'-x", "@SUM": "'@SUM", "\t=1": " =1", "\r=1": " =1",
		"-1.5": "-1.5", "+2e-3": "+2e-3", "a\x00b\x1b[0m": "a\ufffdb\ufffd[0m", "ce": "ce",
	} {
		var b strings.Builder
		if err := Separated(&b, ',', []string{"a"}, [][]string{{cell}}); err != nil {
			t.Fatal(err)
		}
		// A leading space makes csv quote the cell.
		if got := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(b.String(), "a\n"), "\n"), `" =1"`, " =1"); got != want {
			t.Errorf("%q is written %s, want %s", cell, got, want)
		}
		b.Reset()
		if err := Separated(&b, '\t', []string{"a", "b"}, [][]string{{cell, "z"}}); err != nil {
			t.Fatal(err)
		}
		if strings.Count(b.String(), "\t") != 2 || strings.Count(b.String(), "\n") != 2 || strings.ContainsAny(b.String(), "\r\x00\x1b") {
			t.Errorf("TSV of %q: %q", cell, b.String())
		}
	}
}

func TestEscapeMarkdown(t *testing.T) {
	for text, want := range map[string]string{
		"a|b_c*d<e[f`g": "a\\|b\\_c\\*d&lt;e\\[f\\`g", "&lt;": "&amp;lt;", "# a": `\# a`, "- a": `\- a`, "-1": "-1", "a\r\nb\x07": "a  b\ufffd",
	} {
		if got := EscapeMarkdown(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
