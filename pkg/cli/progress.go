package cli

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// Bar shows progress on standard error. A nil Bar, which is what
// [Context.Progress] gives where none is wanted, does nothing.
type Bar struct {
	out *output
	p   *progressbar.ProgressBar
}

// Progress starts a bar of total steps; a total below 1 shows a count without
// an end. It is nil, which is fine to use, under --quiet or where standard
// error is no terminal. One bar shows at a time: a new one replaces the last.
func (c *Context) Progress(total int64, what string) *Bar {
	if c.Quiet || !c.out.terminal {
		return nil
	}
	if total < 1 {
		total = -1
	}
	c.out.stopBar()
	b := &Bar{out: c.out, p: progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(c.out.w),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetWidth(24),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionUseANSICodes(true),
	)}
	c.out.mu.Lock()
	c.out.bar = b
	c.out.mu.Unlock()
	return b
}

// Add advances the bar by n steps.
func (b *Bar) Add(n int) { b.draw(func() { _ = b.p.Add(n) }) }

// Set moves the bar to step n.
func (b *Bar) Set(n int64) { b.draw(func() { _ = b.p.Set64(n) }) }

// Describe changes the text before the bar.
func (b *Bar) Describe(what string) { b.draw(func() { b.p.Describe(what) }) }

// Done removes the bar.
func (b *Bar) Done() {
	b.draw(func() {
		_ = b.p.Clear()
		b.out.bar = nil
	})
}

// draw runs f where this bar is the one shown. Errors of drawing are dropped:
// progress must never fail a run.
func (b *Bar) draw(f func()) {
	if b == nil {
		return
	}
	b.out.mu.Lock()
	defer b.out.mu.Unlock()
	if b.out.bar == b {
		f()
	}
}

func (o *output) hideBar() {
	if o.bar != nil {
		_ = o.bar.p.Clear()
	}
}

func (o *output) showBar() {
	if o.bar != nil {
		_ = o.bar.p.RenderBlank()
	}
}

// stopBar removes the bar for good, so that what is printed next is not overwritten.
func (o *output) stopBar() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hideBar()
	o.bar = nil
}
