package cli

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// help prints kong's help, then the examples of the command at hand.
func help(options kong.HelpOptions, ctx *kong.Context) error {
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil {
		return err
	}
	node := ctx.Model.Node
	if selected := ctx.Selected(); selected != nil {
		node = selected
	}
	if !node.Target.CanAddr() {
		return nil
	}
	command, ok := node.Target.Addr().Interface().(exampler)
	if !ok {
		return nil
	}
	fmt.Fprintf(ctx.Stdout, "\nExamples:\n")
	lines := strings.Split(strings.Trim(command.Examples(), "\n"), "\n")
	indent := commonIndent(lines)
	for _, line := range lines {
		fmt.Fprintln(ctx.Stdout, strings.TrimRight("  "+line[min(indent, len(line)):], " "))
	}
	return nil
}

// commonIndent is how many spaces all lines that hold something begin with.
func commonIndent(lines []string) int {
	indent := -1
	for _, line := range lines {
		if text := strings.TrimLeft(line, " "); text != "" && (indent < 0 || len(line)-len(text) < indent) {
			indent = len(line) - len(text)
		}
	}
	return max(indent, 0)
}
