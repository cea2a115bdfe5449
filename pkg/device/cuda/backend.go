//go:build cuda

// Package cuda runs the operations of package device on an NVIDIA GPU, with
// the kernels of srn/kernels/cuda, through gorgonia.org/cu.
//
// What is asked of the device is put down in batches, which one goroutine,
// locked to one thread, hands to the driver: see stream. A batch that comes again
// is launched as one CUDA graph: see graphs. The host waits for the device where
// it reads from it, and nowhere else. Memory is allocated when
// operations are planned and run for the first time, and is kept.
//
// Results do not depend on timing: whatever is summed is summed in an order
// that the number of images and the shape decide.
package cuda

import (
	"fmt"

	"gorgonia.org/cu"

	kernels "srn/kernels/cuda"
	"srn/pkg/device"
)

// Backend is a GPU.
type Backend struct {
	id      string // as --device names it
	name    string
	tf32    bool
	context cu.CUContext
	stream  *stream
	module  map[string]cu.Function // kernels by name

	scratch      kernels.Ptr // of the operation that runs
	scratchBytes int
	dot          kernels.Ptr // a float64
	dotOnHost    []float64

	images map[*byte]kernels.Ptr // data sets by their first byte
}

var _ device.Backend = (*Backend)(nil)

// Name implements device.Backend.
func (b *Backend) Name() string { return b.name }

// ImagesAtOnce implements device.Backend: the more, the better.
func (b *Backend) ImagesAtOnce(most int) int { return most }

// Close waits for the device and gives back what it holds.
func (b *Backend) Close() {
	b.stream.close(func() {
		cu.Synchronize() // what failed no longer matters
		b.stream.graphs.destroy()
		b.context.Destroy()
	})
}

// operation is what this backend's device.Op are, but for load.
type operation interface {
	// run puts the operation on images of the first n images into the stream.
	run(n int)
}

// Run implements device.Backend.
func (b *Backend) Run(n int, stage device.Stage) {
	for len(stage) > 0 {
		done := 1
		if l, ok := stage[0].(*load); ok {
			done = l.run(stage)
		} else {
			stage[0].(operation).run(n)
		}
		stage = stage[done:]
	}
}

// plan is an operation whose launches depend on the number of images alone.
// They are kept, so that running it again allocates nothing.
type plan struct {
	b      *Backend
	build  func(images int) []kernels.Launch
	images map[int][]launch
}

// plan returns an operation that is built when it first runs.
func (b *Backend) plan(build func(images int) []kernels.Launch) *plan {
	return &plan{b, build, map[int][]launch{}}
}

// plan1 is plan for an operation of one launch.
func (b *Backend) plan1(build func(images int) kernels.Launch) *plan {
	return b.plan(func(n int) []kernels.Launch { return []kernels.Launch{build(n)} })
}

func (p *plan) run(n int) {
	if n > 0 {
		p.runAny(n)
	}
}

func (p *plan) runAny(n int) {
	list, ok := p.images[n]
	if !ok {
		list = p.b.resolve(p.build(n))
		p.images[n] = list
	}
	p.b.stream.launch(list...)
}

// task is an operation that does not depend on images.
type task struct{ plan }

func (b *Backend) task(build func() kernels.Launch) *task {
	return &task{*b.plan1(func(int) kernels.Launch { return build() })}
}

func (t *task) run(int) { t.runAny(0) }

// resolve looks up the kernels of launches.
func (b *Backend) resolve(list []kernels.Launch) []launch {
	resolved := make([]launch, len(list))
	for i, l := range list {
		resolved[i] = launch{l, b.kernel(l.Kernel)}
	}
	return resolved
}

func (b *Backend) kernel(name string) cu.Function {
	f, ok := b.module[name]
	if !ok {
		panic("cuda: no kernel " + name)
	}
	return f
}

// now puts launches into the stream at once.
func (b *Backend) now(list ...kernels.Launch) {
	for i := range list {
		b.stream.launch(launch{list[i], b.kernel(list[i].Kernel)})
	}
}

// temporary returns memory for the operation that is being built. All
// operations share it, since the device carries out one after another. Those
// that were built before it grew keep the memory that they had.
func (b *Backend) temporary(bytes int) kernels.Ptr {
	if bytes > b.scratchBytes {
		b.scratch, b.scratchBytes = b.allocate(bytes), bytes
	}
	return b.scratch
}

func sameLen(what string, a, b int) {
	if a != b {
		panic(fmt.Sprintf("cuda: %s: lengths %d and %d differ", what, a, b))
	}
}
