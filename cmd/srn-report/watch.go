package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"srn/pkg/artifact"
	"srn/pkg/cli"
	"srn/pkg/record"
	"srn/pkg/report/load"
	"srn/pkg/report/render"
	"srn/pkg/report/watch"
)

// every is how often --watch looks, unless --every says otherwise.
const every = time.Second

// reloads is the shortest time between two readings of a page by a browser.
const reloads = 5 * time.Second

// watch follows the files, prints what comes, and keeps the report up to date.
func (c *renders) watch(ctx *cli.Context, format render.Format) error {
	if c.Every < 100*time.Millisecond || c.Every > time.Hour {
		return cli.WithHint(cli.Errorf(cli.ExitUsage, "--every %v: want a time from 100ms to 1h", c.Every), "such as --every 5s")
	}
	if slices.Contains(c.Metrics, "-") {
		return cli.WithHint(cli.Errorf(cli.ExitUsage, "standard input cannot be watched"), "leave --watch out, or name files")
	}
	report := c.Out != "-"
	if !report && (c.Format != "" || len(c.Only) > 0 || c.Title != "") {
		return cli.WithHint(cli.Errorf(cli.ExitUsage, "--watch prints records on standard output, and no report"), "name the report's file with -o")
	}
	for _, path := range c.Metrics {
		final := strings.TrimSuffix(path, load.Partial)
		if report && (artifact.SameFile(final, c.Out) || artifact.SameFile(final+load.Partial, c.Out)) {
			return cli.WithHint(cli.Errorf(cli.ExitUsage, "%s is an input and the output", c.Out), "name another file with -o")
		}
	}
	w, err := watch.New(c.Metrics)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(c.Every)
	defer ticker.Stop()
	stale, written := false, false
	err = w.Follow(ctx.Interruptible(), ticker.C, func(e watch.Event) error { return tell(ctx, e) }, func(news bool) error {
		present := w.Present()
		if stale = stale || news; !stale || !report || len(present) == 0 || w.Ended() {
			return nil
		}
		err := c.rewrite(ctx, format, present)
		switch {
		case err == nil:
			stale, written = false, true
		case cli.ExitCode(err) == cli.ExitInput:
			return nil // there is nothing to show yet, or a file has just changed its name
		}
		return err
	})
	stopped := errors.Is(err, context.Canceled)
	if err != nil && !stopped {
		return err
	}
	if present := w.Present(); report && len(present) > 0 && (!stopped || written) {
		if err := c.write(ctx, format, present); err != nil {
			return err
		}
	}
	if stopped {
		return cli.Errorf(cli.ExitInterrupted, "stopped watching before all runs have ended; nothing is lost")
	}
	return failures(w.Outcomes())
}

// rewrite writes the report of what there is, for the time being.
func (c *renders) rewrite(ctx *cli.Context, format render.Format, present []string) error {
	r, err := c.build(ctx, present)
	if err != nil {
		return err
	}
	r.Reload = int(math.Ceil(max(c.Every, reloads).Seconds()))
	return c.put(r, format)
}

// failures names the runs that have not ended well.
func failures(ended []watch.Outcome) error {
	var bad []string
	for _, o := range ended {
		switch {
		case o.Err != nil:
			return o.Err
		case o.Status != record.OK:
			bad = append(bad, fmt.Sprintf("%s (%s)", o.File, o.Status))
		}
	}
	if len(bad) > 0 {
		return cli.Errorf(cli.ExitFailed, "%d of %d runs have not ended well: %s", len(bad), len(ended), strings.Join(bad, ", "))
	}
	return nil
}

// tell prints an event: records on standard output, as JSON where that is asked
// for, and what else becomes of a file on standard error.
func tell(ctx *cli.Context, e watch.Event) error {
	switch e.Kind {
	case watch.Waiting:
		ctx.Logf("%s is not there yet; waiting for it", e.File)
	case watch.Vanished:
		ctx.Warnf("%s has vanished; waiting for it", e.File)
	case watch.Unreadable:
		ctx.Warnf("%s", cli.Message(e.Err))
	case watch.Cut:
		if e.Kept == 0 {
			ctx.Warnf("%s was replaced by another run", e.File)
		} else {
			ctx.Warnf("%s was cut: %d of its %d records are kept", e.File, e.Kept, e.Had)
		}
	case watch.Found:
		if ctx.JSON {
			ctx.Logf("%s: %s", e.File, found(e))
			return nil
		}
		return say(ctx, e.File, found(e))
	case watch.Added:
		if ctx.JSON {
			return ctx.Record(e.Record)
		}
		return say(ctx, e.File, line(e))
	}
	return nil
}

// say prints a line about a file; what a record holds cannot make another.
func say(ctx *cli.Context, file, text string) error {
	text = strings.ReplaceAll(file+": "+text, "\n", `\n`)
	_, err := fmt.Fprintln(cli.Visible(ctx.Stdout()), text)
	return err
}

// found sums up what a file holds when the watch begins.
func found(e watch.Event) string {
	text := line(e)
	if e.Status != "" {
		return "has ended (" + e.Status + "): " + text
	}
	return "so far: " + text
}

// line says a record in a line.
func line(e watch.Event) string {
	var b strings.Builder
	switch rec := e.Record.(type) {
	case record.Header:
		switch c := rec.Config.(type) {
		case *record.Fit:
			return fmt.Sprintf("%s began, %d epochs", rec.Tool, c.Epochs)
		case *record.Meta:
			return fmt.Sprintf("%s began, %d rounds", rec.Tool, c.Rounds)
		}
		return rec.Tool + " began"
	case record.End:
		return "ended: " + rec.Status
	case *record.Final:
		return "wrote the checkpoint"
	case *record.Surrogate:
		return "wrote the surrogate"
	case *record.Epoch:
		fmt.Fprintf(&b, "epoch %d/%d  loss %.4f  train %.2f%%", rec.Epoch, e.Progress.Of, rec.TrainLoss, 100*rec.TrainTop1)
		if rec.TestTop1 != nil {
			fmt.Fprintf(&b, "  test %.2f%%", 100**rec.TestTop1)
		}
	case *record.Round:
		fmt.Fprintf(&b, "round %d/%d  loss %.4f  val loss %.4f  val %.2f%%", rec.Round, e.Progress.Of, rec.TrainLoss, rec.ValLoss, 100*rec.ValTop1)
	case *record.Eval:
		fmt.Fprintf(&b, "eval  %s  loss %.4f  top-1 %.2f%%", rec.Checkpoint, rec.Loss, 100*rec.Top1)
	case *record.Top:
		fmt.Fprintf(&b, "top  %s  λ_max %.4g", rec.Checkpoint, rec.LambdaMax)
	default:
		b.WriteString(rec.Type())
		if s, ok := load.SubjectOf(rec); ok {
			b.WriteString("  " + s.Checkpoint)
		}
	}
	if p := e.Progress; p.Done > 0 && p.Left > 0 {
		clock, until := "15:04:05", e.At.Add(p.Left)
		if until.YearDay() != e.At.YearDay() || until.Year() != e.At.Year() {
			clock = "2006-01-02 15:04"
		}
		precision := time.Second
		if p.Left < 10*time.Second {
			precision = time.Second / 10
		}
		fmt.Fprintf(&b, "  %v left, until %s", p.Left.Round(precision), until.Format(clock))
	}
	return b.String()
}
