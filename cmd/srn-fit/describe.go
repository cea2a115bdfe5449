package main

import (
	"fmt"
	"text/tabwriter"

	"srn/pkg/cli"
	"srn/pkg/method"
	"srn/pkg/train"
)

// list prints the table of methods.
func list(ctx *cli.Context) error {
	w := tabwriter.NewWriter(ctx.Stdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "METHOD\tPASSES\tPAPER ROW\tMINIMISES\tPARAMETERS\tREFERENCE")
	for _, m := range method.Methods() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", m.Name, m.Passes, m.PaperRow, m.Formula, m.ParamList(), m.Reference)
	}
	return w.Flush()
}

// describe prints what the chosen method and protocol are, with the settings
// given.
func describe(ctx *cli.Context, info method.Info, settings method.Settings, protocol train.Protocol, c train.Config) error {
	_, err := fmt.Fprint(ctx.Stdout(), info.Describe())
	if s := settings.String(); err == nil && s != "" {
		of := ""
		if c.Classes == 0 && info.ByClasses() {
			of = " (--data FILE shows those of its number of classes)"
		}
		_, err = fmt.Fprintf(ctx.Stdout(), "\nin force: %s%s\n", s, of)
	}
	if err == nil {
		_, err = fmt.Fprintf(ctx.Stdout(), "\n%s", protocol.Describe(c))
	}
	return err
}
