package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// perRun are settings in which runs of one group may differ: which seed, where
// files lie, how fast and how observed; and what the key of a run holds already.
var perRun = []string{
	"seed", "threads", "device", "quiet", "json", "version", "resume",
	"eval_every", "checkpoint_every", "checkpoints", "metrics", "out", "output", "o", "data", "srn",
	"data_sha256", "srn_sha256", "guidance_ratio_target",
}

// settings flattens a header's config to text by dotted keys.
func settings(config any) map[string]string {
	flat := map[string]string{}
	var walk func(prefix string, v any)
	walk = func(prefix string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, inner := range v {
				walk(strings.TrimPrefix(prefix+"."+k, "."), inner)
			}
		case nil:
		case float64:
			flat[prefix] = strconv.FormatFloat(v, 'g', -1, 64)
		default:
			flat[prefix] = fmt.Sprint(v)
		}
	}
	walk("", config)
	return flat
}

// identity keeps the settings that tell one experiment from another.
func identity(all map[string]string) map[string]string {
	kept := maps.Clone(all)
	for k, v := range kept {
		last := k[strings.LastIndex(k, ".")+1:]
		isPath := strings.ContainsRune(v, '/') || strings.HasSuffix(v, ".zst") || strings.HasSuffix(v, ".safetensors") || strings.HasSuffix(v, ".jsonl")
		if slices.Contains(perRun, last) || strings.HasSuffix(last, "_seed") || isPath {
			delete(kept, k)
		}
	}
	return kept
}

// differing lists, sorted, the keys whose values are not the same in all.
func differing(all []map[string]string) []string {
	keys := map[string]bool{}
	for _, m := range all {
		for k, v := range m {
			for _, other := range all {
				if w, ok := other[k]; !ok || w != v {
					keys[k] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// describe writes the settings of some keys: "guidance_ratio 0.1, r_max 5".
func describe(m map[string]string, keys []string) string {
	var parts []string
	for _, k := range keys {
		v, ok := m[k]
		if !ok || v == "" {
			v = "unset"
		}
		parts = append(parts, k+" "+v)
	}
	return strings.Join(parts, ", ")
}
