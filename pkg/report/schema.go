package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"srn/pkg/artifact"
)

// kind is what a field of a record must be, where it is there.
type kind int

const (
	text     kind = iota // a string
	boolean              // true or false
	real                 // a number, or null where it was not finite
	positive             // a number of at least 0, or null
	fraction             // a number from 0 to 1, or null
	index                // a whole number from 0
	reals                // a list of numbers
	lists                // a list of lists of numbers
)

// expected says, for each type of record that the report reads, which of its
// fields it relies on. Fields that are not named here may be anything.
var expected = map[string]struct {
	needed []string
	kinds  map[string]kind
}{
	"epoch": {[]string{"epoch"}, map[string]kind{"epoch": index, "train_top1": fraction, "train_loss": real, "test_top1": fraction, "test_top5": fraction, "test_loss": real, "test_ece": fraction,
		"grad_norm": positive, "theta_norm": positive, "guidance_ratio": positive, "r": real, "lr": real, "epoch_seconds": positive, "images_per_second": positive, "surrogate_seconds": positive}},
	"final":   {nil, map[string]kind{"epoch": index, "checkpoint_sha256": text, "surrogate_sha256": text}},
	"round":   {[]string{"round"}, map[string]kind{"round": index, "r": real, "s_meta": real, "val_loss": real, "margin": real, "fraction_clipped": fraction, "fraction_floored": fraction, "round_seconds": positive}},
	"eval":    {[]string{"top1"}, checkpointed(map[string]kind{"top1": fraction, "top5": fraction, "loss": real, "ece": fraction, "split": text})},
	"top":     {[]string{"lambda_max"}, checkpointed(map[string]kind{"lambda_max": real, "residual": positive, "converged": boolean, "hvps": index, "algorithm": text, "hessian_seconds": positive})},
	"density": {[]string{"nodes", "weights"}, checkpointed(map[string]kind{"nodes": lists, "weights": lists, "bandwidth": positive, "ritz_min": real, "ritz_max": real, "trace": real, "trace_stderr": positive})},
	"landscape": {[]string{"x_min", "x_max", "x_steps"}, checkpointed(map[string]kind{"x_min": real, "x_max": real, "x_steps": index, "y_min": real, "y_max": real, "y_steps": index,
		"along": text, "normalise": text, "direction_seed": real, "directions_sha256": text, "loss": real})},
	"cell":            {[]string{"checkpoint", "i"}, map[string]kind{"checkpoint": text, "i": index, "j": index, "x": real, "y": real, "loss": real, "top1": fraction}},
	"guidance":        {nil, checkpointed(map[string]kind{"r": real, "cos_theta": real, "cos_grad": real, "abs_cos_v_max": fraction, "abs_cos_random": fraction, "rayleigh_over_lambda_max": real, "lambda_max": real, "srn_sha256": text})},
	"guidance_series": {nil, map[string]kind{"checkpoints": index, "srn_sha256": text, "r2_val_loss": real, "r2_s_meta": real, "r2_lambda_max": real, "r2_theta_norm": real, "r2_epoch": real, "r2_baselines_adjusted": real, "r2_baselines_and_signals_adjusted": real}},
	"stability":       {[]string{"lambda_max"}, checkpointed(map[string]kind{"lambda_max": real, "lr": positive, "bound": real, "lr_over_bound": real, "lr_over_bound_momentum": real, "lambda_max_scaled": real})},
}

// settingKinds are the settings in srn-fit's headers that the report relies on.
var settingKinds = map[string]kind{
	"dataset": text, "data_sha256": text, "arch": text, "method": text, "label": text, "epochs": index, "weight_decay": positive,
	"guidance_ratio_target": positive, "lr": positive, "batch": index, "schedule": text, "augment": text, "lambda_srn": real, "guidance_every": index, "srn_sha256": text,
}

// checkpointed adds the fields of every measurement on a checkpoint.
func checkpointed(more map[string]kind) map[string]kind {
	for name, k := range map[string]kind{"checkpoint": text, "checkpoint_sha256": text, "dataset": text, "data_sha256": text, "arch": text, "method": text, "label": text,
		"seed": real, "epoch": index, "epochs": index, "weight_decay": positive, "guidance_ratio_target": positive, "split": text, "n": index, "subset": text, "subset_seed": index,
		"bn": text, "batch": index, "operator": text, "objective": text, "params": text, "block": text, "l2_term": real} {
		more[name] = k
	}
	return more
}

// check holds the records of a stream to what the report relies on, so that a
// damaged or foreign file is refused by name, line and field rather than shown
// as if its value had not been measured.
func check(path string, number int, s artifact.OldStream) error {
	config, _ := s.Header.Config.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(settingKinds)) {
		if v := config[name]; s.Header.Tool == toolFit && v != nil && !settingKinds[name].holds(v) {
			return &artifact.FormatError{Path: path, Field: fmt.Sprintf("header of stream %d, config %q", number, name),
				Problem: fmt.Sprintf("is %s: want %s", brieflyJSON(v), settingKinds[name]), Mend: "use the file as " + s.Header.Tool + " wrote it"}
		}
	}
	for i, r := range s.Records {
		want, known := expected[r.Type()]
		if !known {
			continue
		}
		line := "a record"
		if i < len(s.Lines) {
			line = fmt.Sprintf("line %d", s.Lines[i])
		}
		fail := func(field, format string, a ...any) error {
			return &artifact.FormatError{Path: path, Field: fmt.Sprintf("%s, field %q of %q", line, field, r.Type()), Problem: fmt.Sprintf(format, a...),
				Mend: "use the file as " + s.Header.Tool + " wrote it"}
		}
		for _, name := range want.needed {
			if _, there := r[name]; !there {
				return fail(name, "is missing")
			}
		}
		for _, name := range slices.Sorted(maps.Keys(want.kinds)) {
			k := want.kinds[name]
			v, there := r[name]
			if !there || v == nil {
				if k == index && there && slices.Contains(want.needed, name) {
					return fail(name, "is null: want %s", k)
				}
				continue
			}
			if !k.holds(v) {
				return fail(name, "is %s: want %s", brieflyJSON(v), k)
			}
		}
		if err := checkGrid(r); err != nil {
			return fail(err.field, "%s", err.problem)
		}
	}
	return nil
}

func (k kind) String() string {
	return [...]string{"a text", "true or false", "a number", "a number of at least 0", "a number from 0 to 1", "a whole number of at least 0", "a list of numbers", "a list of lists of numbers"}[k]
}

// holds says whether a value as read is of the kind.
func (k kind) holds(v any) bool {
	x, isNumber := v.(float64)
	switch k {
	case text:
		_, ok := v.(string)
		return ok
	case boolean:
		_, ok := v.(bool)
		return ok
	case real:
		return isNumber
	case positive:
		return isNumber && x >= 0
	case fraction:
		return isNumber && x >= 0 && x <= 1+1e-6
	case index:
		return isNumber && x >= 0 && x == math.Trunc(x) && x < 1<<53
	}
	list, ok := v.([]any)
	if !ok {
		return false
	}
	for _, inner := range list {
		if k == lists && !reals.holds(inner) {
			return false
		}
		if _, isNumber := inner.(float64); k == reals && !isNumber {
			return false
		}
	}
	return true
}

type gridError struct{ field, problem string }

// maxSteps bounds the points of a landscape along one direction.
const maxSteps = 501

// checkGrid refuses landscapes that cannot be laid out, and densities whose
// nodes and weights do not go together.
func checkGrid(r artifact.Record) *gridError {
	switch r.Type() {
	case "landscape":
		for _, name := range []string{"x_steps", "y_steps"} {
			if n := whole(r, name); n > maxSteps || n == 1 {
				return &gridError{name, fmt.Sprintf("is %d: want 2 to %d", n, maxSteps)}
			}
		}
	case "density":
		nodes, _ := r["nodes"].([]any)
		weights, _ := r["weights"].([]any)
		if len(nodes) != len(weights) {
			return &gridError{"weights", fmt.Sprintf("has %d lists, but nodes has %d", len(weights), len(nodes))}
		}
		for i := range nodes {
			a, _ := nodes[i].([]any)
			b, _ := weights[i].([]any)
			if len(a) != len(b) {
				return &gridError{"weights", fmt.Sprintf("list %d has %d numbers, but that of nodes has %d", i+1, len(b), len(a))}
			}
		}
	}
	return nil
}

// brieflyJSON shows a value in a message.
func brieflyJSON(v any) string {
	switch v := v.(type) {
	case string:
		if r := []rune(v); len(r) > 40 {
			v = string(r[:40]) + "…"
		}
		return strconv.Quote(v)
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case map[string]any:
		return "an object"
	}
	return fmt.Sprint(v)
}
