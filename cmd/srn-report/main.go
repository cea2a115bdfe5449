// Command srn-report compares training runs from their records, follows where
// files came from, and shows what is in them.
package main

import "srn/pkg/cli"

const description = `Compares training runs from their records: the paper's tables and figures with its values beside ours, ` +
	`means over seeds, differences paired by seed, curves, findings in words, and where every number came from. ` +
	`Without a subcommand it renders.`

type command struct {
	Render  renders  `cmd:"" default:"withargs" help:"Make a report of records (the default)."`
	Verify  verify   `cmd:"" help:"Follow files back to the data they were made from; say what is stale or missing."`
	Inspect inspect  `cmd:"" help:"Show what is in a file of records or tensors, and whether it is whole."`
	Schema  schema   `cmd:"" help:"Print the JSON Schema of the records."`
	Upgrade upgrades `cmd:"" help:"Bring records of an earlier layout into the present one."`

	cli.Common
}

func main() { cli.Main("srn-report", description, &command{}) }
