// Package load reads record files and sorts their records into runs: a
// training with what was measured on its checkpoints, and meta-trainings. It
// concludes nothing.
package load

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/compare"
	"srn/pkg/record"
)

// Source is the records of one run of a command and the file that they came
// from.
type Source struct {
	Path   string // as the user named it; "standard input" for "-"
	SHA256 string // of the file's uncompressed bytes; empty for standard input
	artifact.Stream
}

// tools are those whose records a report is made of.
var tools = []string{"srn-fit", "srn-meta", "srn-eval", "srn-hessian"}

// Read reads record files, "-" being standard input. A file may hold several
// streams, and need not be complete. Errors name the file; what is no record
// file, or holds records of other commands, is an *artifact.FormatError.
func Read(paths []string) ([]*Source, error) {
	var sources []*Source
	for _, path := range paths {
		streams, sum, err := artifact.HashRecords(path)
		if err != nil {
			return nil, err
		}
		name := path
		if path == "-" {
			name, sum = "standard input", ""
		}
		for i, s := range streams {
			if !slices.Contains(tools, s.Header.Tool) {
				return nil, &artifact.FormatError{
					Path: name, Field: fmt.Sprintf("stream %d", i+1),
					Problem: fmt.Sprintf("holds records of %q", s.Header.Tool),
					Mend:    "give records of srn-fit, srn-eval, srn-hessian or srn-meta",
				}
			}
			sources = append(sources, &Source{Path: name, SHA256: sum, Stream: s})
		}
	}
	return sources, nil
}

// Sorted orders sources so that the order of arguments does not show, and drops
// those given twice.
func Sorted(sources []*Source) []*Source {
	sources = slices.Clone(sources)
	slices.SortStableFunc(sources, func(a, b *Source) int {
		return cmp.Or(strings.Compare(a.Header.Tool, b.Header.Tool), strings.Compare(a.Path, b.Path))
	})
	return slices.CompactFunc(sources, func(a, b *Source) bool {
		return a == b || a.Path == b.Path && a.SHA256 == b.SHA256 && a.SHA256 != "" && len(a.Records) == len(b.Records) && a.Header.Seed == b.Header.Seed && a.Header.Tool == b.Header.Tool && sameRecords(a, b)
	})
}

func sameRecords(a, b *Source) bool {
	for i := range a.Records {
		x, err := record.Marshal(a.Records[i])
		y, err2 := record.Marshal(b.Records[i])
		if err != nil || err2 != nil || a.Records[i].Type() != b.Records[i].Type() || !bytes.Equal(x, y) {
			return false
		}
	}
	return true
}

// Fit is the configuration of a training; ok is false for other sources.
func (s *Source) Fit() (f record.Fit, ok bool) {
	c, ok := s.Header.Config.(*record.Fit)
	if ok {
		f = *c
	}
	return f, ok
}

// Meta is the configuration of a meta-training; ok is false for other sources.
func (s *Source) Meta() (m record.Meta, ok bool) {
	c, ok := s.Header.Config.(*record.Meta)
	if ok {
		m = *c
	}
	return m, ok
}

// Partial is the suffix of files that are still being written.
const Partial = ".partial"

// State is how the source's run ended, "" where it ended well.
func (s *Source) State() string {
	switch {
	case s.Complete && (s.Status == "" || s.Status == record.OK):
		return ""
	case s.Complete:
		return s.Status
	case strings.HasSuffix(s.Path, Partial):
		return "incomplete: still being written, or interrupted"
	}
	return "incomplete: no end record"
}

// Development says that the source's version names no revision of the program.
func (s *Source) Development() bool {
	return s.Header.Version == "" || s.Header.Version == "devel" || strings.HasSuffix(s.Header.Version, "-dirty") || strings.HasSuffix(s.Header.Version, "+dirty")
}

// Of lists a source's records of one type.
func Of[T record.Record](s *Source) []*T {
	var list []*T
	for _, r := range s.Records {
		if t, ok := any(r).(*T); ok {
			list = append(list, t)
		}
	}
	return list
}

// Setting is a setting of a header's configuration.
type Setting struct {
	Name  string // its key
	Value any    // nil where it is not known
}

// Settings lists the settings of a header's configuration: those of trainings
// and meta-trainings in their order, others by name.
func Settings(config any) []Setting {
	var list []Setting
	switch config := config.(type) {
	case *record.Fit, *record.Meta:
		for _, f := range record.FieldsOf(config) {
			list = append(list, Setting{f.Key, compare.Value(f, config)})
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(config)) {
			list = append(list, Setting{name, config[name]})
		}
	}
	return list
}
