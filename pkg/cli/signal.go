package cli

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// echo is how long the signal that was received may come again and mean the
// same: what stops a group of processes reaches a command of make's twice, the
// second time from make, which passes SIGTERM on.
const echo = time.Second

type interrupt struct {
	mu       sync.Mutex
	ctx      context.Context
	cancel   context.CancelFunc
	watching bool      // the command asked for the context and will stop by itself
	first    os.Signal // that was received, nil before
	at       time.Time
}

func (s *interrupt) over() context.Context {
	if s.ctx == nil {
		s.ctx, s.cancel = context.WithCancel(context.Background())
	}
	return s.ctx
}

// What a signal does.
const (
	stops  = iota // the command is asked to stop
	echoes        // nothing
	exits         // the process ends at once
)

// fire handles a signal received at a time.
func (s *interrupt) fire(signal os.Signal, now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.watching:
		return exits
	case s.first == nil:
		s.first, s.at = signal, now
		s.over()
		s.cancel()
		return stops
	case signal == s.first && now.Sub(s.at) < echo:
		return echoes
	}
	return exits
}

// watchSignals starts listening and returns what stops it. Signals that the
// process was started to ignore (nohup, a shell's background jobs) stay so.
func (c *Context) watchSignals() (stop func()) {
	var wanted []os.Signal
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			wanted = append(wanted, s)
		}
	}
	if len(wanted) == 0 {
		return func() {}
	}
	signals := make(chan os.Signal, 2)
	done := make(chan struct{})
	signal.Notify(signals, wanted...)
	go func() {
		for {
			select {
			case <-done:
				return
			case received := <-signals:
				switch c.signal.fire(received, time.Now()) {
				case exits:
					c.out.stopBar()
					os.Exit(ExitInterrupted)
				case stops:
					c.out.line("", "interrupted: stopping after this step; once more stops at once")
				}
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}
