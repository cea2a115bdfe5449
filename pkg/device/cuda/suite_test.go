//go:build cuda

package cuda

import (
	"os"
	"testing"

	"srn/pkg/device/cuda/driver"
	"srn/pkg/device/devicetest"
)

// open returns the first GPU, or the emulator where SRN_CUDA_DRIVER names it.
func open(t testing.TB) *Backend {
	b, err := Open(0)
	if err != nil && os.Getenv(driver.PathVariable) == "" {
		t.Skipf("%v; make test-cuda runs this on an emulator", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// emulated sets what the emulated device is like, for the tests that need one.
func emulated(t testing.TB, variable, value string) {
	if os.Getenv(driver.PathVariable) == "" {
		t.Skip("needs the emulator; make test-cuda runs this")
	}
	t.Setenv(variable, value)
}

// The suite of all backends. On the emulator it runs with the threads of a
// block in three orders, since what lacks a barrier depends on it.
func TestSuite(t *testing.T) {
	if os.Getenv(driver.PathVariable) == "" {
		devicetest.Run(t, open(t))
		return
	}
	for _, order := range []string{"forward", "reverse", "shuffled"} {
		t.Run(order, func(t *testing.T) {
			emulated(t, "SRN_EMULATOR_ORDER", order)
			devicetest.Run(t, open(t))
		})
	}
}
