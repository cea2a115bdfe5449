// Package trace is the line in which a report names, for machines, what it was
// made from.
package trace

import (
	"encoding/json"
	"strings"

	"srn/pkg/record"
)

// mark begins the line.
const mark = "srn-report provenance: "

// line is what it holds.
type line struct {
	Tool    string         `json:"tool"`
	Version string         `json:"version"`
	Inputs  []record.Input `json:"inputs"`
}

// Line is the line: a header's tool, version and inputs as JSON. It holds no
// two hyphens in a row, which would end a comment.
func Line(version string, inputs []record.Input) string {
	b, err := json.Marshal(line{"srn-report", version, inputs})
	if err != nil {
		return "" // strings alone cannot fail
	}
	return mark + strings.ReplaceAll(string(b), "--", `-\u002d`)
}

// Find finds the line in a report that was written as HTML, Markdown or LaTeX;
// ok is false where there is none.
func Find(content string) (h record.Header, ok bool) {
	_, rest, found := strings.Cut(content, mark)
	if !found {
		return h, false
	}
	var t line
	text, _, _ := strings.Cut(rest, "\n")
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&t); err != nil {
		return h, false
	}
	return record.Header{Tool: t.Tool, Version: t.Version, Inputs: t.Inputs}, true
}
