// Command summary reads what go test -json prints and tells what matters of it:
// a line a package, all that a test that failed printed, and, appended to the
// file that its argument names, a line for each test that was skipped, with the
// reason. It ends with 1 where something failed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is a line of go test -json: see go doc test2json.
type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

func main() {
	skips, err := os.OpenFile(os.Args[1], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ok, err := summarise(os.Stdin, os.Stdout, skips)
	if err == nil {
		err = skips.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// summarise reads events to their end and reports whether nothing failed.
func summarise(in io.Reader, out, skips io.Writer) (ok bool, err error) {
	ok = true
	printed := map[[2]string]*strings.Builder{} // by package and test, while they run
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(out, lines.Text()) // of the go command itself
			continue
		}
		key := [2]string{e.Package, e.Test}
		if e.Action == "output" || e.Action == "build-output" {
			if e.Action == "build-output" {
				fmt.Fprint(out, e.Output)
				continue
			}
			if printed[key] == nil {
				printed[key] = &strings.Builder{}
			}
			printed[key].WriteString(e.Output)
			continue
		}
		var text string
		if printed[key] != nil {
			text = printed[key].String()
		}
		switch e.Action {
		case "build-fail":
			ok = false
		case "fail":
			ok = false
			fmt.Fprint(out, text)
			if e.Test == "" {
				fmt.Fprintf(out, "FAIL\t%s\t%.1f s\n", e.Package, e.Elapsed)
			}
		case "pass":
			if e.Test == "" {
				fmt.Fprintf(out, "ok\t%s\t%.1f s\n", e.Package, e.Elapsed)
			}
		case "skip":
			if e.Test != "" {
				fmt.Fprintf(skips, "%s %s: %s\n", strings.TrimPrefix(e.Package, "srn/"), e.Test, reason(text))
			}
		default:
			continue
		}
		delete(printed, key)
	}
	return ok, lines.Err()
}

// reason is what a test said before it was skipped: its log, without the lines
// of go test and where in the source it stands.
func reason(text string) string {
	var said []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "===") || strings.HasPrefix(strings.TrimSpace(line), "---") {
			continue
		}
		if _, message, ok := strings.Cut(line, ".go:"); ok {
			_, line, _ = strings.Cut(message, ": ")
		}
		said = append(said, strings.TrimSpace(line))
	}
	return strings.Join(said, " ")
}
