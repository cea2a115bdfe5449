package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"srn/pkg/artifact"
	"srn/pkg/cli"
	"srn/pkg/report/load"
	"srn/pkg/report/render"
	"srn/pkg/report/sections"
)

// renders is the flags of the subcommand render.
type renders struct {
	Metrics []string      `arg:"" optional:"" help:"Record files of srn-fit, srn-eval, srn-hessian and srn-meta, in any order, complete or still growing (*.partial); - is standard input." placeholder:"METRICS"`
	Out     string        `short:"o" default:"-" placeholder:"FILE" help:"Report to write: .html, .md, .tex, .csv, .tsv, .svg or .json; - is standard output (default: -)."`
	Format  string        `placeholder:"NAME" help:"Format, where the suffix of -o does not say: html, md, tex, csv, tsv, svg or json (default on standard output: md)."`
	Only    []string      `placeholder:"PART,…" help:"Parts to show, such as table2,figure3, or figures, such as c1-test-top1; list prints the names of all parts, and with METRICS of their figures. In csv and tsv: the part's numbers in place of the groups'."`
	Effect  float64       `default:"0.5" placeholder:"PP" help:"Difference of top-1, in percentage points, of which to say how many seeds would show it (default: 0.5)."`
	Watch   bool          `help:"Follow the files, which need not be there yet, until their runs have ended: a line for each epoch, round or measurement as it comes, or with --json the records; with -o FILE the report is written again each time."`
	Every   time.Duration `default:"1s" placeholder:"TIME" help:"How often --watch looks, from 100ms to 1h (default: 1s)."`
	Title   string        `placeholder:"TEXT" help:"Title of the report (default: made of networks and data sets)."`
}

func (*renders) Examples() string {
	return `
A page of everything that a folder of runs has recorded:
  srn-report runs/*.jsonl.zst -o report.html

A table of the paper beside ours, for a LaTeX document; its cells for a plot:
  srn-report runs/*.jsonl.zst --only table2 -o table2.tex
  srn-report runs/*.jsonl.zst --only table2 -o table2.csv

The groups of runs as a table for other tools:
  srn-report runs/*.jsonl.zst --format csv | mlr --icsv --opprint cat

A training as it runs: a line an epoch, and a page that reloads itself:
  srn-report --watch runs/ce.jsonl.zst -o live.html

Straight from an evaluation:
  srn-eval --data d.safetensors.zst ckpt.safetensors.zst | srn-report -`
}

// Run makes the report.
func (c *renders) Run(ctx *cli.Context) error {
	if slices.Equal(c.Only, []string{"list"}) {
		return c.list(ctx)
	}
	if len(c.Metrics) == 0 {
		return cli.WithHint(cli.Errorf(cli.ExitUsage, "expected \"<metrics> ...\""), "run srn-report --help for the flags and examples")
	}
	if !(c.Effect > 0 && c.Effect <= 100) {
		return cli.WithHint(cli.Errorf(cli.ExitUsage, "--effect %g: want a number of percentage points above 0 and up to 100", c.Effect), "such as --effect 0.5")
	}
	format, err := c.format()
	if err != nil {
		return err
	}
	for _, name := range c.Only {
		if !sections.Known(name) {
			return cli.WithHint(cli.Errorf(cli.ExitUsage, "--only %s: there is no such part", name), "--only list prints the names")
		}
	}
	if c.Watch {
		return c.watch(ctx, format)
	}
	if c.Every != every {
		return cli.WithHint(cli.Errorf(cli.ExitUsage, "--every: nothing is watched"), "add --watch, or leave it out")
	}
	for i, path := range c.Metrics {
		if path != "-" && slices.Contains(c.Metrics[:i], path) {
			ctx.Warnf("%s is given twice; counting it once", path)
		}
		if artifact.SameFile(path, c.Out) {
			return cli.WithHint(cli.Errorf(cli.ExitUsage, "%s is an input and the output", c.Out), "name another file with -o")
		}
	}
	return c.write(ctx, format, c.Metrics)
}

// write makes the report of records and writes it; it says what is missing.
func (c *renders) write(ctx *cli.Context, format render.Format, paths []string) error {
	r, err := c.build(ctx, paths)
	if err != nil {
		return err
	}
	for _, text := range r.Warnings() {
		ctx.Warnf("%s", text)
	}
	if err := c.put(r, format); err != nil {
		return err
	}
	if c.Out == "-" {
		return nil
	}
	ctx.Logf("wrote %s", c.Out)
	return ctx.Result(struct {
		Type        string               `json:"type"`
		Output      string               `json:"output"`
		Lead        []sections.Statement `json:"result"`
		Groups      []sections.Result    `json:"groups"`
		Findings    []sections.Finding   `json:"findings"`
		Conclusions sections.Conclusions `json:"conclusions"`
	}{"report", c.Out, r.Lead, r.Results, r.Findings, r.Conclusions})
}

// put writes the report to the output.
func (c *renders) put(r *sections.Report, format render.Format) error {
	if !r.Shown {
		return cli.WithHint(cli.Errorf(cli.ExitInput, "the records hold nothing of what was asked for: nothing is written"), "leave --only out to see what they hold")
	}
	err := artifact.WriteFileAtomic(c.Out, func(w io.Writer) error { return format.Write(r, w) })
	var nothing *render.Nothing
	switch {
	case errors.As(err, &nothing):
		return cli.WithHint(cli.Errorf(cli.ExitInput, "%w", err), "use --format md, or name other parts with --only")
	case err != nil && format.Name == "svg":
		return cli.WithHint(err, "name one with --only")
	}
	return err
}

// build reads the records and makes their report.
func (c *renders) build(ctx *cli.Context, paths []string) (*sections.Report, error) {
	sources, err := load.Read(slices.Compact(slices.Sorted(slices.Values(paths))))
	if err != nil {
		return nil, cli.Errorf(cli.ExitInput, "%w", err)
	}
	o := sections.Options{Title: c.Title, Version: ctx.Version, Only: c.Only, Effect: c.Effect / 100}
	if slices.Equal(c.Only, []string{"list"}) {
		o.Only = nil
	}
	return sections.Build(sources, o)
}

// list prints every name that --only takes: of the parts, and of the figures
// that the records hold.
func (c *renders) list(ctx *cli.Context) error {
	names, about := sections.Parts()
	if len(c.Metrics) > 0 {
		r, err := c.build(ctx, c.Metrics)
		if err != nil {
			return err
		}
		for _, s := range r.Sections {
			for _, f := range s.Figures {
				names, about = append(names, f.ID), append(about, s.Heading+": "+f.Title)
			}
		}
	} else {
		names, about = append(names, "c1-test-top1, …"), append(about, "Figures alone: with records, --only list prints those that they hold")
	}
	width := 20
	for _, name := range names {
		width = max(width, utf8.RuneCountInString(name))
	}
	for i, name := range names {
		if _, err := fmt.Fprintf(cli.Visible(ctx.Stdout()), "%-*s %s\n", width, name, about[i]); err != nil {
			return err
		}
	}
	return nil
}

// format picks the format by --format, or else by the output's suffix.
func (c *renders) format() (render.Format, error) {
	name := c.Format
	if name == "" {
		name = strings.TrimPrefix(strings.ToLower(filepath.Ext(c.Out)), ".")
		if c.Out == "-" {
			name = "md"
		}
	}
	f, ok := render.Find(name)
	var err error
	switch {
	case !ok && c.Format != "":
		err = errors.New("--format " + c.Format + ": there is no such format")
	case !ok:
		err = errors.New("-o " + c.Out + ": its suffix names no format")
	case f.Name == "svg" && len(c.Only) == 0:
		return f, cli.WithHint(cli.Errorf(cli.ExitUsage, "an SVG file holds one figure"), "name it by --only, such as --only figure3")
	default:
		return f, nil
	}
	return f, cli.WithHint(cli.Errorf(cli.ExitUsage, "%w", err), "use .html, .md, .tex, .csv, .tsv, .svg or .json, or name one of these by --format")
}
