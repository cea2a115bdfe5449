package table

import "testing"

func TestEscapeLaTeX(t *testing.T) {
	for text, want := range map[string]string{
		"50 % of λ_max ≤ 2·10⁻¹⁰": `50 \% of $\lambda_{\max}$ $\le$ 2$\cdot$10$^{-10}$`,
		"a_b^c~{}\\":              `a\_b\textasciicircum{}c\textasciitilde{}\{\}\textbackslash{}`,
		"92.40ᵃ ᵇ":                `92.40$^{a}$ $^{b}$`,
		"‖λ∇r‖²":                  `$\Vert$$\lambda$$\nabla$r$\Vert$$^{2}$`,
		"Müller\tand\n猫\x00":      `Müller and [U+732B][U+0000]`,
		"":                        "",
	} {
		if got := EscapeLaTeX(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
