// Command srn-report compares training runs from their records.
package main

import (
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/cli"
	"srn/pkg/report"
)

const description = `Compares training runs from their records: tables with means over seeds, ` +
	`differences paired by seed, the paper's values beside them, curves of accuracy and of the Hessian's ` +
	`largest eigenvalue, findings in words, and where every number came from.`

type command struct {
	cli.Common

	Metrics []string `arg:"" help:"Record files of srn-fit, srn-eval, srn-hessian and srn-meta, in any order; - is standard input." placeholder:"METRICS"`
	Out     string   `short:"o" default:"-" placeholder:"FILE" help:"Report to write: .html, .md or .csv; - is standard output (default: -)."`
	Format  string   `placeholder:"html|md|csv" help:"Format, where the suffix of -o does not say (default on standard output: md)."`
	Title   string   `placeholder:"TEXT" help:"Title of the report (default: made of networks and data sets)."`
}

func (*command) Examples() string {
	return `
A page of everything that a folder of runs has recorded:
  srn-report runs/*.jsonl.zst -o report.html

The comparison as a table for other tools:
  srn-report runs/*.jsonl.zst --format csv | mlr --icsv --opprint cat

Straight from an evaluation:
  srn-eval --data d.safetensors.zst ckpt.safetensors.zst | srn-report -`
}

func main() { cli.Main("srn-report", description, &command{}) }

func (c *command) Run(ctx *cli.Context) error {
	write, err := c.writer()
	if err != nil {
		return err
	}
	for i, path := range c.Metrics {
		if path != "-" && slices.Contains(c.Metrics[:i], path) {
			ctx.Warnf("%s is given twice; counting it once", path)
		}
		if artifact.SameFile(path, c.Out) {
			return cli.WithHint(cli.Errorf(cli.ExitUsage, "%s is an input and the output", c.Out), "name another file with -o")
		}
	}
	sources, err := report.Read(slices.Compact(slices.Sorted(slices.Values(c.Metrics))))
	if err != nil {
		return cli.Errorf(cli.ExitInput, "%w", err)
	}
	r, err := report.Build(sources, report.Options{Title: c.Title, Version: ctx.Version})
	if err != nil {
		return err
	}
	if err := artifact.WriteFileAtomic(c.Out, func(w io.Writer) error { return write(r, w) }); err != nil {
		return err
	}
	if c.Out == "-" {
		return nil
	}
	ctx.Logf("wrote %s", c.Out)
	return ctx.Result(struct {
		Type     string           `json:"type"`
		Output   string           `json:"output"`
		Groups   []report.Result  `json:"groups"`
		Findings []report.Finding `json:"findings"`
	}{"report", c.Out, r.Results(), r.Findings})
}

// writer picks the format by --format, or else by the output's suffix.
func (c *command) writer() (func(*report.Report, io.Writer) error, error) {
	format := c.Format
	if format == "" {
		format = strings.TrimPrefix(strings.ToLower(filepath.Ext(c.Out)), ".")
		if c.Out == "-" {
			format = "md"
		}
	}
	switch format {
	case "html", "htm":
		return (*report.Report).HTML, nil
	case "md", "markdown":
		return (*report.Report).Markdown, nil
	case "csv":
		return (*report.Report).CSV, nil
	}
	err := errors.New("-o " + c.Out + ": its suffix names no format")
	if c.Format != "" {
		err = errors.New("--format " + c.Format + ": there is no such format")
	}
	return nil, cli.WithHint(cli.Errorf(cli.ExitUsage, "%w", err), "use .html, .md or .csv, or say --format html, md or csv")
}
