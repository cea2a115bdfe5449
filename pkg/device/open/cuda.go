//go:build cuda

package open

import (
	"srn/pkg/device"
	"srn/pkg/device/cuda"
)

func openCUDA(p device.Place) (device.Backend, error) {
	b, err := cuda.Open(p.Index, p.TF32)
	if err != nil {
		return nil, err
	}
	return b, nil
}
