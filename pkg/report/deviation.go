package report

import (
	"fmt"
	"strings"

	"srn/pkg/method"
	"srn/pkg/report/number"
	"srn/pkg/report/paper"
)

// deviations lists in what a group differs from the protocol that the paper
// states for a row, each with the paper's setting in brackets. Of what the
// paper does not state, only what changes a row's meaning is named.
func (g *group) deviations(external bool) []string {
	var list []string
	add := func(format string, a ...any) { list = append(list, fmt.Sprintf(format, a...)) }
	if g.Epochs != paper.Epochs {
		add("%s (the paper: %d)", number.Count(g.Epochs, "epoch"), paper.Epochs)
	}
	if n := len(g.whole()); n != paper.Seeds {
		add("%s (%d)", number.Count(n, "seed"), paper.Seeds)
	}
	lr := paper.LR
	if external {
		lr = paper.ExternalLR
	}
	for _, k := range []struct{ key, name, want string }{
		{"lr", "learning rate", number.Plain(lr)}, {"batch", "batches of", fmt.Sprint(paper.Batch)},
		{"schedule", "schedule", paper.Schedule}, {"augment", "augmentation", paper.Augment},
	} {
		if v, ok := g.setting(k.key); ok && v != k.want {
			add("%s %s (%s)", k.name, v, k.want)
		}
	}
	if v, ok := g.setting("split"); ok && v != "train" {
		add("trained on %s (on all training images)", strings.ReplaceAll(v, "_", "-"))
	}
	row, _ := g.row()
	switch {
	case g.WeightDecay != 0 && row == "Weight Decay":
		add("coefficient %s (not stated)", number.Plain(g.WeightDecay))
	case g.WeightDecay != 0:
		add("weight decay %s (not stated)", number.Plain(g.WeightDecay))
	}
	if info, err := method.Find(g.Method); err == nil && !info.Faithful() {
		add("%s differs from its source", info.Name)
	}
	if row == "Implicit" {
		add("read as %s", g.Method)
	}
	if row == "SRN" {
		if v, ok := g.setting("lambda_srn"); ok && v != fmt.Sprint(paper.Lambda) {
			add("λ %s (%d)", v, paper.Lambda)
		}
		if v, ok := g.setting("guidance_every"); ok && v != "1" {
			add("∇r computed every %s steps (every step)", v)
		}
		list = append(list, g.surrogateDeviations()...)
	}
	return list
}

// surrogateDeviations are those of the surrogates that guided the runs.
func (g *group) surrogateDeviations() []string {
	var list []string
	for _, r := range g.whole() {
		if r.surrogate == nil {
			return []string{"the surrogate’s own records are not among the files"}
		}
	}
	for _, k := range []struct{ key, name, want string }{
		{"rounds", "rounds of meta-training", fmt.Sprint(paper.Rounds)}, {"inner_epochs", "inner epochs", "8"}, {"inner_lr", "inner learning rate", "0.01"}, {"outer_lr", "outer learning rate", "0.001"},
	} {
		if v := g.surrogateSetting(k.key); v != "" && v != k.want {
			list = append(list, fmt.Sprintf("%s %s (%s)", k.name, v, k.want))
		}
	}
	return list
}

// surrogateSetting is a setting of the surrogates' meta-training, "" where it
// is not known or not the same for all runs.
func (g *group) surrogateSetting(key string) string {
	value := ""
	for i, r := range g.whole() {
		if r.surrogate == nil {
			return ""
		}
		v := settings(r.surrogate.Header.Config)[key]
		if i > 0 && v != value {
			return ""
		}
		value = v
	}
	return value
}

// setting is what the group's training records say of a setting.
func (g *group) setting(key string) (value string, ok bool) {
	for _, r := range g.runs {
		if value, ok = r.settings[key]; ok {
			return value, true
		}
	}
	return "", false
}

// marks gives each different text of a table a letter of its own, in the order
// in which they come.
type marks struct{ texts []string }

const letters = "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿ"

func (m *marks) of(text string) string {
	if text == "" {
		return ""
	}
	at := -1
	for i, t := range m.texts {
		if t == text {
			at = i
		}
	}
	if at < 0 {
		at = len(m.texts)
		m.texts = append(m.texts, text)
	}
	return letter(at)
}

// letter is a, b, … and after the last aa, bb, …
func letter(at int) string {
	all := []rune(letters)
	return strings.Repeat(string(all[at%len(all)]), at/len(all)+1)
}

// notes explain the letters.
func (m *marks) notes() []string {
	var list []string
	for i, t := range m.texts {
		list = append(list, letter(i)+" "+t+".")
	}
	return list
}
