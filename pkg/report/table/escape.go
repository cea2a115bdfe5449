package table

import (
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// EscapeLaTeX sets text so that LaTeX's own fonts have every sign; one that they
// lack becomes its code point in brackets. Text may follow a command that looks
// for a star or an argument in brackets, as \\ and \item do: it does not begin
// with either.
func EscapeLaTeX(s string) string {
	text := piece.ReplaceAllStringFunc(s, latex)
	if strings.HasPrefix(text, "[") || strings.HasPrefix(text, "*") {
		text = "{}" + text
	}
	return text
}

// EscapeXML makes text of a page or drawing: markup is escaped, and what XML
// cannot hold replaced.
func EscapeXML(s string) string { return html.EscapeString(Visible(s)) }

// Visible replaces characters that control rather than show something:
// line ends and tabs by spaces, all others by U+FFFD.
func Visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == 0xfffe, r == 0xffff:
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
}

// inert is a cell of a table that spreadsheets open: one that is no number and
// that they would take for a formula begins with an apostrophe.
func inert(cell string) string {
	cell = Visible(cell)
	if cell == "" || !strings.ContainsRune("=+-@", rune(cell[0])) {
		return cell
	}
	if _, err := strconv.ParseFloat(cell, 64); err == nil {
		return cell
	}
	return "'" + cell
}

// A piece is set as one: a name, a superscript, or a sign.
var piece = regexp.MustCompile(`(?s)λ_max|λ_srn|γ_mar|r_max|s_meta|[` + superscripts + `]+|.`)

const (
	superscripts = "⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿ"
	raised       = "-+0123456789abcdefghijklmn"
)

var names = map[string]string{
	"λ_max": `$\lambda_{\max}$`, "λ_srn": `$\lambda_{\mathrm{srn}}$`, "γ_mar": `$\gamma_{\mathrm{mar}}$`, "r_max": `$r_{\max}$`, "s_meta": `$s_{\mathrm{meta}}$`,
}

func latex(text string) string {
	if name, ok := names[text]; ok {
		return name
	}
	r, _ := utf8.DecodeRuneInString(text)
	switch sign, ok := signs[r]; {
	case ok:
		return sign
	case strings.ContainsRune(superscripts, r):
		return "$^{" + strings.Map(func(r rune) rune {
			before, _, _ := strings.Cut(superscripts, string(r))
			return rune(raised[utf8.RuneCountInString(before)])
		}, text) + "}$"
	case unicode.IsSpace(r):
		return " "
	case r < 0x80 && !unicode.IsControl(r), r >= 0xc0 && r < 0x180 && unicode.IsLetter(r):
		return text
	}
	return fmt.Sprintf("[U+%04X]", r)
}

var signs = map[rune]string{
	'\\': `\textbackslash{}`, '&': `\&`, '%': `\%`, '$': `\$`, '#': `\#`, '_': `\_`, '{': `\{`, '}': `\}`, '~': `\textasciitilde{}`, '^': `\textasciicircum{}`,
	'−': `$-$`, '±': `$\pm$`, '·': `$\cdot$`, '×': `$\times$`, '≥': `$\ge$`, '≤': `$\le$`, '≈': `$\approx$`, '≠': `$\ne$`, '∝': `$\propto$`, '√': `$\surd$`, '½': `$\frac12$`,
	'→': `$\to$`, '←': `$\gets$`, '∂': `$\partial$`, '∇': `$\nabla$`, '∫': `$\int$`, '∘': `$\circ$`, '‖': `$\Vert$`, '⟨': `$\langle$`, '⟩': `$\rangle$`, 'ℓ': `$\ell$`, '𝓜': `$\mathcal{M}$`,
	'α': `$\alpha$`, 'β': `$\beta$`, 'γ': `$\gamma$`, 'δ': `$\delta$`, 'ε': `$\varepsilon$`, 'η': `$\eta$`, 'θ': `$\theta$`, 'λ': `$\lambda$`, 'μ': `$\mu$`, 'π': `$\pi$`, 'ρ': `$\rho$`, 'σ': `$\sigma$`,
	'τ': `$\tau$`, 'φ': `$\varphi$`, 'ψ': `$\psi$`, 'Δ': `$\Delta$`, 'Θ': `$\Theta$`, 'Σ': `$\Sigma$`,
	'ᵀ': `$^{\mathsf T}$`, '₀': `$_0$`, '₁': `$_1$`, '₂': `$_2$`, '₃': `$_3$`, '′': `$'$`, '†': `\textsuperscript{\dag}`,
	'’': "'", '“': "``", '”': "''", '–': "--", '—': "---", '…': `\dots{}`, '§': `\S{}`, '\u00a0': "~", '\u200b': "",
}
