//go:build cuda

package cuda

import (
	"runtime"
	"unsafe"

	"gorgonia.org/cu"

	kernels "srn/kernels/cuda"
)

// stream is the device's one queue of work. Its methods put commands into a
// batch; full batches go to the goroutine that alone talks to the driver, since
// a context belongs to a thread. While it hands over one batch, the next one
// is filled.
type stream struct {
	calls    chan func()
	batches  chan *batch // that are free
	batch    *batch      // being filled
	err      error       // the driver's first; owned by the goroutine
	launches int         // asked for so far
	reads    int         // that the host has waited for
	fail     func(error) // told of err on the caller's goroutine; does not return

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
	// batchCommands is enough to make handing over a batch cheap beside what is
	// in it, and few enough that the device does not wait for long.
	batchCommands = 64
	// batchBytes is the most that a batch carries from the host's memory. The
	// driver keeps that much without waiting for the device.
	batchBytes = 64 << 10
)

// batch is a list of commands with what they need: launches' arguments, and
// bytes to copy to the device.
type batch struct {
	commands  []command
	arguments []uint64
	bytes     []byte
	pointers  []unsafe.Pointer // of one launch, for the driver
	handOver  func()           // made once
}

// command is a launch, or a copy where size is not 0.
type command struct {
	function    cu.Function
	grid, block [3]int
	shared      int
	first, last int // of arguments, or of bytes

	kind copyKind
	to   cu.DevicePtr
	from cu.DevicePtr
	size int64
}

type copyKind int

const (
	noCopy copyKind = iota
	fromHost
	onDevice
	zeros
)

func newStream(fail func(error)) *stream {
	s := &stream{calls: make(chan func(), 1), batches: make(chan *batch, 2), fail: fail, done: make(chan error)}
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
		b := &batch{commands: make([]command, 0, batchCommands), arguments: make([]uint64, 0, batchCommands*kernels.MostArgs),
			bytes: make([]byte, 0, batchBytes), pointers: make([]unsafe.Pointer, 0, kernels.MostArgs)}
		b.handOver = func() {
			if s.err == nil {
				s.err = b.issue()
			}
			b.commands, b.arguments, b.bytes = b.commands[:0], b.arguments[:0], b.bytes[:0]
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
	if len(s.batch.commands) == 0 {
		return
	}
	s.calls <- s.batch.handOver
	s.batch = <-s.batches
}

// next returns a place for a command.
func (s *stream) next() *command {
	b := s.batch
	if len(b.commands) >= batchCommands {
		s.submit()
		b = s.batch
	}
	b.commands = append(b.commands, command{})
	return &b.commands[len(b.commands)-1]
}

func (s *stream) launch(list ...launch) {
	for i := range list {
		l, c := &list[i], s.next()
		b := s.batch
		*c = command{function: l.function, grid: l.Grid, block: l.Block, shared: l.Shared,
			first: len(b.arguments), last: len(b.arguments) + len(l.Args())}
		b.arguments = append(b.arguments, l.Args()...)
	}
	s.launches += len(list)
}

// write copies bytes to the device. They may change when it has returned.
func (s *stream) write(to kernels.Ptr, bytes []byte) {
	if len(bytes) > batchBytes {
		s.copyNow(bytes, to, s.toDevice)
		return
	}
	if len(s.batch.bytes)+len(bytes) > batchBytes {
		s.submit()
	}
	c := s.next()
	b := s.batch
	*c = command{kind: fromHost, to: cu.DevicePtr(to), size: int64(len(bytes)), first: len(b.bytes)}
	b.bytes = append(b.bytes, bytes...)
}

// read copies bytes from the device when all that was asked for is done.
func (s *stream) read(bytes []byte, from kernels.Ptr) {
	s.reads++
	s.copyNow(bytes, from, s.fromDevice)
}

// copy copies within the device.
func (s *stream) copy(to, from kernels.Ptr, bytes int) {
	*s.next() = command{kind: onDevice, to: cu.DevicePtr(to), from: cu.DevicePtr(from), size: int64(bytes)}
}

// zero clears memory, a multiple of 4 bytes.
func (s *stream) zero(to kernels.Ptr, bytes int) {
	*s.next() = command{kind: zeros, to: cu.DevicePtr(to), size: int64(bytes)}
}

// issue hands the batch's commands to the driver.
func (b *batch) issue() error {
	for i := range b.commands {
		if err := b.one(&b.commands[i]); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) one(c *command) error {
	switch c.kind {
	case fromHost:
		return cu.MemcpyHtoDAsync(c.to, unsafe.Pointer(&b.bytes[c.first]), c.size, cu.NoStream)
	case onDevice:
		return cu.MemcpyDtoDAsync(c.to, c.from, c.size, cu.NoStream)
	case zeros:
		return cu.MemsetD32Async(c.to, 0, c.size/4, cu.NoStream)
	}
	b.pointers = b.pointers[:0]
	for i := range b.arguments[c.first:c.last] {
		b.pointers = append(b.pointers, unsafe.Pointer(&b.arguments[c.first+i]))
	}
	return c.function.Launch(c.grid[0], c.grid[1], c.grid[2], c.block[0], c.block[1], c.block[2], c.shared, cu.NoStream, b.pointers)
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
