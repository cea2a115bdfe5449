package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"srn/pkg/artifact"
)

// schema is the latest version of the records' layout.
const schema = 2

// Tools whose records the report reads.
const (
	toolFit     = "srn-fit"
	toolEval    = "srn-eval"
	toolHessian = "srn-hessian"
	toolMeta    = "srn-meta"
)

// Source is one stream of records and the file it came from.
type Source struct {
	Path   string // as the user named it; "standard input" for "-"
	SHA256 string // of the file's uncompressed bytes; empty for standard input
	artifact.OldStream
}

// Read reads record files, "-" being standard input. A file may hold several
// streams. Errors name the file; what is no record file, or holds records of a
// tool that the report does not know, is an *artifact.FormatError.
func Read(paths []string) ([]*Source, error) {
	var sources []*Source
	for _, path := range paths {
		streams, sum, err := artifact.OldRecords(path)
		if err != nil {
			return nil, err
		}
		name := path
		if path == "-" {
			name, sum = "standard input", ""
		}
		for i, s := range streams {
			if s.Header.Tool != toolFit && s.Header.Tool != toolEval && s.Header.Tool != toolHessian && s.Header.Tool != toolMeta {
				return nil, &artifact.FormatError{
					Path: name, Field: fmt.Sprintf("stream %d", i+1),
					Problem: fmt.Sprintf("holds records of %q", s.Header.Tool),
					Mend:    "give records of srn-fit, srn-eval, srn-hessian or srn-meta",
				}
			}
			if s.Header.Schema > schema {
				return nil, &artifact.FormatError{
					Path: name, Field: fmt.Sprintf("stream %d", i+1),
					Problem: fmt.Sprintf("its records have layout %d, this command reads up to %d", s.Header.Schema, schema),
					Mend:    "use the version that wrote them, " + cmp.Or(s.Header.Version, "which is not told"),
				}
			}
			if err := check(name, i+1, s); err != nil {
				return nil, err
			}
			sources = append(sources, &Source{Path: name, SHA256: sum, OldStream: s})
		}
	}
	return sources, nil
}

// sortSources orders sources so that the order of arguments does not show, and
// drops those given twice.
func sortSources(sources []*Source) []*Source {
	sources = slices.Clone(sources)
	slices.SortStableFunc(sources, func(a, b *Source) int {
		if c := strings.Compare(a.Header.Tool, b.Header.Tool); c != 0 {
			return c
		}
		return strings.Compare(a.Path, b.Path)
	})
	return slices.CompactFunc(sources, func(a, b *Source) bool {
		return a == b || a.Path == b.Path && a.SHA256 == b.SHA256 && a.SHA256 != "" && len(a.Records) == len(b.Records) && a.Header.Seed == b.Header.Seed && a.Header.Tool == b.Header.Tool && sameRecords(a, b)
	})
}

func sameRecords(a, b *Source) bool {
	for i := range a.Records {
		if fmt.Sprint(a.Records[i]) != fmt.Sprint(b.Records[i]) {
			return false
		}
	}
	return true
}

// input is the sha256 of the input with a role, "" where there is none.
func (s *Source) input(name string) string {
	for _, in := range s.Header.Inputs {
		if in.Name == name {
			return in.SHA256
		}
	}
	return ""
}

// data is the sha256 of the data artifact, from the header's inputs or else
// from a record or config.
func (s *Source) data(rec artifact.Record) string {
	return cmp.Or(s.input("data"), rec.Text("data_sha256"))
}

// of lists the records of a type.
func (s *Source) of(kind string) []artifact.Record {
	var list []artifact.Record
	for _, r := range s.Records {
		if r.Type() == kind {
			list = append(list, r)
		}
	}
	return list
}
