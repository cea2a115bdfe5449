package cpu

import (
	"fmt"
	"os"
	"strings"
	"sync"
)

// EnvKernels is the environment variable that forces a kernel set by name.
const EnvKernels = "SRN_KERNELS"

// Direct, appended to the name of a set, names the same set without the
// transforms of 3×3 convolutions: to see what they change.
const Direct = "-direct"

// known lists the names of all sets, the fastest first.
var known = []string{"avx512", "avx2", "generic"}

// Sets returns every set that this build and this processor can run, the
// fastest first. The last one is always "generic".
func Sets() []*Set {
	return append(nativeSets(), &generic)
}

// direct returns the set without the transforms of 3×3 convolutions.
func (s Set) direct() *Set {
	s.Name += Direct
	s.WinogradInput, s.WinogradOutput, s.WinogradActivate, s.WinogradGrad, s.WinogradFilter, s.WinogradFilterGrad = nil, nil, nil, nil, nil, nil
	s.Stride2Input, s.Stride2Output, s.Stride2Activate, s.Stride2Filter = nil, nil, nil, nil
	s.Stride2OutputGrad, s.Stride2InputGrad, s.Stride2InputTile, s.Stride2FilterGrad = nil, nil, nil, nil
	return &s
}

// Named returns the set with the given name, which may end in [Direct]. The error of an unknown or
// unsupported name lists the names that would do.
func Named(name string) (*Set, error) {
	name, direct := strings.CutSuffix(name, Direct)
	var names []string
	for _, s := range Sets() {
		if s.Name == name && direct {
			return s.direct(), nil
		}
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	can := strings.Join(names, ", ")
	for _, k := range known {
		if k == name {
			return nil, fmt.Errorf("kernel set %q is not supported by this processor or build; use one of %s", name, can)
		}
	}
	return nil, fmt.Errorf("unknown kernel set %q; use one of %s", name, can)
}

// Select returns the set that SRN_KERNELS names or, where it is empty or
// unset, the fastest set of this processor.
func Select() (*Set, error) {
	name := os.Getenv(EnvKernels)
	if name == "" {
		return Sets()[0], nil
	}
	s, err := Named(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w, or unset it", EnvKernels, err)
	}
	return s, nil
}

// Best returns what [Select] does and panics with its error: commands that
// want to report a wrong SRN_KERNELS call Select first.
func Best() *Set {
	s, err := best()
	if err != nil {
		panic(err)
	}
	return s
}

var best = sync.OnceValues(Select)
