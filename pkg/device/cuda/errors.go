//go:build cuda

package cuda

import (
	"errors"
	"fmt"
	"reflect"

	"gorgonia.org/cu"

	kernels "srn/kernels/cuda"
	"srn/pkg/device"
	"srn/pkg/device/cuda/driver"
)

// noIndex says that there is no GPU with the number asked for.
func noIndex(name string, count int) *device.PlaceError {
	if count == 1 {
		return &device.PlaceError{Name: name, Problem: "there is one GPU, cuda:0"}
	}
	return &device.PlaceError{Name: name, Problem: fmt.Sprintf("there are %d GPUs, cuda:0 to cuda:%d", count, count-1)}
}

// noTF32 says that a GPU has no tensor cores that take TF32.
func noTF32(name, gpu string, major, minor int) *device.PlaceError {
	return &device.PlaceError{Name: name, Fix: "leave out +tf32",
		Problem: fmt.Sprintf("%s has compute capability %d.%d; TF32 needs %d.%d", gpu, major, minor, kernels.TF32/10, kernels.TF32%10)}
}

// memoryError says that memory has run out.
type memoryError struct {
	bytes       int
	free, total int64
}

func (e *memoryError) Error() string {
	const gib = 1 << 30
	return fmt.Sprintf("out of memory: %.2f GiB more is needed, %.2f of %.2f GiB are free", float64(e.bytes)/gib, float64(e.free)/gib, float64(e.total)/gib)
}

// capabilityError says that a GPU is too old.
type capabilityError struct {
	gpu          string
	major, minor int
}

func (e *capabilityError) Error() string {
	return fmt.Sprintf("%s has compute capability %d.%d; the kernels need %d.%d", e.gpu, e.major, e.minor, kernels.Base/10, kernels.Base%10)
}

// moduleError says that the driver did not take a module's kernels.
type moduleError struct {
	name string
	err  error
}

func (e *moduleError) Error() string {
	return fmt.Sprintf("the driver (CUDA %d.%d) refuses the kernels of %s: %v", cu.Version()/1000, cu.Version()%1000/10, e.name, e.err)
}
func (e *moduleError) Unwrap() error { return e.err }

// Results of the driver that cu has no names for.
const (
	stubLibrary           = 34
	noDevice              = 100
	unsupportedPTXVersion = 222
	versionMismatch       = 803
)

// code is the driver's number of an error, or 0.
func code(err error) int {
	var init *driver.InitError
	if errors.As(err, &init) {
		return init.Code
	}
	for ; err != nil; err = errors.Unwrap(err) {
		if v := reflect.ValueOf(err); v.Kind() == reflect.Int {
			return int(v.Int())
		}
	}
	return 0
}

// explain says what went wrong, and what mends it.
func explain(err error) (problem error, mend string) {
	var missing *driver.MissingError
	var memory *memoryError
	var capability *capabilityError
	switch {
	case errors.As(err, &missing):
		return err, "install NVIDIA's driver, or use the device cpu"
	case errors.As(err, &memory):
		return err, "use a smaller batch, or end what else uses the GPU (nvidia-smi lists it)"
	case errors.As(err, &capability):
		return err, "use a GPU of Turing (2018) or newer, or the device cpu"
	}
	switch code(err) {
	case noDevice:
		return errors.New("the driver finds no GPU"), "nvidia-smi and CUDA_VISIBLE_DEVICES say which there are; or use the device cpu"
	case stubLibrary:
		return errors.New("libcuda.so.1 is the CUDA toolkit's stub, not the driver"), "take the toolkit's stubs folder out of LD_LIBRARY_PATH"
	case versionMismatch:
		return errors.New("the driver's library and its kernel module differ in version"), "restart the machine after the driver's update"
	case unsupportedPTXVersion:
		return err, "update NVIDIA's driver: the kernels need one of CUDA 10.0 or newer, those for TF32 of 11.0"
	}
	var init *driver.InitError
	var module *moduleError
	if errors.As(err, &init) || errors.As(err, &module) {
		return err, "nvidia-smi tells whether the driver works; or use the device cpu"
	}
	return fmt.Errorf("the device failed: %w", err), "files that are written are intact; nvidia-smi and dmesg tell what happened to the GPU"
}
