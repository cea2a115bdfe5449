package cpu

import (
	"sync/atomic"
	"time"
)

// pool is a fixed set of threads that share out numbered pieces of work. The
// caller's goroutine is worker 0.
//
// A step has some sixty stages of a millisecond or less, and waking a
// sleeping thread takes tens of microseconds, so a thread without work looks
// out for it a while before it sleeps.
type pool struct {
	helpers []*helper
	next    atomic.Int64 // piece
	running atomic.Int64 // helpers at work
	caller  sleeper

	count int
	f     func(worker, piece int)
}

// helper is another thread than the caller's.
type helper struct {
	orders atomic.Int64 // given so far
	closed atomic.Bool
	sleeper
}

func newPool(threads int) *pool {
	p := &pool{caller: newSleeper()}
	for worker := 1; worker < threads; worker++ {
		h := &helper{sleeper: newSleeper()}
		p.helpers = append(p.helpers, h)
		go p.help(worker, h)
	}
	return p
}

func (p *pool) help(worker int, h *helper) {
	for done := int64(0); ; done++ {
		h.await(func() bool { return h.orders.Load() > done || h.closed.Load() })
		if h.closed.Load() {
			return
		}
		p.work(worker)
		if p.running.Add(-1) == 0 {
			p.caller.wakeUp()
		}
	}
}

func (p *pool) close() {
	for _, h := range p.helpers {
		h.closed.Store(true)
		h.wakeUp()
	}
	p.helpers = nil
}

// run calls f(worker, piece) for pieces 0 to count-1 and returns when all
// are done. No two calls with the same worker run at once.
func (p *pool) run(count int, f func(worker, piece int)) {
	if count == 0 {
		return
	}
	p.count, p.f = count, f
	p.next.Store(0)
	helpers := p.helpers[:min(len(p.helpers), count-1)]
	p.running.Store(int64(len(helpers)))
	for _, h := range helpers {
		h.orders.Add(1)
		h.wakeUp()
	}
	p.work(0)
	p.caller.await(func() bool { return p.running.Load() == 0 })
}

func (p *pool) work(worker int) {
	for {
		piece := int(p.next.Add(1)) - 1
		if piece >= p.count {
			return
		}
		p.f(worker, piece)
	}
}

// sleeper is a thread that waits for what other threads do.
type sleeper struct {
	asleep atomic.Bool
	wake   chan struct{}
}

func newSleeper() sleeper { return sleeper{wake: make(chan struct{}, 1)} }

// patience is how long a thread looks for a change before it sleeps.
const patience = 100 * time.Microsecond

// await returns once a condition holds, which others make true before they
// call wakeUp.
func (s *sleeper) await(condition func() bool) {
	for start := time.Now(); time.Since(start) < patience; {
		for range 32 {
			if condition() {
				return
			}
		}
	}
	s.asleep.Store(true)
	for !condition() { // a call of wakeUp may be of an earlier time
		<-s.wake
	}
	s.asleep.Store(false)
}

func (s *sleeper) wakeUp() {
	if !s.asleep.Load() {
		return
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
