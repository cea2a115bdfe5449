package main

import (
	"srn/pkg/artifact"
	"srn/pkg/cli"
	"srn/pkg/record"
	"srn/pkg/record/upgrade"
)

// upgrades is the flags of the subcommand upgrade.
type upgrades struct {
	Files    []string `arg:"" help:"Record files, trainings and measurements together." placeholder:"FILES"`
	Output   string   `short:"o" required:"" placeholder:"FILE" help:"File to write all streams to; - is standard output."`
	Official []string `placeholder:"SHA256" help:"Dataset files that hold all official images, unchanged; of others it stays unknown."`
}

func (*upgrades) Examples() string {
	return `
All records of a folder, in one file of the present layout:
  srn-report upgrade results/*.jsonl.zst -o records.jsonl.zst`
}

// Run writes the streams in the present layout.
func (c *upgrades) Run(ctx *cli.Context) error {
	for _, path := range c.Files {
		if artifact.SameFile(path, c.Output) {
			return cli.WithHint(cli.Errorf(cli.ExitUsage, "%s is both input and output", path), "choose another name for -o")
		}
	}
	streams, unplaced, err := upgrade.Files(c.Files, upgrade.Options{Official: c.Official})
	if err != nil {
		return err
	}
	if err := artifact.WriteStreams(c.Output, streams); err != nil {
		return err
	}
	ctx.Logf("%s: %d streams of layout %d", c.Output, len(streams), record.Schema)
	if unplaced > 0 {
		ctx.Warnf("%d measurements are of trainings that are not among the files: which is not told in them", unplaced)
	}
	return ctx.Record(record.Output{Output: c.Output, Status: record.OK, Done: len(streams)})
}
