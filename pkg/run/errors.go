package run

import (
	"context"
	"fmt"
	"strings"
)

// DifferentError refuses a file that a run with other settings has left.
type DifferentError struct {
	Path        string
	Differences []Difference
}

func (e *DifferentError) Error() string {
	var list []string
	for _, d := range e.Differences {
		list = append(list, d.String())
	}
	return fmt.Sprintf("%s is of another run: %s", e.Path, strings.Join(list, ", "))
}

// ExitCode is the exit status of wrong flags.
func (e *DifferentError) ExitCode() int { return 2 }

// OccupiedError refuses to touch a file.
type OccupiedError struct {
	Path, What string
	Resumable  bool // by [Resume]
}

func (e *OccupiedError) Error() string { return e.Path + ": " + e.What }

// ExitCode is the exit status of wrong flags.
func (e *OccupiedError) ExitCode() int { return 2 }

// unresumable refuses to resume what is written to no regular file.
func unresumable(path string) error {
	if path == "-" {
		path = "standard output"
	}
	return &OccupiedError{Path: path, What: "is no file, and only files can be resumed"}
}

// ClashError refuses a name that stands for two things.
type ClashError struct{ Path, A, B string }

func (e *ClashError) Error() string { return fmt.Sprintf("%s is both %s and %s", e.Path, e.A, e.B) }

// ExitCode is the exit status of wrong flags.
func (e *ClashError) ExitCode() int { return 2 }

// MissingError says what is not there of a run.
type MissingError struct {
	Path    string // what is there
	What    string // what it is
	Missing []string
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s is %s, but there is no %s", e.Path, e.What, strings.Join(e.Missing, ", no "))
}

// ExitCode is the exit status of wrong flags.
func (e *MissingError) ExitCode() int { return 2 }

// InterruptedError says that a run ended because its context did.
type InterruptedError struct {
	At    string // how far it came, such as "round 3 of 10"; may be empty
	Saved string // the file from which it resumes; "": nothing was saved
}

func (e *InterruptedError) Error() string {
	text := "interrupted"
	if e.At != "" {
		text += " " + e.At
	}
	if e.Saved == "" {
		return text + "; nothing is saved"
	}
	return text + "; saved in " + e.Saved
}

// ExitCode is the exit status of a command that a signal stopped.
func (e *InterruptedError) ExitCode() int { return 130 }

func (e *InterruptedError) Unwrap() error { return context.Canceled }
