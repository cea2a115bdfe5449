// Package compare says which trainings and which measurements may be compared.
// It is the only place that decides it: baselines, the best of several rows,
// paired tests, verdicts, the rows of tables and deviations from the paper all
// ask here.
//
// What a difference in a setting means is written at the setting, in the
// compare tags of [record.Network] and [record.Training], so that no setting
// can be forgotten. What tags cannot say is a rule of this package:
//
//   - Weight decay. A method is compared with others of the same weight decay.
//     Cross-entropy with weight decay is itself a method, the paper's row of
//     that name: its coefficient is its own (see [Row]).
//   - The external protocol. AutoAugment, cutout and label smoothing together
//     are the paper's external protocol: with them, they are not the method but
//     what surrounds it (see [External]).
//   - What is not known. A count of images that is 0, or whether images are the
//     official ones where a record does not say, is no difference: the trainings
//     are compared, and that it is not known is said.
package compare

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"srn/pkg/record"
	"srn/pkg/report/number"
)

// Answer says whether two things may be compared: yes, yes with a footnote, or
// no, because of differences.
type Answer struct {
	Differences []Difference // that forbid it
	Footnotes   []Difference // that must be said
}

// Comparable says that nothing forbids a comparison.
func (a Answer) Comparable() bool { return len(a.Differences) == 0 }

// Because lists what forbids a comparison: "train images 45,000 against 50,000".
func (a Answer) Because() string { return join(a.Differences) }

// Footnote lists what must be said of a comparison, "" where nothing must.
func (a Answer) Footnote() string { return join(a.Footnotes) }

func join(list []Difference) string {
	var parts []string
	for _, d := range list {
		parts = append(parts, d.String())
	}
	return strings.Join(parts, ", ")
}

// Difference is a setting that is not the same in two trainings, or not known
// of one of them.
type Difference struct {
	Setting     string // in words
	Mine, Other any    // the values, as in the records; nil: not known
}

func (d Difference) String() string {
	switch {
	case d.Mine == nil && d.Other == nil:
		return d.Setting + ": not known"
	case d.Mine == nil:
		return d.Setting + " not known against " + Text(d.Other)
	case d.Other == nil:
		return d.Setting + " " + Text(d.Mine) + " against not known"
	}
	return d.Setting + " " + Text(d.Mine) + " against " + Text(d.Other)
}

// settings are all that a training has.
var settings = record.FieldsOf(record.Fit{})

// Name is a setting's in words.
func Name(f record.Field) string {
	if f.Name == "DataOfficial" {
		return "official images"
	}
	return strings.ReplaceAll(f.Key, "_", " ")
}

// Trainings says whether the results of two trainings may be compared, as
// those of two methods.
func Trainings(a, b record.Fit) Answer {
	var answer Answer
	for _, f := range settings {
		mine, other := value(f, &a), value(f, &b)
		switch f.Compare {
		case record.OfProtocol, record.OfFootnote:
			switch {
			case (mine == nil || other == nil) && f.Compare == record.OfFootnote:
			case mine == nil || other == nil:
				answer.Footnotes = append(answer.Footnotes, Difference{Name(f), mine, other})
			case equal(mine, other):
			case f.Compare == record.OfFootnote:
				answer.Footnotes = append(answer.Footnotes, Difference{Name(f), mine, other})
			default:
				answer.Differences = append(answer.Differences, Difference{Name(f), mine, other})
			}
		}
	}
	if External(a) != External(b) {
		answer.Differences = append(answer.Differences, Difference{"external protocol", External(a), External(b)})
	}
	if a.WeightDecay != b.WeightDecay && !decayed(a) && !decayed(b) {
		answer.Differences = append(answer.Differences, Difference{decaySetting, a.WeightDecay, b.WeightDecay})
	}
	return answer
}

// Key is equal for repetitions of one configuration: for trainings that have
// every setting in common but those in which repetitions are free, and those
// that are a footnote.
func Key(f record.Fit) string {
	return keyOf(f, func(c record.Class) bool { return c == record.OfMethod || c == record.OfProtocol })
}

// RunKey is equal for two descriptions of one training: those with all settings
// equal, the seed and the surrogate too, but for how the training was observed.
func RunKey(f record.Fit) string {
	f.EvalEvery, f.CheckpointEvery = 0, 0
	return keyOf(f, func(record.Class) bool { return true })
}

func keyOf(f record.Fit, which func(record.Class) bool) string {
	var b strings.Builder
	for _, s := range settings {
		if which(s.Compare) {
			fmt.Fprintf(&b, "%s %#v\n", s.Key, value(s, &f)) // maps by key
		}
	}
	return b.String()
}

// Differing lists the settings, of those that tell configurations apart, whose
// values are not the same in all trainings.
func Differing(all []record.Fit) []record.Field {
	return differing(all, slices.DeleteFunc(slices.Clone(settings), func(f record.Field) bool {
		return f.Compare != record.OfMethod && f.Compare != record.OfProtocol
	}))
}

// DifferingMeta lists the settings whose values are not the same in all
// meta-trainings, but for what they are of: network, data, machine and seed.
func DifferingMeta(all []record.Meta) []record.Field {
	all = slices.Clone(all)
	for i := range all {
		m := &all[i]
		m.Network, m.Dataset, m.DataSHA256, m.MetaTrainImages, m.MetaValImages, m.Kernels, m.Seed = record.Network{}, "", "", 0, 0, "", 0
	}
	return differing(all, record.FieldsOf(record.Meta{}))
}

func differing[T any](all []T, fields []record.Field) []record.Field {
	var list []record.Field
	for _, f := range fields {
		if len(all) == 0 {
			break
		}
		first := value(f, &all[0])
		if slices.ContainsFunc(all, func(o T) bool { return !equal(first, value(f, &o)) }) {
			list = append(list, f)
		}
	}
	return list
}

// value is a setting's, nil where it is not known: a count of images that is 0,
// a footnote that is empty, and what is left out.
func value(f record.Field, of any) any {
	v, ok := f.Value(of)
	if !ok {
		return nil
	}
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil():
		return nil
	case v.Kind() == reflect.Pointer:
		return v.Elem().Interface()
	case f.Unit == "images" && v.IsZero(), f.Compare == record.OfFootnote && v.IsZero():
		return nil
	}
	return v.Interface()
}

// Value is what a training or meta-training, or a pointer to it, says of a
// setting, nil where it is not known.
func Value(f record.Field, of any) any { return value(f, of) }

func equal(a, b any) bool {
	v, w := reflect.ValueOf(a), reflect.ValueOf(b)
	if v.IsValid() && w.IsValid() && (v.Kind() == reflect.Map || v.Kind() == reflect.Slice) && v.Len() == 0 && w.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a, b)
}

// Text writes a setting's value: numbers in the shortest form, whole ones with
// their thousands apart, hashes by their first digits.
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return "not known"
	case bool:
		return map[bool]string{true: "yes", false: "no"}[v]
	case int:
		return number.Whole(v)
	case int64:
		return number.Whole(int(v))
	case float64:
		return number.Plain(v)
	case []int:
		var parts []string
		for _, n := range v {
			parts = append(parts, number.Whole(n))
		}
		return strings.Join(parts, " ")
	case []string:
		return strings.Join(v, "+")
	case map[string]any:
		return strings.Join(listed(v), ", ")
	case string:
		if len(v) == 64 && strings.Trim(v, "0123456789abcdef") == "" {
			return v[:12]
		}
		return v
	case []any: // of a flag
		var parts []string
		for _, x := range v {
			parts = append(parts, Text(x))
		}
		return strings.Join(parts, " ")
	}
	return fmt.Sprint(v)
}
