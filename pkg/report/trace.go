package report

import (
	"encoding/json"
	"slices"
	"strings"

	"srn/pkg/record"
)

// traceMark begins the line in which a report names, for machines, what it was
// made from.
const traceMark = "srn-report provenance: "

// trace is that line: a header's tool, version and inputs as JSON. It holds no
// two hyphens in a row, which would end a comment.
func (r *Report) trace() string {
	b, err := json.Marshal(struct {
		Tool    string         `json:"tool"`
		Version string         `json:"version"`
		Inputs  []record.Input `json:"inputs"`
	}{"srn-report", r.Version, r.Inputs})
	if err != nil {
		return "" // strings alone cannot fail
	}
	return traceMark + strings.ReplaceAll(string(b), "--", `-\u002d`)
}

// Trace is the page's copy of the line.
func (r *Report) Trace() string { return r.trace() }

// ReadTrace finds the line in a report that was written as HTML, Markdown or
// LaTeX; ok is false where there is none.
func ReadTrace(content string) (h record.Header, ok bool) {
	_, rest, found := strings.Cut(content, traceMark)
	if !found {
		return h, false
	}
	var t struct {
		Tool    string         `json:"tool"`
		Version string         `json:"version"`
		Inputs  []record.Input `json:"inputs"`
	}
	line, _, _ := strings.Cut(rest, "\n")
	if err := json.NewDecoder(strings.NewReader(line)).Decode(&t); err != nil {
		return h, false
	}
	return record.Header{Tool: t.Tool, Version: t.Version, Inputs: t.Inputs}, true
}

// inputs are the files that sources came from, each once.
func inputs(sources []*Source) []record.Input {
	var list []record.Input
	for _, s := range sources {
		in := record.Input{Name: "records", Path: s.Path, SHA256: s.SHA256}
		if !slices.Contains(list, in) {
			list = append(list, in)
		}
	}
	return list
}
