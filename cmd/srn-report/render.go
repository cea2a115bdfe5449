package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/cli"
	"srn/pkg/report"
)

// render is the flags of the subcommand render.
type render struct {
	Metrics []string `arg:"" optional:"" help:"Record files of srn-fit, srn-eval, srn-hessian and srn-meta, in any order; - is standard input." placeholder:"METRICS"`
	Out     string   `short:"o" default:"-" placeholder:"FILE" help:"Report to write: .html, .md, .tex, .csv, .tsv or .svg; - is standard output (default: -)."`
	Format  string   `placeholder:"NAME" help:"Format, where the suffix of -o does not say: html, md, tex, csv, tsv or svg (default on standard output: md)."`
	Only    []string `placeholder:"PART,…" help:"Parts to show, such as table2,figure3; list prints them all. In csv and tsv: the part's numbers in place of the groups'. A figure alone is named by its id in the page."`
	Title   string   `placeholder:"TEXT" help:"Title of the report (default: made of networks and data sets)."`
}

func (*render) Examples() string {
	return `
A page of everything that a folder of runs has recorded:
  srn-report runs/*.jsonl.zst -o report.html

A table of the paper beside ours, for a LaTeX document; its cells for a plot:
  srn-report runs/*.jsonl.zst --only table2 -o table2.tex
  srn-report runs/*.jsonl.zst --only table2 -o table2.csv

The groups of runs as a table for other tools:
  srn-report runs/*.jsonl.zst --format csv | mlr --icsv --opprint cat

Straight from an evaluation:
  srn-eval --data d.safetensors.zst ckpt.safetensors.zst | srn-report -`
}

// Run makes the report.
func (c *render) Run(ctx *cli.Context) error {
	if slices.Equal(c.Only, []string{"list"}) {
		names, about := report.Parts()
		for i, name := range names {
			if _, err := fmt.Fprintf(ctx.Stdout(), "%-20s %s\n", name, about[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if len(c.Metrics) == 0 {
		return cli.WithHint(cli.Errorf(cli.ExitUsage, "expected \"<metrics> ...\""), "run srn-report --help for the flags and examples")
	}
	write, err := c.writer()
	if err != nil {
		return err
	}
	for _, name := range c.Only {
		if !report.Known(name) {
			return cli.WithHint(cli.Errorf(cli.ExitUsage, "--only %s: there is no such part", name), "--only list prints the parts")
		}
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
	r, err := report.Build(sources, report.Options{Title: c.Title, Version: ctx.Version, Only: c.Only})
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

// writers are the formats by their names and suffixes.
var writers = map[string]func(*report.Report, io.Writer) error{
	"html": (*report.Report).HTML, "htm": (*report.Report).HTML, "md": (*report.Report).Markdown, "markdown": (*report.Report).Markdown,
	"tex": (*report.Report).LaTeX, "csv": (*report.Report).CSV, "tsv": (*report.Report).TSV, "svg": (*report.Report).SVG,
}

// writer picks the format by --format, or else by the output's suffix.
func (c *render) writer() (func(*report.Report, io.Writer) error, error) {
	format := c.Format
	if format == "" {
		format = strings.TrimPrefix(strings.ToLower(filepath.Ext(c.Out)), ".")
		if c.Out == "-" {
			format = "md"
		}
	}
	write := writers[format]
	var err error
	switch {
	case write == nil && c.Format != "":
		err = errors.New("--format " + c.Format + ": there is no such format")
	case write == nil:
		err = errors.New("-o " + c.Out + ": its suffix names no format")
	case format == "svg" && len(c.Only) == 0:
		return nil, cli.WithHint(cli.Errorf(cli.ExitUsage, "an SVG file holds one figure"), "name it by --only, such as --only figure3")
	default:
		return write, nil
	}
	return nil, cli.WithHint(cli.Errorf(cli.ExitUsage, "%w", err), "use .html, .md, .tex, .csv, .tsv or .svg, or name one of these by --format")
}
