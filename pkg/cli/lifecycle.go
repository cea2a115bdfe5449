package cli

import (
	"context"
	"errors"
	"strings"

	"srn/pkg/run"
)

// Lifecycle are the flags of commands that take long; embed it.
type Lifecycle struct {
	Resume    bool `record:"-" help:"Go on where an interrupted run of the same settings stopped, if there is one."`
	Overwrite bool `record:"-" help:"Remove what an earlier run has left under the names given, and begin anew."`
}

// Mode is what the flags say.
func (l Lifecycle) Mode() (run.Mode, error) {
	switch {
	case l.Resume && l.Overwrite:
		return 0, WithHint(Errorf(ExitUsage, "--resume and --overwrite: an earlier run is either resumed or removed"), "leave out one of them")
	case l.Resume:
		return run.Resume, nil
	case l.Overwrite:
		return run.Overwrite, nil
	}
	return run.Start, nil
}

// lifecycleHints say what can be done about the files of an earlier run.
func lifecycleHints(err error) []string {
	switch e := err.(type) {
	case *run.OccupiedError:
		if e.Resumable {
			return []string{"go on with it by --resume, or remove it and begin anew by --overwrite"}
		}
		return []string{"name another file, or replace it by --overwrite; --resume goes on with an interrupted run alone"}
	case *run.DifferentError:
		hints := []string{"give the settings of that run and --resume, name other files, or replace it by --overwrite"}
		for _, d := range e.Differences {
			if set, cpu := strings.CutPrefix(d.Was, "cpu ["); d.Setting == "kernels" && cpu {
				hints = append(hints, "SRN_KERNELS="+strings.TrimSuffix(set, "]")+" asks for that run's kernels, where this machine has them")
			}
		}
		return hints
	case *run.ClashError:
		return []string{"choose another name for one of them"}
	case *run.MissingError:
		return []string{"make all anew by --overwrite, or put back what is missing; --resume cannot make it alone"}
	case *run.InterruptedError:
		if e.Saved != "" {
			return []string{"run the same command with --resume to go on"}
		}
	}
	return nil
}

// Interruptible is over with the first SIGINT, SIGTERM or SIGHUP: finish the
// step, save, and return a [*run.InterruptedError]. A second signal, if it is no
// echo of the first, exits with 130 at once, and so does the first in a command
// that never called Interruptible.
func (c *Context) Interruptible() context.Context {
	s := &c.signal
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watching = true
	return s.over()
}

// interrupted tells errors that stand for a context that is over.
func interrupted(err error) bool { return errors.Is(err, context.Canceled) }
