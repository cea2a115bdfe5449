package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// Fields without which a number cannot be compared with another.
var (
	// matter is what a record is about.
	matter = strings.Fields(`checkpoint checkpoint_sha256 arch method dataset data_sha256 seed epoch epochs weight_decay
		mean std split n subset subset_seed bn batch objective l2_term loss_l2 loss`)
	// work is how it was found, and at what cost.
	work = []string{"algorithm", "hvps", "hessian_seconds"}
	// pair is what belongs to an eigenvalue.
	pair = []string{"residual", "converged", "steps", "hvps"}
	// search is how eigenpairs were looked for.
	search = []string{"algorithm", "tol", "lanczos_seed", "warm_start", "lambda_max"}
)

func suffixed(list []string, suffix string) []string {
	var out []string
	for _, s := range list {
		out = append(out, s+suffix)
	}
	return out
}

// told lists the fields of each type of record.
var told = map[string][]string{
	"top": slices.Concat(matter, work, search, pair, strings.Fields(
		`operator params per block parameters order k restarts basis_bytes lambda_min residual_verified eigenvalues residuals pairs_converged`)),
	"density": slices.Concat(matter, work, strings.Fields(
		`operator params per block parameters steps runs probe probe_seed ritz_min ritz_max nodes weights trace trace_stderr grid density bandwidth`)),
	"trace": slices.Concat(matter, work, strings.Fields(
		`operator params per block parameters probe probe_seed sketch samples trace trace_stderr frobenius frobenius_stderr`)),
	"check": slices.Concat(matter, strings.Fields(
		`operator params per block parameters passed verdict reason symmetry symmetry_tol batches batches_tol deterministic compared smallest_fault smallest_fault_difference tensors_telling tensors deviations deviations_rounding hvps`)),
	"worst":           slices.Concat(matter, work, search, pair, strings.Fields(`rho worst_loss increase first_order second_order gradients ascent_converged`)),
	"margin":          slices.Concat(matter, work, search, pair, suffixed(pair, "_margin"), suffixed(pair, "_min_margin"), []string{"tau", "lambda_max_margin", "lambda_min_margin"}),
	"guidance":        slices.Concat(matter, work, search, pair, strings.Fields(`srn_sha256 r grad_r_norm cos_theta cos_grad abs_cos_v_max rayleigh s_meta`)),
	"stability":       slices.Concat(matter, work, search, pair, suffixed(pair, "_scaled"), strings.Fields(`lr lr_next momentum bound lambda_max_scaled lambda_max_layers residuals_layers hvps_layers`)),
	"landscape":       slices.Concat(matter, strings.Fields(`along normalise direction_seed x_min x_max x_steps residuals eigenvalues converged steps hvps`)),
	"guidance_series": strings.Fields(`srn_sha256 split n subset subset_seed bn batch checkpoints r2_baselines`),
}

// records reads JSON Lines.
func records(ts *testscript.TestScript, file string) []map[string]any {
	var list []map[string]any
	d := json.NewDecoder(bytes.NewReader([]byte(ts.ReadFile(file))))
	for d.More() {
		var r map[string]any
		ts.Check(d.Decode(&r))
		list = append(list, r)
	}
	return list
}

// tell FILE TYPE…: there are records of every one of the types, and each has
// the fields of its type, of which none that can be told is null.
func tell(ts *testscript.TestScript, neg bool, args []string) {
	seen := map[string]bool{}
	for _, r := range records(ts, args[0]) {
		kind := r["type"].(string)
		seen[kind] = true
		for _, field := range told[kind] {
			v, ok := r[field]
			if !ok {
				ts.Fatalf("%s: a record of type %s has no %s", args[0], kind, field)
			}
			if v == nil && slices.Contains(slices.Concat(matter, work, pair), field) {
				ts.Fatalf("%s: %s of a record of type %s is null", args[0], field, kind)
			}
		}
		for _, list := range []string{"residuals", "pairs_converged"} {
			if values, ok := r["eigenvalues"].([]any); ok && r[list] != nil && len(r[list].([]any)) != len(values) {
				ts.Fatalf("%s: %d %s of %d eigenvalues", args[0], len(r[list].([]any)), list, len(values))
			}
		}
	}
	for _, kind := range args[1:] {
		if !seen[kind] {
			ts.Fatalf("%s: no record of type %s", args[0], kind)
		}
	}
}

// same A B: two files have the same records but for wall times.
func same(ts *testscript.TestScript, neg bool, args []string) {
	a, b := records(ts, args[0]), records(ts, args[1])
	for _, list := range [][]map[string]any{a, b} {
		for _, r := range list {
			for key := range r {
				if strings.HasSuffix(key, "_seconds") {
					delete(r, key)
				}
			}
		}
	}
	if !reflect.DeepEqual(a, b) {
		ts.Fatalf("%s and %s differ by more than times", args[0], args[1])
	}
}
