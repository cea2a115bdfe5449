package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// request is what the peer is asked, see peer.py.
type request map[string]any

// with returns the request with one more field.
func (r request) with(key string, value any) request {
	c := request{key: value}
	for k, v := range r {
		if k != key {
			c[k] = v
		}
	}
	return c
}

// peer is a running process of peer.py. It idles while it is not asked.
type peer struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader

	library   string
	pyhessian string // its version, empty where it is absent
}

// startPeer runs command, which is to follow peer.py's protocol.
func startPeer(name string, args ...string) (*peer, error) {
	p := &peer{command: exec.Command(name, args...)}
	p.command.Stderr = os.Stderr
	var err error
	if p.in, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	var info struct{ Library, PyHessian string }
	if err := p.ask(request{"do": "info"}, &info); err != nil {
		return nil, errors.Join(err, p.close())
	}
	p.library, p.pyhessian = info.Library, info.PyHessian
	return p, nil
}

// ask sends a request and reads its answer.
func (p *peer) ask(r request, answer any) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("the peer takes no requests: %w", err)
	}
	if line, err = p.out.ReadBytes('\n'); err != nil {
		return fmt.Errorf("the peer gave no answer: %w", err)
	}
	var failed struct{ Error string }
	if err := json.Unmarshal(line, &failed); err != nil {
		return fmt.Errorf("the peer answered %.200q: %w", line, err)
	}
	if failed.Error != "" {
		return fmt.Errorf("peer, job %v: %s", r["job"], failed.Error)
	}
	return json.Unmarshal(line, answer)
}

// time measures a job of the peer.
func (p *peer) time(job request, calls int) (span, error) {
	var a struct {
		Seconds    float64 `json:"seconds"`
		CPUSeconds float64 `json:"cpu_seconds"`
	}
	err := p.ask(job.with("do", "time").with("calls", calls), &a)
	return span{a.Seconds, a.CPUSeconds}, err
}

// drop makes the peer forget its jobs.
func (p *peer) drop() error { return p.ask(request{"do": "drop"}, &struct{}{}) }

// contender is a job as a side of a contest.
func (p *peer) contender(job request) *contender {
	return &contender{run: func(calls int) (span, error) { return p.time(job, calls) }}
}

// best returns the job in the memory format that is faster at it.
func (p *peer) best(job request) (request, error) {
	var best request
	fastest := 0.0
	for _, format := range []string{"nchw", "nhwc"} {
		j := job.with("format", format)
		took := 0.0
		for i, spent := 0, 0.0; i < 3 && (i == 0 || spent < 1); i++ {
			s, err := p.time(j, 1)
			if err != nil {
				return nil, err
			}
			if spent += s.wall; took == 0 || s.wall < took {
				took = s.wall
			}
		}
		if best == nil || took < fastest {
			best, fastest = j, took
		}
	}
	return best, nil
}

func (p *peer) close() error {
	return errors.Join(p.in.Close(), p.command.Wait())
}
