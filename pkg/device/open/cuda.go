//go:build cuda

package open

import (
	"errors"

	"srn/pkg/cli"
	"srn/pkg/device"
	"srn/pkg/device/cuda"
)

func openCUDA(_ string, index int) (device.Backend, error) {
	b, err := cuda.Open(index)
	var number *cuda.IndexError
	switch {
	case errors.As(err, &number):
		return nil, cli.Errorf(cli.ExitUsage, "--device %w", err)
	case err != nil:
		return nil, err
	}
	return b, nil
}
