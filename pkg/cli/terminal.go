package cli

import (
	"io"
	"os"

	"golang.org/x/term"
)

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// CheckBinaryOutput refuses to write binary data to a terminal: an error where
// path is "-" and standard output is one.
func (c *Context) CheckBinaryOutput(path string) error { return checkBinary(path, c.stdout) }

func checkBinary(path string, stdout io.Writer) error {
	if (path == "-" || path == "/dev/stdout") && isTerminal(stdout) {
		return WithHint(Errorf(ExitUsage, "refusing to write binary data to a terminal"),
			"name a file with -o, or redirect standard output")
	}
	return nil
}
