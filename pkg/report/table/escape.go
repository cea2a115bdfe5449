package table

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// EscapeLaTeX sets text so that LaTeX's own fonts have every sign; one that they
// lack becomes its code point in brackets.
func EscapeLaTeX(s string) string { return piece.ReplaceAllStringFunc(s, latex) }

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
