package measure

import (
	"context"
	"errors"
	"fmt"

	"srn/pkg/curvature"
	"srn/pkg/evaluate"
	"srn/pkg/landscape"
)

// DivergedError says that outputs at a checkpoint are not finite.
type DivergedError struct {
	Path string
	Err  error
}

func (e *DivergedError) Error() string { return e.Path + ": " + e.Err.Error() }
func (e *DivergedError) Unwrap() error { return e.Err }

// ExitCode is the exit status of numbers that are not finite.
func (e *DivergedError) ExitCode() int { return 4 }

// Hint says what can be done.
func (e *DivergedError) Hint() string {
	return fmt.Sprintf("leave %s out, or use an earlier checkpoint of the run", e.Path)
}

// diverged names the checkpoint where an error says that nothing is finite.
func diverged(path string, err error) error {
	if errors.Is(err, curvature.ErrNotFinite) || errors.Is(err, evaluate.ErrNotFinite) || errors.Is(err, landscape.ErrNotFinite) {
		return &DivergedError{path, err}
	}
	return err
}

// InterruptedError says that the context of a series ended. The records that it
// has written are whole.
type InterruptedError struct{ Err error }

func (e *InterruptedError) Error() string { return "interrupted; the records written are kept" }
func (e *InterruptedError) Unwrap() error { return e.Err }

// ExitCode is the exit status of a command that a signal stopped.
func (e *InterruptedError) ExitCode() int { return 130 }

// stopped is the error of a context that has ended.
func stopped(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return &InterruptedError{err}
	}
	return nil
}

// CheckError says that Hessian-vector products are wrong.
type CheckError struct{ Path, Reason string }

func (e *CheckError) Error() string {
	return fmt.Sprintf("%s: the check failed: %s: Hessian-vector products are not to be trusted here", e.Path, e.Reason)
}

// Hint says what can be done.
func (e *CheckError) Hint() string {
	return "run it with SRN_KERNELS=generic, and report it with the record"
}

// ForeignRecordsError says that records are not those that a series begins
// with.
type ForeignRecordsError struct {
	Record  int // number of the first that is not, from 0; −1: their number is wrong
	Problem string
}

func (e *ForeignRecordsError) Error() string {
	if e.Record < 0 {
		return e.Problem
	}
	return fmt.Sprintf("record %d %s", e.Record+1, e.Problem)
}
