package cli

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

type interrupt struct {
	mu       sync.Mutex
	ch       chan struct{}
	watching bool // the command asked for the channel and will stop by itself
	fired    bool
}

// Interrupted is closed by the first SIGINT, SIGTERM or SIGHUP: finish the
// step, save, and return an error with the code ExitInterrupted. A second
// signal exits with 130 at once, and so does the first in a command that never
// called Interrupted.
func (c *Context) Interrupted() <-chan struct{} {
	s := &c.signal
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watching = true
	return s.channel()
}

func (s *interrupt) channel() chan struct{} {
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

// fire handles one signal and reports whether to exit at once.
func (s *interrupt) fire() (exit bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fired || !s.watching {
		return true
	}
	s.fired = true
	close(s.channel())
	return false
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
			case <-signals:
				if c.signal.fire() {
					c.out.stopBar()
					os.Exit(ExitInterrupted)
				}
				c.out.line("", "interrupted: stopping after this step; once more stops at once")
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}
