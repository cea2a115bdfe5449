package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"srn/pkg/artifact"
	"srn/pkg/device"
	"srn/pkg/run"
)

// Exit codes of every command. 0 is success.
const (
	ExitFailed      = 1   // the work could not be done
	ExitUsage       = 2   // wrong flags or arguments
	ExitInput       = 3   // an input file is missing, damaged or of the wrong kind
	ExitDiverged    = 4   // training met NaN or Inf
	ExitInterrupted = 130 // stopped by a signal; what was done is saved
)

type codedError struct {
	code  int
	err   error
	hints []string
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }
func (e *codedError) ExitCode() int { return e.code }

// Errorf makes an error with an exit code; %w wraps as in fmt.Errorf. Write
// messages in lower case without a full stop, naming the file or flag.
func Errorf(code int, format string, a ...any) error {
	return &codedError{code: code, err: fmt.Errorf(format, a...)}
}

// WithHint adds a hint line that says what mends the error; its exit code
// stays. Hints are printed in the order in which they were added.
func WithHint(err error, hint string) error {
	return &codedError{code: ExitCode(err), err: err, hints: []string{hint}}
}

// ExitCode is the exit code of an error: its own where it, or one it wraps,
// has a method ExitCode() int; ExitInput for an [artifact.FormatError] and for
// a file that is not there; else ExitFailed; 0 for nil.
func ExitCode(err error) int {
	if err == nil {
		return 0
	}
	var coder interface{ ExitCode() int }
	if errors.As(err, &coder) {
		return coder.ExitCode()
	}
	if interrupted(err) {
		return ExitInterrupted
	}
	var format *artifact.FormatError
	if errors.As(err, &format) || errors.Is(err, fs.ErrNotExist) {
		return ExitInput
	}
	return ExitFailed
}

// Message is an error's text without the hints that are printed apart, and
// without the names of system calls. A setting is named as its flag, and so is a
// device.
func Message(err error) string {
	text := err.Error()
	var failed *fs.PathError
	if errors.As(err, &failed) {
		text = strings.ReplaceAll(text, failed.Error(), failed.Path+": "+failed.Err.Error())
	}
	var setting *run.SettingError
	if errors.As(err, &setting) {
		text = strings.ReplaceAll(text, setting.Error(), "--"+strings.ReplaceAll(setting.Setting, "_", "-")+": "+setting.Problem)
	}
	var place *device.PlaceError
	if errors.As(err, &place) {
		text = strings.ReplaceAll(text, place.Error(), "--device "+place.Error())
	}
	var format *artifact.FormatError
	if errors.As(err, &format) && format.Mend != "" {
		text = strings.ReplaceAll(text, "; "+format.Mend, "")
	}
	return text
}

// Hints lists the hints of an error, the mends of format errors and of failed
// devices and what methods Hint() string say among them, innermost first. A failure of the operating system
// without any has one that follows from its kind.
func Hints(err error) []string {
	hints := ownHints(err)
	if len(hints) == 0 {
		for _, m := range systemMends {
			if errors.Is(err, m.kind) {
				return []string{m.mend}
			}
		}
	}
	return hints
}

// systemMends say what helps against failures of the operating system.
var systemMends = []struct {
	kind error
	mend string
}{
	{syscall.ENOSPC, "free some space or write elsewhere; files under their final names are whole"},
	{syscall.EDQUOT, "free some of your quota or write elsewhere; files under their final names are whole"},
	{syscall.EROFS, "name a file on a disk that can be written to"},
	{fs.ErrPermission, "ask for the right to it, or name another file"},
	{fs.ErrNotExist, "check the name; it is looked for from the folder that the command runs in"},
	{syscall.EISDIR, "name a file in it"},
	{syscall.ENOTDIR, "check the name: a part of it is a file, not a folder"},
	{syscall.ENAMETOOLONG, "choose a shorter name"},
	{syscall.EIO, "the disk failed to read or write: check it before you go on"},
	{syscall.EMFILE, "raise the limit on open files (ulimit -n)"},
}

func ownHints(err error) []string {
	if err == nil {
		return nil
	}
	var hints []string
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		hints = ownHints(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			hints = append(hints, ownHints(inner)...)
		}
	}
	switch e := err.(type) {
	case *codedError:
		hints = append(hints, e.hints...)
	case *artifact.FormatError:
		switch {
		case e.Setting != "":
			hints = append(hints, e.Mend+" (--"+e.Setting+")")
		case e.Mend != "":
			hints = append(hints, e.Mend)
		}
	case *device.Failure:
		hints = append(hints, e.Mend)
	case interface{ Hint() string }:
		if h := e.Hint(); h != "" {
			hints = append(hints, h)
		}
	default:
		hints = append(hints, lifecycleHints(err)...)
	}
	return hints
}
