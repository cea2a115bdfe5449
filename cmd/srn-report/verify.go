package main

import (
	"fmt"

	"srn/pkg/cli"
	"srn/pkg/report/lineage"
)

// verify is the flags of the subcommand verify.
type verify struct {
	Files  []string `arg:"" optional:"" help:"Reports, records and tensor files." placeholder:"FILES"`
	Dir    []string `placeholder:"DIR" help:"A folder of such files, with those below it; may be given again."`
	Strict bool     `help:"Fail where an input is missing too, not only where one is stale or damaged."`
}

func (*verify) Examples() string {
	return `
Is this report of these records, and are they of these data?
  srn-report verify report.html

Everything that a folder holds:
  srn-report verify --dir runs

What is stale, for scripts:
  srn-report verify --json --dir runs | jq -r '.files[] | select(.stale).path'`
}

// Run follows the files and fails where one is stale or damaged.
func (v *verify) Run(ctx *cli.Context) error {
	paths := v.Files
	for _, folder := range v.Dir {
		list, err := lineage.Walk(folder)
		if err != nil {
			return err
		}
		paths = append(paths, list...)
	}
	if len(paths) == 0 {
		return cli.WithHint(cli.Errorf(cli.ExitUsage, "no file to verify"), "name files, or a folder by --dir")
	}
	bar := ctx.Progress(int64(len(paths)), "reading")
	g, err := lineage.Follow(paths, func(path string) { bar.Describe(path); bar.Add(1) })
	bar.Done()
	if err != nil {
		return err
	}
	links, stale, problems := g.Count()
	if ctx.JSON {
		if err := ctx.Result(struct {
			Type     string                `json:"type"`
			Files    []*lineage.File       `json:"files"`
			Inputs   map[lineage.State]int `json:"inputs"`
			Stale    int                   `json:"stale"`
			Problems int                   `json:"problems"`
		}{"verify", g.Files, links, stale, problems}); err != nil {
			return err
		}
	} else {
		if err := g.Tree(cli.Visible(ctx.Stdout())); err != nil {
			return err
		}
		fmt.Fprintf(ctx.Stdout(), "\n%s\n", g.Summary())
	}
	switch {
	case stale > 0:
		return cli.WithHint(cli.Errorf(cli.ExitFailed, "%d of %d files are made from something that has changed since", stale, len(g.Files)), "make them again, or bring back what they were made from")
	case problems > 0:
		return cli.Errorf(cli.ExitFailed, "%d of %d files have problems", problems, len(g.Files))
	case v.Strict && links[lineage.Missing] > 0:
		return cli.WithHint(cli.Errorf(cli.ExitFailed, "%d inputs are missing", links[lineage.Missing]), "give the files, or leave --strict out")
	}
	return nil
}
