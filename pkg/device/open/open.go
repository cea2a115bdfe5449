// Package open turns the name of a device into a backend.
package open

import (
	"fmt"

	kernels "srn/kernels/cpu"
	"srn/pkg/device"
	"srn/pkg/device/cpu"
)

// KernelsError says that the kernels asked for cannot be had.
type KernelsError struct{ Err error }

func (e *KernelsError) Error() string { return e.Err.Error() }
func (e *KernelsError) Unwrap() error { return e.Err }

// ExitCode is the exit status of wrong flags.
func (e *KernelsError) ExitCode() int { return 2 }

// Backend opens a device by its name, see [device.ParsePlace]. A device that is
// not asked for is left alone. Errors are a *[device.PlaceError], a
// *[KernelsError] or a *[device.Failure].
func Backend(name string, threads int) (device.Backend, error) {
	p, err := device.CheckPlace(name)
	if err != nil {
		return nil, err
	}
	if p.Kind == "cuda" {
		return openCUDA(p)
	}
	set, err := kernels.Select()
	if err != nil {
		return nil, &KernelsError{err}
	}
	if err := set.SelfTest(); err != nil {
		return nil, &device.Failure{Device: "cpu", Err: err, Mend: "use other kernels by " + kernels.EnvKernels + "=generic, and tell the authors of the processor and this message"}
	}
	if threads < 1 {
		return nil, fmt.Errorf("%d threads", threads)
	}
	return cpu.New(threads, set), nil
}

// PlainGo opens the CPU with the kernels in plain Go, as a reference.
func PlainGo(threads int) (device.Backend, error) {
	set, err := kernels.Named("generic")
	if err != nil {
		return nil, err
	}
	return cpu.New(threads, set), nil
}
