//go:build cuda

package cuda

import (
	"fmt"

	"gorgonia.org/cu"

	kernels "srn/kernels/cuda"
	"srn/pkg/device"
	"srn/pkg/device/cuda/driver"
)

// Open opens a GPU by its number, counted from 0. With tf32, convolutions of
// stride 1 and the surrogate's layers compute on tensor cores, their factors
// rounded to TF32, but for first layers and gradients in weights. Errors are
// *[device.Failure], or *[device.PlaceError] for a number that no GPU has and for
// TF32 where tensor cores do not take it.
func Open(index int, tf32 bool) (*Backend, error) {
	b := &Backend{id: fmt.Sprintf("cuda:%d", index), tf32: tf32, module: map[string]cu.Function{}, images: map[*byte]kernels.Ptr{}}
	fail := func(err error) *device.Failure {
		problem, mend := explain(err)
		return &device.Failure{Device: b.id, Err: problem, Mend: mend}
	}
	if err := driver.Load(); err != nil {
		return nil, fail(err)
	}
	if tf32 {
		b.id += "+tf32"
	}
	b.stream = newStream(func(err error) { panic(fail(err)) })
	if err := b.stream.try(func() error { return b.open(index) }); err != nil {
		b.stream.close(func() {})
		if _, ok := err.(*device.PlaceError); ok {
			return nil, err
		}
		return nil, fail(err)
	}
	b.dot, b.dotOnHost = b.allocate(8), make([]float64, 1)
	return b, nil
}

// open runs on the driver's goroutine.
func (b *Backend) open(index int) error {
	count, err := cu.NumDevices()
	if err != nil {
		return err
	}
	if index >= count {
		return noIndex(fmt.Sprintf("cuda:%d", index), count)
	}
	d, err := cu.GetDevice(index)
	if err != nil {
		return err
	}
	gpu, err := d.Name()
	if err != nil {
		return err
	}
	major, err := d.Attribute(cu.ComputeCapabilityMajor)
	if err != nil {
		return err
	}
	minor, err := d.Attribute(cu.ComputeCapabilityMinor)
	if err != nil {
		return err
	}
	capability, compiled := 10*major+minor, kernels.Base
	if capability < kernels.Base {
		return &capabilityError{gpu, major, minor}
	}
	if b.tf32 {
		if compiled = kernels.TF32; capability < compiled {
			return noTF32(b.id, gpu, major, minor)
		}
	}
	if b.context, err = d.MakeContext(cu.SchedAuto); err != nil {
		return err
	}
	for _, m := range kernels.Modules() {
		if m.Capability > compiled {
			continue
		}
		module, err := cu.LoadData(m.PTX)
		if err != nil {
			return &moduleError{m.Name, err}
		}
		for _, name := range m.Kernels {
			if b.module[name], err = module.Function(name); err != nil {
				return &moduleError{m.Name, err}
			}
		}
	}
	b.name = fmt.Sprintf("%s [sm_%d on %s]", b.id, compiled, gpu)
	return nil
}
