package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/alecthomas/kong"

	"srn/pkg/record"
)

// Context is what a command's Run method receives. Threads is resolved to a
// number of at least 1.
type Context struct {
	Name    string // of the command, such as srn-fit
	Version string // for the records' headers
	Common

	stdout io.Writer
	out    *output
	flags  []*kong.Flag // of the command at hand
	signal interrupt
}

// Stdout is standard output, for results.
func (c *Context) Stdout() io.Writer { return c.stdout }

// Logf prints a note on standard error, unless --quiet.
func (c *Context) Logf(format string, a ...any) {
	if !c.Quiet {
		c.out.line("", format, a...)
	}
}

// Warnf prints a warning on standard error.
func (c *Context) Warnf(format string, a ...any) { c.out.line("warning: ", format, a...) }

// Record prints a record as one line of JSON on standard output where --json
// asks for it, and else does nothing.
func (c *Context) Record(r record.Record) error {
	if !c.JSON {
		return nil
	}
	line, err := record.Encode(r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "%s\n", line)
	return err
}

// Result prints v as one line of JSON on standard output where --json asks
// for it, and else does nothing.
func (c *Context) Result(v any) error {
	if !c.JSON {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "%s\n", b)
	return err
}

// output is standard error: message lines, and at most one progress bar that
// steps aside for them.
type output struct {
	name     string
	w        io.Writer
	terminal bool
	quiet    bool

	mu  sync.Mutex
	bar *Bar
}

func (o *output) line(label, format string, a ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hideBar()
	fmt.Fprintf(o.w, "%s: %s%s\n", o.name, label, visible(fmt.Sprintf(format, a...)))
	o.showBar()
}
