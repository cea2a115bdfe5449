package cpu

import (
	"sync"
	"sync/atomic"
)

// pool is a fixed set of threads that share out numbered pieces of work. The
// caller's goroutine is worker 0.
type pool struct {
	wake []chan struct{}
	done sync.WaitGroup
	next atomic.Int64

	count int
	f     func(worker, piece int)
}

func newPool(threads int) *pool {
	p := &pool{}
	for i := 1; i < threads; i++ {
		c := make(chan struct{})
		p.wake = append(p.wake, c)
		go func() {
			for range c {
				p.work(i)
				p.done.Done()
			}
		}()
	}
	return p
}

func (p *pool) close() {
	for _, c := range p.wake {
		close(c)
	}
	p.wake = nil
}

// run calls f(worker, piece) for pieces 0 to count-1 and returns when all
// are done. No two calls with the same worker run at once.
func (p *pool) run(count int, f func(worker, piece int)) {
	if count == 0 {
		return
	}
	p.count, p.f = count, f
	p.next.Store(0)
	helpers := min(len(p.wake), count-1)
	p.done.Add(helpers)
	for _, c := range p.wake[:helpers] {
		c <- struct{}{}
	}
	p.work(0)
	p.done.Wait()
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
