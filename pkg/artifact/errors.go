package artifact

import (
	"fmt"
	"strings"
)

// FormatError reports a file whose content is not what it should be. Failures
// of the operating system (a missing file, a full disk) are never a
// FormatError.
type FormatError struct {
	Path    string // the file, as the user named it
	Field   string // the part at fault, such as `tensor "conv1.weight"` or `line 3`; may be empty
	Problem string // what is wrong with it
	Mend    string // what the user can do; may be empty
	Setting string // the setting that does it, such as "allow-partial"; may be empty
}

// Error joins the parts: "path: field: problem; mend".
func (e *FormatError) Error() string {
	var b strings.Builder
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	if e.Field != "" {
		b.WriteString(e.Field + ": ")
	}
	b.WriteString(e.Problem)
	if e.Mend != "" {
		b.WriteString("; " + e.Mend)
	}
	return b.String()
}

// formatErrorf returns a FormatError without a mend.
func formatErrorf(path, field, format string, a ...any) *FormatError {
	return &FormatError{Path: path, Field: field, Problem: fmt.Sprintf(format, a...)}
}

// mend adds what the user can do.
func (e *FormatError) mend(m string) *FormatError {
	e.Mend = m
	return e
}

// quantity counts in words: 1 byte, 2 bytes.
func quantity(n int64, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}
