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
	for _, line := range strings.Split(strings.Trim(command.Examples(), "\n"), "\n") {
		fmt.Fprintln(ctx.Stdout, strings.TrimRight("  "+line, " "))
	}
	return nil
}
