//go:build cuda

package cuda

import (
	kernels "srn/kernels/cuda"
	"srn/pkg/device"
)

// loader normalises, crops and mirrors picked images of a data set that lies
// on the device.
type loader struct {
	*plan
	picks  []device.Pick
	packed []uint64
	to     kernels.Ptr // the picks on the device
}

// Load implements device.Layers.
func (b *Backend) Load(dst device.Buffer, images *device.Images) device.Loader {
	batch := dst.Len() / (images.Size * images.Size * 3)
	values := kernels.NormalisedValues(images.Mean, images.Std)
	table := b.allocate(4 * len(values))
	b.stream.write(table, raw(values))
	pixels := b.dataSet(images.Pixels)
	l := &loader{packed: make([]uint64, 0, batch), to: b.allocate(8 * batch)}
	l.plan = b.plan1(func(n int) kernels.Launch {
		return kernels.LoadImages(at(dst), pixels, l.to, table, images.Size, n)
	})
	return l
}

// dataSet uploads a data set, once.
func (b *Backend) dataSet(pixels []byte) kernels.Ptr {
	first := &pixels[0]
	if _, ok := b.images[first]; !ok {
		to := b.allocate((len(pixels) + 3) / 4 * 4)
		b.stream.write(to, pixels)
		b.images[first] = to
	}
	return b.images[first]
}

// Set implements device.Loader.
func (l *loader) Set(picks []device.Pick) { l.picks = picks }

// Op implements device.Loader.
func (l *loader) Op() device.Op { return l }

func (l *loader) run(n int) {
	l.packed = l.packed[:0]
	for _, p := range l.picks[:n] {
		l.packed = append(l.packed, kernels.PackPick(p.Index, p.DY, p.DX, p.Flip))
	}
	if n > 0 {
		l.plan.b.stream.write(l.to, raw(l.packed))
	}
	l.plan.run(n)
}
