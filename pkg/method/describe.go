package method

import (
	"fmt"
	"strings"
)

// Describe prints all there is to know of a method as text.
func (i Info) Describe() string {
	var b strings.Builder
	for n, p := range i.parts() {
		if n > 0 {
			fmt.Fprintln(&b)
		}
		fmt.Fprintln(&b, p.Name)
		line := func(what, text string) {
			if text != "" {
				fmt.Fprintf(&b, "  %-11s %s\n", what, text)
			}
		}
		line("formula", p.Formula)
		line("reference", p.Reference)
		line("read", string(p.Read))
		line("paper row", p.PaperRow)
		line("passes", p.Passes+" a step")
		line("needs", p.requirements())
		if p.WeightDecay != 0 {
			line("default", "--weight-decay "+format(p.WeightDecay))
		}
		for _, q := range p.Params {
			line("--set", fmt.Sprintf("%s=%s  (%s) %s", q.Name, q.Defaults(), q.Range(), q.Help))
		}
		for _, d := range p.Differs {
			line("differs", d)
		}
		for _, note := range p.Notes {
			line("note", note)
		}
	}
	return b.String()
}

// requirements says what a method needs besides data.
func (i Info) requirements() string {
	var needs []string
	if i.Surrogate {
		needs = append(needs, "a surrogate (--srn)")
	}
	if i.Validation {
		needs = append(needs, "held-out images (--split meta_train)")
	}
	if i.Outliers {
		needs = append(needs, "outliers, generated or a file's (--outliers)")
	}
	return strings.Join(needs, ", ")
}

// ParamList lists the parameters with their defaults, a/b where that for 100
// classes is b.
func (i Info) ParamList() string {
	var list []string
	for _, p := range i.Params {
		list = append(list, p.Name+"="+p.Default)
		if p.Hundred != "" {
			list[len(list)-1] += "/" + p.Hundred
		}
	}
	return strings.Join(list, " ")
}

// Markdown is the table of all methods and what each is, for docs/methods.md.
func Markdown() string {
	var b strings.Builder
	cell := func(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
	fmt.Fprintln(&b, "| method | paper's row | passes a step | minimises | parameters | reference | as its source |")
	fmt.Fprintln(&b, "|---|---|---|---|---|---|---|")
	for _, m := range registry {
		as := "yes"
		if !m.Faithful() {
			as = "no"
		}
		if m.Read == OwnRule {
			as = ""
		}
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s | %s | %s | %s | %s |\n", m.Name, m.Name, cell(m.PaperRow), m.Passes, cell(m.Formula), cell(m.ParamList()), cell(m.Reference), as)
	}
	for _, m := range registry {
		fmt.Fprintf(&b, "\n### %s\n\n%s. %s", m.Name, m.Formula, m.Reference)
		if m.Reference != "" {
			fmt.Fprint(&b, ".")
		}
		if r := m.requirements(); r != "" {
			fmt.Fprintf(&b, " Needs %s.", r)
		}
		if m.Read != OwnRule {
			fmt.Fprintf(&b, " Read: %s.", m.Read)
		}
		fmt.Fprint(&b, "\n")
		if len(m.Params)+len(m.Notes)+len(m.Differs) > 0 {
			fmt.Fprintln(&b)
		}
		for _, p := range m.Params {
			fmt.Fprintf(&b, "- `%s` (default %s; %s): %s\n", p.Name, p.Defaults(), p.Range(), p.Help)
		}
		for _, d := range m.Differs {
			fmt.Fprintf(&b, "- **Differs from its source**: %s\n", d)
		}
		for _, note := range m.Notes {
			fmt.Fprintf(&b, "- %s\n", note)
		}
	}
	return b.String()
}
