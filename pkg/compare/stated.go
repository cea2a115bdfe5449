package compare

import (
	"fmt"
	"slices"

	"srn/pkg/record"
)

// Stated is a setting of a protocol that a paper prints, to hold trainings to.
type Stated struct {
	Block, Name string
	Quoted      string                // as the paper prints it
	Fit         func(record.Fit) any  // its value in a training; nil: it is one of meta-training
	Meta        func(record.Meta) any // and in meta-training
	Guided      bool                  // of trainings that a surrogate guides alone
	Want        []any                 // the paper's values; none: it does not state any
	External    []any                 // those under its external protocol, where they are others
	Deviation   string                // in words, %s being our value; "": only tables of settings tell it
}

// State is how a value agrees with what is stated.
type State string

const (
	AsStated  State = "as the paper"
	Differs   State = "differs"
	NotKnown  State = "not known"
	NotStated State = ""
)

// Check says how a value agrees with the paper's.
func (s Stated) Check(v any, external bool) State {
	want := s.Want
	if external && s.External != nil {
		want = s.External
	}
	switch {
	case len(want) == 0:
		return NotStated
	case v == nil:
		return NotKnown
	case slices.ContainsFunc(want, func(w any) bool { return equal(v, w) }):
		return AsStated
	}
	return Differs
}

// Deviations lists in what a training differs from the stated protocol, and
// what of it is not known.
func Deviations(f record.Fit, protocol []Stated) []string {
	var list []string
	for _, s := range protocol {
		if s.Fit == nil || s.Guided && !Guided(f) {
			continue
		}
		list = append(list, s.deviation(s.Fit(f), External(f))...)
	}
	return list
}

// MetaDeviations is the same of a meta-training.
func MetaDeviations(m record.Meta, protocol []Stated) []string {
	var list []string
	for _, s := range protocol {
		if s.Meta != nil {
			list = append(list, s.deviation(s.Meta(m), false)...)
		}
	}
	return list
}

func (s Stated) deviation(v any, external bool) []string {
	if s.Deviation == "" {
		return nil
	}
	want := s.Want
	if external && s.External != nil {
		want = s.External
	}
	switch s.Check(v, external) {
	case Differs:
		return []string{fmt.Sprintf(s.Deviation, Text(v), Text(want[0]))}
	case NotKnown:
		return []string{fmt.Sprintf("%s: not known", lower(s.Name))}
	}
	return nil
}

// lower begins a name within a sentence.
func lower(s string) string {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return s
	}
	return string(s[0]+'a'-'A') + s[1:]
}
