//go:build cuda

package cuda

import (
	"fmt"

	"gorgonia.org/cu"

	kernels "srn/kernels/cuda"
	"srn/pkg/device"
	"srn/pkg/device/cuda/driver"
)

// The kernels are compiled for GPUs of this compute capability; drivers
// translate them for any newer one.
const (
	capabilityMajor = 7
	capabilityMinor = 5
)

// Open opens a GPU by its number, counted from 0. Its errors are
// *[device.Failure], or *[IndexError] for a number that no GPU has.
func Open(index int) (*Backend, error) {
	b := &Backend{id: fmt.Sprintf("cuda:%d", index), module: map[string]cu.Function{}, images: map[*byte]kernels.Ptr{}}
	fail := func(err error) *device.Failure {
		problem, mend := explain(err)
		return &device.Failure{Device: b.id, Err: problem, Mend: mend}
	}
	if err := driver.Load(); err != nil {
		return nil, fail(err)
	}
	b.stream = newStream(func(err error) { panic(fail(err)) })
	if err := b.stream.try(func() error { return b.open(index) }); err != nil {
		b.stream.close(func() {})
		if _, ok := err.(*IndexError); ok {
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
		return &IndexError{index, count}
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
	if major < capabilityMajor || major == capabilityMajor && minor < capabilityMinor {
		return &capabilityError{gpu, major, minor}
	}
	if b.context, err = d.MakeContext(cu.SchedAuto); err != nil {
		return err
	}
	for _, m := range kernels.Modules() {
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
	b.name = fmt.Sprintf("%s [sm_%d%d on %s]", b.id, capabilityMajor, capabilityMinor, gpu)
	return nil
}
