package main

import (
	"fmt"

	"srn/pkg/cli"
	contents "srn/pkg/report/inspect"
)

// inspect is the flags of the subcommand inspect.
type inspect struct {
	Files []string `arg:"" help:"Files of records or tensors; - is records on standard input." placeholder:"FILES"`
}

func (*inspect) Examples() string {
	return `
What is in a checkpoint, and is any weight not finite?
  srn-report inspect net.safetensors.zst

How far is a run?
  srn-report inspect run/fit.jsonl.zst

For scripts:
  srn-report inspect --json net.safetensors.zst | jq '.tensors[] | select(.nan > 0).name'`
}

// Run shows every file, and fails where one is not whole.
func (c *inspect) Run(ctx *cli.Context) error {
	broken := 0
	for i, path := range c.Files {
		f, err := contents.Open(path)
		if err != nil {
			return err
		}
		if ctx.JSON {
			err = ctx.Result(f)
		} else {
			if i > 0 {
				fmt.Fprintln(ctx.Stdout())
			}
			err = f.Text(cli.Visible(ctx.Stdout()))
		}
		if err != nil {
			return err
		}
		if f.Whole() != "" {
			broken++
		}
	}
	if broken > 0 {
		return cli.Errorf(cli.ExitFailed, "%d of %d files are not whole", broken, len(c.Files))
	}
	return nil
}
