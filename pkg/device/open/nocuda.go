//go:build !cuda

package open

import "srn/pkg/device"

// openCUDA is never called: [device.CheckPlace] refuses what would open a GPU.
func openCUDA(device.Place) (device.Backend, error) { panic("this build has no CUDA support") }
