//go:build !cuda

package open

import (
	"srn/pkg/cli"
	"srn/pkg/device"
)

func openCUDA(name string, _ cli.Device) (device.Backend, error) { return nil, cli.NoCUDA(name) }
