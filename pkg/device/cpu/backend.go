// Package cpu runs the operations of package device on the processor, with
// the kernels of kernels/cpu.
//
// A stage is run image group by image group, each group small enough that
// what one operation wrote is still in the second-level cache when the next
// one reads it. Groups belong to chunks of chunkImages images; whatever is
// summed over images is summed within a chunk first and then over chunks in
// their order, so that results do not depend on the number of threads.
//
// A stage of several convolutions is cut into segments of one each. A chunk
// goes through one after the other, so that a convolution's weights serve many
// images; where images are large, only as many at a time as stay in the
// second-level cache: neighbours that take as many images are a chain.
package cpu

import (
	"iter"

	kernels "srn/kernels/cpu"
	"srn/pkg/device"
)

// chunkImages is the number of images whose sums are kept apart.
const chunkImages = 16

// chainFloats is how many floats of images a segment of a chain touches at
// most: with its weights they stay in a second-level cache of 1 MiB.
const chainFloats = 256 << 8

// Backend is the processor.
type Backend struct {
	kernels *kernels.Set
	pool    *pool
	workers []*worker

	// The stage at hand, for runChunk.
	stage    []op
	n        int
	tasks    []tasker
	last     sharer
	segments []segment
	warm     []*float32 // first elements of arrays that a segment has touched

	taskFunc, chunkFunc, shareFunc func(worker, piece int)

	// Arguments of the kernels for flat vectors.
	dot kernels.Dot
	sgd kernels.SGD
}

var _ device.Backend = (*Backend)(nil)

// New returns a backend that uses the given number of threads and kernels.
func New(threads int, set *kernels.Set) *Backend {
	if threads < 1 {
		panic("cpu: needs at least one thread")
	}
	b := &Backend{kernels: set, pool: newPool(threads)}
	b.dot.Out = make([]float64, kernels.DotSums)
	b.taskFunc, b.chunkFunc, b.shareFunc = b.runTask, b.runChunk, b.runShare // made once, so that Run allocates nothing
	for range threads {
		b.workers = append(b.workers, &worker{kernels: set, scratch: map[scratchKey][]float32{}})
	}
	return b
}

// Name implements device.Backend.
func (b *Backend) Name() string { return "cpu [" + b.kernels.Name + "]" }

// ImagesAtOnce implements device.Backend: a chunk, whose activations stay in
// the last cache level, and two for each of several threads, so that one that
// is held up has less to make the others wait for.
func (b *Backend) ImagesAtOnce(most int) int {
	chunks := 1
	if threads := len(b.workers); threads > 1 {
		chunks = 2 * threads
	}
	return min(most, chunks*chunkImages)
}

// Close stops the backend's threads.
func (b *Backend) Close() { b.pool.close() }

// op is an operation of this backend. What it does is said by the interfaces
// below that it implements; Run calls them in this order.
type op any

// tasker does work that does not depend on images; the tasks of a stage run
// side by side.
type tasker interface{ task(w *worker) }

// imager works on images lo to hi-1, which belong to one chunk. first and
// last tell the beginning and the end of the chunk.
type imager interface{ images(w *worker, chunk span) }

// grouper is a convolution, which prefers to be given a number of images at once.
type grouper interface{ group() int }

// segment is a part of a stage, with one convolution at most.
type segment struct {
	ops   []op
	group int      // images that go through it at once
	chain int      // images that go through it before they go through the next one
	cold  []region // what it reads that its chain has not written
}

// sharer completes what was summed over images in shares that run side by
// side; a stage has one at most.
type sharer interface {
	shares() int
	share(w *worker, i, images int)
}

// finisher completes what was summed over images, after the shares.
type finisher interface{ finish(images int) }

// span is a group of images of a chunk.
type span struct {
	index       int // of the chunk
	lo, hi      int // images
	first, last bool
}

// parts divides a span into spans of some images each.
func (s span) parts(images int) iter.Seq[span] {
	return func(yield func(span) bool) {
		for lo := s.lo; lo < s.hi; lo += images {
			hi := min(lo+images, s.hi)
			if !yield(span{s.index, lo, hi, s.first && lo == s.lo, s.last && hi == s.hi}) {
				return
			}
		}
	}
}

// Run implements device.Backend.
func (b *Backend) Run(n int, stage device.Stage) {
	b.stage, b.n, b.tasks, b.last = b.stage[:0], n, b.tasks[:0], nil
	for _, o := range stage {
		b.stage = append(b.stage, o)
		if t, ok := o.(tasker); ok {
			b.tasks = append(b.tasks, t)
		}
		if s, ok := o.(sharer); ok {
			if b.last != nil {
				panic("cpu: stage has two convolution gradients: only one may use a worker's accumulators")
			}
			b.last = s
		}
	}
	if len(b.tasks) > 0 {
		b.pool.run(len(b.tasks), b.taskFunc)
	}
	b.cut()
	b.pool.run(chunks(n), b.chunkFunc)
	if b.last != nil {
		b.pool.run(b.last.shares(), b.shareFunc)
	}
	for _, o := range b.stage {
		if f, ok := o.(finisher); ok {
			f.finish(n)
		}
	}
}

// cut divides the stage into segments.
func (b *Backend) cut() {
	b.segments = b.segments[:0]
	for begin := 0; begin < len(b.stage); {
		// Memory of an earlier segment in this place serves again.
		if len(b.segments) < cap(b.segments) {
			b.segments = b.segments[:len(b.segments)+1]
		} else {
			b.segments = append(b.segments, segment{})
		}
		s := &b.segments[len(b.segments)-1]
		end, convolved := begin, false
		for s.group = 1; end < len(b.stage); end++ {
			g, convolves := b.stage[end].(grouper)
			if convolves && convolved {
				break
			}
			if convolves {
				convolved, s.group = true, g.group()
			}
		}
		s.ops = b.stage[begin:end]
		s.chain = s.fitting()
		before := len(b.segments) - 2
		b.lookThrough(s, before < 0 || b.segments[before].chain != s.chain)
		begin = end
	}
}

// fitting is the number of images that a segment takes at once: a power of
// two, so that neighbours often agree.
func (s *segment) fitting() int {
	floats := 0 // of an image
	for _, o := range s.ops {
		if t, ok := o.(toucher); ok {
			for _, r := range t.touches().in {
				floats += r.perImage
			}
			for _, r := range t.touches().out {
				floats += r.perImage
			}
		}
	}
	images := chunkImages
	for images > s.group && images*floats > chainFloats {
		images /= 2
	}
	return images
}

// chunks is the number of chunks of n images.
func chunks(n int) int { return (n + chunkImages - 1) / chunkImages }

// runTask takes the last tasks first, which are the largest.
func (b *Backend) runTask(worker, task int) {
	b.tasks[len(b.tasks)-1-task].task(b.workers[worker])
}

func (b *Backend) runShare(worker, i int) { b.last.share(b.workers[worker], i, b.n) }

func (b *Backend) runChunk(worker, chunk int) {
	w := b.workers[worker]
	whole := span{chunk, chunk * chunkImages, min((chunk+1)*chunkImages, b.n), true, true}
	for rest := b.segments; len(rest) > 0; {
		links := 1
		for links < len(rest) && rest[links].chain == rest[0].chain {
			links++
		}
		for part := range whole.parts(rest[0].chain) {
			for i := range links {
				b.runSegment(w, &rest[i], part)
			}
		}
		rest = rest[links:]
	}
}

func (b *Backend) runSegment(w *worker, segment *segment, images span) {
	for s := range images.parts(segment.group) {
		w.lookAhead(segment.cold, s.hi, min(s.hi+segment.group, b.n))
		for _, o := range segment.ops {
			if i, ok := o.(imager); ok {
				i.images(w, s)
			}
		}
	}
}

// parallel runs f(worker, chunk) for all chunks on the backend's threads.
func (b *Backend) parallel(chunks int, f func(worker, chunk int)) { b.pool.run(chunks, f) }
