package cli

import (
	"fmt"
	"strings"
)

// errorLines prints an error, a line for each of its lines (joined errors have
// several), then its hints.
func (o *output) errorLines(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, line := range strings.Split(strings.TrimRight(Message(err), "\n"), "\n") {
		fmt.Fprintf(o.w, "%s: %s\n", o.name, visible(line))
	}
	for _, hint := range Hints(err) {
		fmt.Fprintf(o.w, "hint: %s\n", visible(hint))
	}
}
