// Package open turns the --device flag into a backend.
package open

import (
	"fmt"

	kernels "srn/kernels/cpu"
	"srn/pkg/cli"
	"srn/pkg/device"
	"srn/pkg/device/cpu"
)

// Backend opens a device named as --device names it. A device that is not
// asked for is left alone.
func Backend(name string, threads int) (device.Backend, error) {
	d, err := cli.ParseDevice(name)
	if err != nil {
		return nil, err
	}
	if d.Kind == "cuda" {
		return openCUDA(name, d)
	}
	set, err := kernels.Select()
	if err != nil {
		return nil, cli.Errorf(cli.ExitUsage, "%s", err)
	}
	if err := set.SelfTest(); err != nil {
		return nil, cli.WithHint(cli.Errorf(cli.ExitFailed, "%w", err), "use other kernels by "+kernels.EnvKernels+"=generic, and tell the authors of the processor and this message")
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
