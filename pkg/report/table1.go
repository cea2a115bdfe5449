package report

import (
	"fmt"
	"slices"
	"strings"

	"srn/pkg/report/paper"
)

// table1 sets the settings of the runs read beside those of the paper's
// Table 1 and sections 4.1 and A.3.
func (s *study) table1() []Section {
	t := Table{
		Caption: "Table 1: settings, the paper’s (quoted) and those of the runs read",
		Columns: []Column{{Head: "Setting"}, {Head: "The paper, quoted", Quoted: true}, {Head: "Runs read"}, {Head: ""}},
		Breaks:  map[int]string{},
	}
	var fit, guided, meta []map[string]string
	for _, src := range s.sources {
		switch c := settings(src.Header.Config); {
		case src.Header.Tool == toolMeta:
			meta = append(meta, c)
		case src.Header.Tool == toolFit:
			fit = append(fit, c)
			if src.input("srn") != "" {
				guided = append(guided, c)
			}
		}
	}
	block := ""
	for _, k := range []struct {
		block, name, key, quoted string
		agrees                   []string // values that do; empty: there is nothing to agree with
		of                       []map[string]string
	}{
		{"Classifier", "Network", "arch", "ResNet-8/20/32", []string{"resnet8", "resnet20", "resnet32"}, fit},
		{"Classifier", "Epochs", "epochs", "200", []string{"200"}, fit},
		{"Classifier", "Initial learning rate", "lr", "0.06", []string{"0.06"}, fit},
		{"Classifier", "Schedule", "schedule", "cosine (A.3.3)", []string{"cosine"}, fit},
		{"Classifier", "Momentum", "momentum", "not given (“SGD with momentum”, A.3)", nil, fit},
		{"Classifier", "Batch", "batch", "128 (A.3)", []string{"128"}, fit},
		{"Classifier", "Augmentation", "augment", "random crop, horizontal flip (A.3)", []string{"crop-flip"}, fit},
		{"Classifier", "Weight decay", "weight_decay", "not given", nil, fit},
		{"Classifier", "Trained on", "split", "all training images", []string{"train"}, fit},
		{"Guidance", "λ_srn", "lambda_srn", "1", []string{"1"}, guided},
		{"Guidance", "Held ratio ‖λ∇r‖/‖∇task‖", "guidance_ratio_target", "none", []string{"0"}, guided},
		{"Guidance", "∇r computed every … steps", "guidance_every", "1 (“at every training step”)", []string{"1"}, guided},
		{"Meta-training", "Schedule", "mode", "rounds of an inner and an outer stage (Algorithm 1: step by step)", []string{"alternate"}, meta},
		{"Meta-training", "Rounds", "rounds", "100", []string{"100"}, meta},
		{"Meta-training", "Inner epochs", "inner_epochs", "8", []string{"8"}, meta},
		{"Meta-training", "Inner learning rate", "inner_lr", "0.01", []string{"0.01"}, meta},
		{"Meta-training", "Outer learning rate", "outer_lr", "0.001", []string{"0.001"}, meta},
		{"Meta-training", "Inner sample", "inner_n", "80 (CIFAR-10), 300 (CIFAR-100), of no unit", []string{"80", "300"}, meta},
		{"Meta-training", "Outer sample", "outer_n", "400 (CIFAR-10), 100 (CIFAR-100), of no unit", []string{"400", "100"}, meta},
		{"Meta-training", "γ_mar", "gamma_mar", "0, 0.5 and 1 (Table 4)", []string{"0", "0.5", "1"}, meta},
		{"Meta-training", "z()", "z", "not given", nil, meta},
		{"Surrogate", "Form", "surrogate", "Conv1D; MLP (Table 4)", []string{"conv", "mlp"}, meta},
		{"Surrogate", "Channels", "channels", "128 → 64 → 32", []string{"[128 64 32]"}, meta},
		{"Surrogate", "Kernel", "kernel", "9", []string{"9"}, meta},
		{"Surrogate", "Head", "head", "GAP → Softplus", nil, meta},
		{"Surrogate", "r_max", "r_max", "10; 1 to 200 (Table 4)", []string{"1", "5", "10", "50", "200"}, meta},
		{"Surrogate", "Reads", "input", "“weights of the backbone”", nil, meta},
	} {
		values := distinct(k.of, k.key)
		state := ""
		if len(values) > 0 && k.agrees != nil {
			state = "as the paper"
			if slices.ContainsFunc(values, func(v string) bool { return !slices.Contains(k.agrees, v) }) {
				state = "differs"
			}
		}
		if k.block != block {
			block = k.block
			t.Breaks[len(t.Rows)] = block
		}
		t.Rows = append(t.Rows, []string{k.name, k.quoted, strings.Trim(strings.Join(values, "; "), "[]"), state})
	}
	t.Notes = append([]string{fmt.Sprintf("Runs read: %d of srn-fit, %d of srn-meta. Several values: runs differ.", len(fit), len(meta))}, paperNotes(paper.Notes[1])...)
	return []Section{{ID: "table-1", Heading: "Table 1: settings", Tables: []Table{t}, Unmeasured: len(fit)+len(meta) == 0}}
}

// distinct lists the values of a setting, in their order of coming.
func distinct(configs []map[string]string, key string) []string {
	var list []string
	for _, c := range configs {
		if v, ok := c[key]; ok && !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	slices.Sort(list)
	return list
}
