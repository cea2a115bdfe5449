package checkpoint

import (
	"fmt"
	"strings"

	"srn/pkg/artifact"
)

// Advice is an option of [Overrides], by its name in lower case, and a value
// for it.
type Advice struct{ Option, Value string }

// AdviceError is a FormatError that options would settle.
type AdviceError struct {
	*artifact.FormatError
	Advice []Advice
	// Examples says that the values are not known, but such as these.
	Examples bool
}

// Unwrap returns the FormatError.
func (e *AdviceError) Unwrap() error { return e.FormatError }

func (c *Checkpoint) notef(format string, a ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, a...))
}

func (c *Checkpoint) fail(field, mend, format string, a ...any) *artifact.FormatError {
	return &artifact.FormatError{Path: c.Path, Field: field, Problem: fmt.Sprintf(format, a...), Mend: mend}
}

func (c *Checkpoint) failf(field, mend, format string, a ...any) error {
	return c.fail(field, mend, format, a...)
}

// some joins the first few of a list.
func some(list []string) string {
	const most = 6
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}
