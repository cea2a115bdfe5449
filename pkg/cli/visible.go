package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Visible passes text on to w with control characters other than line ends and
// tabs spelt out, as \x1b: names and texts from files must not command the
// terminal that shows them.
func Visible(w io.Writer) io.Writer { return visibleWriter{w} }

type visibleWriter struct{ w io.Writer }

func (v visibleWriter) Write(b []byte) (int, error) {
	if _, err := io.WriteString(v.w, visible(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}

func visible(s string) string {
	hidden := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	if strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if hidden(r) {
			fmt.Fprintf(&b, `\x%02x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
