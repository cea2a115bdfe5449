//go:build cuda

package cuda

import (
	"runtime"
	"unsafe"

	"gorgonia.org/cu"

	kernels "srn/kernels/cuda"
)

// stream is the device's one queue of work. Its methods put copies and launches
// into a batch; a batch goes to the goroutine that alone talks to the driver,
// since a context belongs to a thread. While it hands over one batch, the next
// one is filled.
//
// A batch ends where the host writes after launches, where it waits, and where
// its user says so. What repeats, such as a training step, thus comes out as the
// same launches again, and [graphs] replays it.
type stream struct {
	calls    chan func()
	batches  chan *batch // that are free
	batch    *batch      // being filled
	launches int         // asked for so far
	reads    int         // that the host has waited for
	fail     func(error) // told of err on the caller's goroutine; does not return

	// Owned by the goroutine.
	err      error // the driver's first
	graphs   graphs
	alone    int              // kernels launched outside of graphs
	pointers []unsafe.Pointer // of one launch's arguments

	// The call at hand that the host waits for, with what serves it, made once.
	call                 func() error
	run                  func()
	done                 chan error
	host                 []byte // of a copy
	device               kernels.Ptr
	fromDevice, toDevice func() error
}

// launch is a kernel with its arguments.
type launch struct {
	kernels.Launch
	function cu.Function
}

const (
	// batchLaunches is enough for a training step or a Hessian-vector product of
	// ResNet-20. What is longer comes in several batches, at the same places
	// each time.
	batchLaunches = 512
	batchCopies   = 64
	// batchBytes is the most that a batch carries from the host's memory. The
	// driver keeps that much without waiting for the device.
	batchBytes = 64 << 10
)

// batch is a list of copies and of launches after them.
type batch struct {
	copies   []transfer
	bytes    []byte // to be copied
	launches sequence
	handOver func() // made once
}

// transfer fills memory of the device from the batch's bytes, or with zeros.
type transfer struct {
	to          cu.DevicePtr
	size        int64
	first       int // of bytes
	fromNothing bool
}

// sequence is a list of launches with their arguments.
type sequence struct {
	list      []node
	arguments []uint64
}

// node is one launch of a sequence.
type node struct {
	function    cu.Function
	grid, block [3]int
	shared      int
	first, last int // of arguments
}

func (s *sequence) clear() { s.list, s.arguments = s.list[:0], s.arguments[:0] }

func (s *sequence) of(n *node) []uint64 { return s.arguments[n.first:n.last] }

func newStream(fail func(error)) *stream {
	s := &stream{calls: make(chan func(), 1), batches: make(chan *batch, 2), fail: fail, done: make(chan error),
		pointers: make([]unsafe.Pointer, 0, kernels.MostArgs)}
	s.run = func() {
		if s.err == nil {
			s.err = s.call()
		}
		s.done <- s.err
	}
	s.fromDevice = func() error {
		return cu.MemcpyDtoH(unsafe.Pointer(&s.host[0]), cu.DevicePtr(s.device), int64(len(s.host)))
	}
	s.toDevice = func() error {
		return cu.MemcpyHtoD(cu.DevicePtr(s.device), unsafe.Pointer(&s.host[0]), int64(len(s.host)))
	}
	for range 2 {
		b := &batch{copies: make([]transfer, 0, batchCopies), bytes: make([]byte, 0, batchBytes),
			launches: sequence{make([]node, 0, batchLaunches), make([]uint64, 0, batchLaunches*kernels.MostArgs)}}
		b.handOver = func() {
			if s.err == nil {
				s.err = s.issue(b)
			}
			b.copies, b.bytes = b.copies[:0], b.bytes[:0]
			b.launches.clear()
			s.batches <- b
		}
		s.batches <- b
	}
	s.batch = <-s.batches
	go func() {
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		for f := range s.calls {
			f()
		}
	}()
	return s
}

// do runs f on the goroutine of the driver after all that was asked for
// before, and waits for it.
func (s *stream) do(f func() error) {
	if err := s.try(f); err != nil {
		s.fail(err)
	}
}

// try is do that returns the driver's first error.
func (s *stream) try(f func() error) error {
	s.submit()
	s.call = f
	s.calls <- s.run
	return <-s.done
}

// copyNow copies between the host and the device, one way or the other.
func (s *stream) copyNow(host []byte, device kernels.Ptr, way func() error) {
	s.host, s.device = host, device
	s.do(way)
	s.host = nil
}

// submit hands over the batch at hand.
func (s *stream) submit() {
	if len(s.batch.copies) == 0 && len(s.batch.launches.list) == 0 {
		return
	}
	s.calls <- s.batch.handOver
	s.batch = <-s.batches
}

func (s *stream) launch(list ...launch) {
	for i := range list {
		if len(s.batch.launches.list) == batchLaunches {
			s.submit()
		}
		l, q := &list[i], &s.batch.launches
		first := len(q.arguments)
		q.arguments = append(q.arguments, l.Args()...)
		q.list = append(q.list, node{l.function, l.Grid, l.Block, l.Shared, first, len(q.arguments)})
	}
	s.launches += len(list)
}

// copyFirst puts a copy into the batch, of some of its bytes or of none.
func (s *stream) copyFirst(t transfer, bytes []byte) {
	b := s.batch
	if len(b.launches.list) > 0 || len(b.copies) == batchCopies || len(b.bytes)+len(bytes) > batchBytes {
		s.submit()
		b = s.batch
	}
	t.first = len(b.bytes)
	b.bytes = append(b.bytes, bytes...)
	b.copies = append(b.copies, t)
}

// write copies bytes to the device. They may change when it has returned.
func (s *stream) write(to kernels.Ptr, bytes []byte) {
	if len(bytes) > batchBytes {
		s.copyNow(bytes, to, s.toDevice)
		return
	}
	s.copyFirst(transfer{to: cu.DevicePtr(to), size: int64(len(bytes))}, bytes)
}

// zero clears memory, a multiple of 4 bytes.
func (s *stream) zero(to kernels.Ptr, bytes int) {
	s.copyFirst(transfer{to: cu.DevicePtr(to), size: int64(bytes), fromNothing: true}, nil)
}

// read copies bytes from the device when all that was asked for is done.
func (s *stream) read(bytes []byte, from kernels.Ptr) {
	s.reads++
	s.copyNow(bytes, from, s.fromDevice)
}

// issue hands a batch to the driver.
func (s *stream) issue(b *batch) error {
	for i := range b.copies {
		if err := b.copy(&b.copies[i]); err != nil {
			return err
		}
	}
	if s.graphs.replay(&b.launches) {
		return nil
	}
	for i := range b.launches.list {
		if err := s.one(&b.launches, i); err != nil {
			return err
		}
	}
	return nil
}

// one launches a kernel by itself.
func (s *stream) one(q *sequence, i int) error {
	n := &q.list[i]
	s.pointers = s.pointers[:0]
	for at := n.first; at < n.last; at++ {
		s.pointers = append(s.pointers, unsafe.Pointer(&q.arguments[at]))
	}
	s.alone++
	return n.function.Launch(n.grid[0], n.grid[1], n.grid[2], n.block[0], n.block[1], n.block[2], n.shared, cu.NoStream, s.pointers)
}

func (b *batch) copy(t *transfer) error {
	if t.fromNothing {
		return cu.MemsetD32Async(t.to, 0, t.size/4, cu.NoStream)
	}
	return cu.MemcpyHtoDAsync(t.to, unsafe.Pointer(&b.bytes[t.first]), t.size, cu.NoStream)
}

// close ends the goroutine after all that was asked for, with what last does.
func (s *stream) close(last func()) {
	s.submit()
	done := make(chan struct{})
	s.calls <- func() {
		last()
		close(done)
	}
	close(s.calls)
	<-done
}
