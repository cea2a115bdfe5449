//go:build cuda

package cuda

import (
	kernels "srn/kernels/cuda"
	"srn/pkg/device"
)

// conv1D is a stack of one-dimensional convolutions.
type conv1D struct {
	b         *Backend
	k         kernels.Conv1D
	width     int         // number of features
	filter    kernels.Ptr // the weights as the kernels read them
	features  kernels.Ptr // float64
	cotangent kernels.Ptr // float32
	c         []float32   // cotangent on the host
	calls     map[conv1DCall][]launch
}

// conv1DCall tells calls apart whose launches differ.
type conv1DCall struct {
	method          conv1DMethod
	dx, dw, x, xDot kernels.Ptr
}

type conv1DMethod int

const (
	conv1DLoad conv1DMethod = iota
	conv1DForward
	conv1DGradient
	conv1DTangent
)

// Conv1D implements [device.Conv1Ds].
func (b *Backend) Conv1D(shape device.Conv1DShape) device.Conv1D {
	c := &conv1D{b: b, k: kernels.Conv1D{Channels: shape.Channels, Kernel: shape.Kernel, Length: shape.Length, TF32: b.tf32},
		width: shape.Features(), c: make([]float32, shape.Features()), calls: map[conv1DCall][]launch{}}
	c.filter = b.allocate(4 * c.k.FilterLen())
	c.features, c.cotangent = b.allocate(8*c.width), b.allocate(4*c.width)
	return c
}

// run carries out a call, whose launches are built the first time.
func (c *conv1D) run(call conv1DCall, build func(scratch kernels.Ptr) []kernels.Launch) {
	list, ok := c.calls[call]
	if !ok {
		list = c.b.resolve(build(c.b.temporary(c.k.Scratch())))
		c.calls[call] = list
	}
	c.b.stream.launch(list...)
}

// Load implements [device.Conv1D].
func (c *conv1D) Load(w device.Buffer) {
	c.run(conv1DCall{method: conv1DLoad, x: at(w)}, func(kernels.Ptr) []kernels.Launch { return c.k.Load(c.filter, at(w)) })
}

// Forward implements [device.Conv1D].
func (c *conv1D) Forward(features []float64, x device.Buffer) {
	c.run(conv1DCall{method: conv1DForward, x: at(x)}, func(scratch kernels.Ptr) []kernels.Launch {
		return c.k.Forward(c.features, c.filter, scratch, at(x))
	})
	c.b.stream.read(raw(features), c.features)
}

// Gradient implements [device.Conv1D].
func (c *conv1D) Gradient(features []float64, dx, dw, x device.Buffer, cotangent []float64) {
	c.setCotangent(cotangent)
	c.run(conv1DCall{method: conv1DGradient, dx: at(dx), dw: at(dw), x: at(x)}, func(scratch kernels.Ptr) []kernels.Launch {
		return c.k.Gradient(c.features, at(dx), at(dw), c.filter, scratch, at(x), c.cotangent)
	})
	c.b.stream.read(raw(features), c.features)
}

// Tangent implements [device.Conv1D].
func (c *conv1D) Tangent(featuresDot []float64, dwDot, x, xDot device.Buffer, cotangent []float64) {
	c.setCotangent(cotangent)
	c.run(conv1DCall{conv1DTangent, 0, at(dwDot), at(x), at(xDot)}, func(scratch kernels.Ptr) []kernels.Launch {
		return c.k.Tangent(c.features, at(dwDot), c.filter, scratch, at(x), at(xDot), c.cotangent)
	})
	c.b.stream.read(raw(featuresDot), c.features)
}

func (c *conv1D) setCotangent(cotangent []float64) {
	for i, v := range cotangent {
		c.c[i] = float32(v)
	}
	c.b.stream.write(c.cotangent, raw(c.c))
}
