package table

import (
	"fmt"
	"io"
	"strings"
)

// LaTeX writes the table as a float of the booktabs package, quoted values in
// italics. It needs \usepackage{booktabs,amsmath,graphicx} and UTF-8, LaTeX's
// default; a table wider than the line is scaled down to it.
func (t *Table) LaTeX(w io.Writer, label string) {
	spec := ""
	for _, c := range t.Columns {
		if c.Number {
			spec += "r"
		} else {
			spec += "l"
		}
	}
	fmt.Fprintf(w, "\n\\begin{table}[htbp]\n\\centering\\small\n\\caption{%s}\n", EscapeLaTeX(t.Caption))
	if label != "" {
		fmt.Fprintf(w, "\\label{tab:%s}\n", label)
	}
	// A box of the natural width, shrunk where it is too wide.
	fmt.Fprintf(w, "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%%\n\\begin{tabular}{@{}%s@{}}\n\\toprule\n", spec)
	if t.Grouped() {
		var heads, rules []string
		at := 1
		for _, s := range t.Spans() {
			heads = append(heads, fmt.Sprintf("\\multicolumn{%d}{c}{%s}", s.Columns, EscapeLaTeX(s.Head)))
			if s.Head != "" {
				rules = append(rules, fmt.Sprintf("\\cmidrule(lr){%d-%d}", at, at+s.Columns-1))
			}
			at += s.Columns
		}
		fmt.Fprintf(w, "%s \\\\\n%s\n", strings.Join(heads, " & "), strings.Join(rules, " "))
	}
	heads := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		heads[i] = quotedLaTeX(c, EscapeLaTeX(c.Head))
	}
	fmt.Fprintf(w, "%s \\\\\n\\midrule\n", strings.Join(heads, " & "))
	for i, row := range t.Rows {
		if name, ok := t.Breaks[i]; ok {
			if i > 0 {
				fmt.Fprintln(w, "\\midrule")
			}
			if name != "" {
				fmt.Fprintf(w, "\\multicolumn{%d}{@{}l}{\\emph{%s}} \\\\\n", len(t.Columns), EscapeLaTeX(name))
			}
		}
		cells := make([]string, len(row))
		for k, cell := range row {
			cells[k] = quotedLaTeX(t.Columns[k], EscapeLaTeX(cell))
		}
		fmt.Fprintf(w, "%s \\\\\n", strings.Join(cells, " & "))
	}
	fmt.Fprint(w, "\\bottomrule\n\\end{tabular}}\n")
	if len(t.Notes) > 0 {
		fmt.Fprint(w, "\\par\\smallskip\\begin{minipage}{\\linewidth}\\footnotesize\\raggedright\n")
		for _, n := range t.Notes {
			fmt.Fprintf(w, "%s\\par\n", EscapeLaTeX(n))
		}
		fmt.Fprint(w, "\\end{minipage}\n")
	}
	fmt.Fprint(w, "\\end{table}\n")
}

func quotedLaTeX(c Column, text string) string {
	if c.Quoted && text != "" {
		return "\\textit{" + text + "}"
	}
	return text
}

// EscapeLaTeX sets text so that LaTeX's own fonts have every sign.
func EscapeLaTeX(s string) string { return latex.Replace(s) }

var latex = strings.NewReplacer(
	`\`, `\textbackslash{}`, "&", `\&`, "%", `\%`, "$", `\$`, "#", `\#`, "_", `\_`, "{", `\{`, "}", `\}`, "~", `\textasciitilde{}`, "^", `\textasciicircum{}`,
	"λ_max", `$\lambda_{\max}$`, "s_meta", `$s_{\mathrm{meta}}$`, "r_max", `$r_{\max}$`, "γ_mar", `$\gamma_{\mathrm{mar}}$`, "λ_srn", `$\lambda_{\mathrm{srn}}$`,
	"−", `$-$`, "±", `$\pm$`, "·", `$\cdot$`, "×", `$\times$`, "≥", `$\ge$`, "≤", `$\le$`, "≈", `$\approx$`, "√", `$\surd$`, "→", `$\to$`, "²", `$^2$`, "Σ", `$\Sigma$`,
	"λ", `$\lambda$`, "ρ", `$\rho$`, "θ", `$\theta$`, "Θ", `$\Theta$`, "φ", `$\varphi$`, "γ", `$\gamma$`, "Δ", `$\Delta$`, "μ", `$\mu$`, "τ", `$\tau$`, "ε", `$\varepsilon$`, "∇", `$\nabla$`, "‖", `$\Vert$`, "𝓜", `$\mathcal{M}$`,
	"10⁻¹", `$10^{-1}$`, "10⁻²", `$10^{-2}$`, "10⁻³", `$10^{-3}$`, "10⁻⁴", `$10^{-4}$`, "10⁻⁵", `$10^{-5}$`, "10⁻⁶", `$10^{-6}$`, "10⁻⁷", `$10^{-7}$`, "10⁻⁸", `$10^{-8}$`, "10⁻⁹", `$10^{-9}$`,
	"10³", `$10^3$`, "10⁴", `$10^4$`, "10⁵", `$10^5$`, "10⁶", `$10^6$`, "10⁷", `$10^7$`, "10⁸", `$10^8$`, "10⁹", `$10^9$`,
	"ᵃ", `$^a$`, "ᵇ", `$^b$`, "ᶜ", `$^c$`, "ᵈ", `$^d$`, "ᵉ", `$^e$`, "ᶠ", `$^f$`, "ᵍ", `$^g$`, "ʰ", `$^h$`, "ⁱ", `$^i$`, "ʲ", `$^j$`, "ᵏ", `$^k$`, "ˡ", `$^l$`, "ᵐ", `$^m$`, "ⁿ", `$^n$`,
	"†", `\textsuperscript{\dag}`, "’", "'", "“", "``", "”", "''", "–", "--", "—", "---", "…", `\dots{}`, "§", `\S{}`, "\u00a0", "~", "\u200b", "", "\n", " ",
)
