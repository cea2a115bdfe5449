package cli

import (
	"os"
	"syscall"
	"testing"
	"time"
)

func TestSecondSignal(t *testing.T) {
	start := time.Unix(1, 0)
	for _, c := range []struct {
		name   string
		signal os.Signal
		after  time.Duration
		want   int
	}{
		{"the same, passed on by make", syscall.SIGTERM, 10 * time.Millisecond, echoes},
		{"the same, by a user", syscall.SIGTERM, 2 * time.Second, exits},
		{"another", syscall.SIGINT, 10 * time.Millisecond, exits},
	} {
		s := &interrupt{watching: true}
		if got := s.fire(syscall.SIGTERM, start); got != stops {
			t.Errorf("the first signal: %d", got)
		}
		if got := s.fire(c.signal, start.Add(c.after)); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	if got := (&interrupt{}).fire(syscall.SIGTERM, start); got != exits {
		t.Errorf("a command that does not stop by itself: %d", got)
	}
}
