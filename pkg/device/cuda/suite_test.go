//go:build cuda

package cuda

import (
	"os"
	"testing"

	"srn/pkg/device/cuda/driver"
	"srn/pkg/device/devicetest"
)

// open returns the first GPU, or the emulator where SRN_CUDA_DRIVER names it.
func open(t testing.TB) *Backend { return openWith(t, false) }

func openWith(t testing.TB, tf32 bool) *Backend {
	b, err := Open(0, tf32)
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

// inOrders runs a suite. On the emulator it does so with the threads of a block
// in three orders, since what lacks a barrier depends on it.
func inOrders(t *testing.T, suite func(t *testing.T)) {
	if os.Getenv(driver.PathVariable) == "" {
		suite(t)
		return
	}
	for _, order := range []string{"forward", "reverse", "shuffled"} {
		t.Run(order, func(t *testing.T) {
			emulated(t, "SRN_EMULATOR_ORDER", order)
			suite(t)
		})
	}
}

// The suite of all backends.
func TestSuite(t *testing.T) {
	inOrders(t, func(t *testing.T) { devicetest.Run(t, open(t)) })
}

// -v shows how far TF32 is off.
func TestTF32(t *testing.T) {
	if os.Getenv(driver.PathVariable) != "" {
		emulated(t, "SRN_EMULATOR_CAPABILITY", "80")
	}
	inOrders(t, func(t *testing.T) { devicetest.TF32(t, openWith(t, true)) })
}
