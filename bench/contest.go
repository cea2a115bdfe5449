package main

import (
	"fmt"
	"math"
	"syscall"
	"time"
)

// span is what some work took.
type span struct{ wall, cpu float64 } // seconds; cpu of all threads

// contender is one side of a contest. Its run does the work a number of times.
type contender struct {
	run func(calls int) (span, error)

	wall, cpu []float64 // seconds a call, one entry a round
}

// effort bounds what a contest takes.
type effort struct {
	rounds int     // at most
	window float64 // seconds that a measurement should last at least
	budget float64 // seconds for all rounds together, though 3 rounds are always run
}

// compete measures the contenders in turn, one at a time, round by round,
// every second round backwards. Each is run once or twice before.
func (e effort) compete(contenders ...*contender) error {
	calls := make([]int, len(contenders))
	round := 0.0
	for i, c := range contenders {
		s, err := c.run(1)
		if err == nil && s.wall < 1 { // the first call of what is long tells enough
			s, err = c.run(1)
		}
		if err != nil {
			return err
		}
		calls[i] = int(min(max(math.Ceil(e.window/s.wall), 1), 1000))
		round += float64(calls[i]) * s.wall
	}
	rounds := min(e.rounds, max(3, int(e.budget/round)))
	for r := range rounds {
		for i := range contenders {
			if r%2 == 1 {
				i = len(contenders) - 1 - i
			}
			c := contenders[i]
			s, err := c.run(calls[i])
			if err != nil {
				return err
			}
			n := float64(calls[i])
			c.wall, c.cpu = append(c.wall, s.wall/n), append(c.cpu, s.cpu/n)
		}
	}
	return nil
}

// once measures contenders whose every run takes long, without runs before: in
// turn, every second round backwards, as many rounds as fit in the budget.
func (e effort) once(contenders ...*contender) error {
	var spent float64
	for r := 0; r == 0 || r < e.rounds && spent*float64(r+1)/float64(r) <= e.budget; r++ {
		for i := range contenders {
			if r%2 == 1 {
				i = len(contenders) - 1 - i
			}
			c := contenders[i]
			s, err := c.run(1)
			if err != nil {
				return err
			}
			c.wall, c.cpu = append(c.wall, s.wall), append(c.cpu, s.cpu)
			spent += s.wall
		}
	}
	return nil
}

// here is a contender of this process.
func here(work func() error) *contender {
	return &contender{run: func(calls int) (span, error) { return timed(func() error { return repeat(calls, work) }) }}
}

func repeat(n int, work func() error) error {
	for range n {
		if err := work(); err != nil {
			return err
		}
	}
	return nil
}

// timed measures work of this process.
func timed(work func() error) (span, error) {
	cpu, start := processCPU(), time.Now()
	err := work()
	return span{time.Since(start).Seconds(), processCPU() - cpu}, err
}

// processCPU is the processor time of this process in seconds.
func processCPU() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(fmt.Sprintf("getrusage: %v", err))
	}
	return seconds(u.Utime) + seconds(u.Stime)
}

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
