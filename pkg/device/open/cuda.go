//go:build cuda

package open

import (
	"errors"

	"srn/pkg/cli"
	"srn/pkg/device"
	"srn/pkg/device/cuda"
)

func openCUDA(_ string, d cli.Device) (device.Backend, error) {
	b, err := cuda.Open(d.Index, d.TF32)
	var number *cuda.IndexError
	var old *cuda.TF32Error
	switch {
	case errors.As(err, &number):
		return nil, cli.Errorf(cli.ExitUsage, "--device %w", err)
	case errors.As(err, &old):
		return nil, cli.WithHint(cli.Errorf(cli.ExitUsage, "--device %w", err), "leave out +tf32")
	case err != nil:
		return nil, err
	}
	return b, nil
}
