package report

import (
	"fmt"
	"slices"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/report/chart"
	"srn/pkg/report/number"
)

// guidanceSections show what the surrogate's gradient points at, and what its
// value follows.
func (s *study) guidanceSections() []Section {
	section := Section{ID: "guidance", Heading: "What the surrogate’s gradient points at"}
	for i, co := range s.cohorts {
		for k, cond := range co.conditionsOf("guidance") {
			of := recordsOf("guidance", cond)
			for _, q := range []struct {
				key, title, label string
			}{
				{"abs_cos_v_max", "Along the sharpest direction", "|cos(∇r, v_max)|"},
				{"cos_grad", "Along the loss’s gradient", "cos(∇r, ∇L)"},
				{"cos_theta", "Along the weights", "cos(∇r, θ)"},
				{"rayleigh_over_lambda_max", "Curvature along ∇r", "Rayleigh quotient of ∇r / λ_max"},
				{"r", "The surrogate’s value", "r(Θ; φ)"},
			} {
				f := co.figure(fmt.Sprintf("guidance-%d-%d-%s", i+1, k+1, strings.ReplaceAll(q.key, "_", "-")), q.title+", "+co.heading(s.cohorts), q.label, chart.Linear, number.Digits(3), source{of, q.key, 1})
				l := f.Chart.(*chart.Lines)
				if random, ok := co.first(of, "abs_cos_random"); ok && q.key == "abs_cos_v_max" && len(l.Series) > 0 {
					l.Marks = []chart.Mark{{At: random, Label: "a random direction’s"}}
				}
				f.Caption = capital(cond.String()) + ". " + f.Caption
				section.Figures = append(section.Figures, drawn(f)...)
			}
		}
	}
	if t := s.explained(); len(t.Rows) > 0 {
		section.Tables = append(section.Tables, t)
	}
	return nonEmpty(section)
}

// first is the first value under a key.
func (c *cohort) first(of func(*run) []artifact.Record, key string) (float64, bool) {
	for _, g := range c.groups {
		for _, r := range g.drawn() {
			for _, rec := range of(r) {
				if v, ok := rec.Float(key); ok {
					return v, true
				}
			}
		}
	}
	return 0, false
}

// explained lists how much of r's variation along a series of checkpoints
// other quantities explain.
func (s *study) explained() Table {
	t := Table{
		Caption: "How much of r’s variation along a series of checkpoints other quantities explain, R²",
		Columns: []Column{{Head: "Checkpoints of"}, {Head: "Number", Number: true}, {Head: "Validation loss", Number: true}, {Head: "s_meta", Number: true}, {Head: "λ_max", Number: true},
			{Head: "‖θ‖", Number: true}, {Head: "Epoch", Number: true}, {Head: "‖θ‖ and epoch, adjusted", Number: true}, {Head: "And the signals, adjusted", Number: true}},
		Notes: []string{"‖θ‖ and the epoch move with everything else in a run: only what the signals (validation loss and inverse margin) add to these two is more than size and time. Empty: too few checkpoints, or nothing varies."},
	}
	for _, src := range s.sources {
		for _, rec := range src.of("guidance_series") {
			var names []string
			for _, g := range src.of("guidance") {
				name := fmt.Sprintf("%s, seed %d", g.Text("method"), whole(g, "seed"))
				if v, _ := g.Float("guidance_ratio_target"); v != 0 {
					name = fmt.Sprintf("%s at ratio %s, seed %d", g.Text("method"), number.Plain(v), whole(g, "seed"))
				}
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
			row := []string{strings.Join(names, "; "), fmt.Sprint(whole(rec, "checkpoints"))}
			for _, key := range []string{"r2_val_loss", "r2_s_meta", "r2_lambda_max", "r2_theta_norm", "r2_epoch", "r2_baselines_adjusted", "r2_baselines_and_signals_adjusted"} {
				text := ""
				if v, ok := rec.Float(key); ok {
					text = number.Fixed(v, 3)
				}
				row = append(row, text)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

// stabilitySections set the learning rate beside what curvature allows.
func (s *study) stabilitySections() []Section {
	section := Section{ID: "stability", Heading: "Edge of stability"}
	for i, co := range s.cohorts {
		for k, cond := range co.conditionsOf("stability") {
			of := recordsOf("stability", cond)
			for _, q := range []struct {
				key, title, label string
				scale             chart.Scale
				mark              *chart.Mark
			}{
				{"lr_over_bound", "Learning rate over 2/λ_max", "Learning rate · λ_max / 2", chart.Auto, &chart.Mark{At: 1, Label: "edge of stability of gradient descent"}},
				{"lr_over_bound_momentum", "The same with momentum", "Learning rate · λ_max / 2(1 + μ)", chart.Auto, &chart.Mark{At: 1, Label: "edge of stability with momentum μ"}},
				{"lambda_max_scaled", "Sharpness without the scale of weights", "Largest eigenvalue of D·H·D, D = ‖θ_l‖ of each layer", chart.Auto, nil},
			} {
				f := co.figure(fmt.Sprintf("stability-%d-%d-%s", i+1, k+1, strings.ReplaceAll(q.key, "_", "-")), q.title+", "+co.heading(s.cohorts), q.label, q.scale, number.Digits(3), source{of, q.key, 1})
				if l := f.Chart.(*chart.Lines); q.mark != nil && len(l.Series) > 0 {
					l.Marks = []chart.Mark{*q.mark}
				}
				f.Caption = capital(cond.String()) + ". " + f.Caption
				section.Figures = append(section.Figures, drawn(f)...)
			}
		}
	}
	if len(section.Figures) > 0 {
		section.Detail = "The bound is of full-batch gradient descent on a quadratic; a run on mini-batches need not reach it. The last epochs of a cosine schedule have a learning rate near 0"
	}
	return nonEmpty(section)
}
