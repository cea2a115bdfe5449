package device

import (
	"fmt"
	"strconv"
	"strings"
)

// Place is where to compute.
type Place struct {
	Kind  string // cpu or cuda
	Index int    // of the GPU
	TF32  bool   // convolutions on tensor cores, their factors rounded to TF32
}

// PlaceError says that a device cannot be had. Commands show it with the flag
// that devices are named by.
type PlaceError struct {
	Name    string // as it was asked for
	Problem string
	Fix     string // what helps; may be empty
}

func (e *PlaceError) Error() string { return e.Name + ": " + e.Problem }

// ExitCode is the exit status of wrong flags.
func (e *PlaceError) ExitCode() int { return 2 }

// Hint says what helps.
func (e *PlaceError) Hint() string { return e.Fix }

// ParsePlace reads cpu, cuda or cuda:N; +tf32 may follow the latter two. Its
// error is a *[PlaceError].
func ParsePlace(s string) (Place, error) {
	name, arithmetic, rounded := strings.Cut(s, "+")
	kind, number, numbered := strings.Cut(name, ":")
	p := Place{Kind: kind, TF32: rounded}
	index, err := strconv.ParseUint(number, 10, 8)
	switch {
	case name == "cpu" && arithmetic == "tf32":
		return Place{}, &PlaceError{s, "TF32 is the arithmetic of a GPU's tensor cores", "use cpu, or cuda+tf32"}
	case rounded && arithmetic != "tf32", kind == "cpu" && (numbered || rounded), kind == "cuda" && numbered && err != nil, kind != "cpu" && kind != "cuda":
		return Place{}, &PlaceError{fmt.Sprintf("%q", s), "there is no such device", "use cpu, cuda or cuda:N, N counting from 0; cuda+tf32 or cuda:N+tf32 for tensor cores"}
	case numbered:
		p.Index = int(index)
	}
	return p, nil
}

// CheckPlace is [ParsePlace] that refuses a GPU in a build that cannot use one.
func CheckPlace(s string) (Place, error) {
	p, err := ParsePlace(s)
	if err == nil && p.Kind == "cuda" && !hasCUDA {
		err = &PlaceError{s, "this build has no CUDA support", "use cpu, or build with make cuda"}
	}
	return p, err
}
