package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"srn/pkg/artifact"
)

// memory measures the peak memory of training processes, and what a training
// step allocates.
func (b *bench) memory() (section, error) {
	arch := b.usual()
	rows, err := b.allocations(arch)
	if err != nil {
		return section{}, err
	}
	notes := []string{}
	peak, err := b.trainingPeak(arch)
	switch {
	case errors.Is(err, os.ErrNotExist):
		notes = append(notes, "peak memory: "+err.Error()+": run make build first")
	case err != nil:
		return section{}, err
	default:
		rows = append(rows, peak)
	}
	return compared("memory", "Memory", rows, notes...), nil
}

// allocations counts what steps allocate in this process.
func (b *bench) allocations(arch string) (rows []Row, err error) {
	be := b.backend(b.mostThreads())
	defer be.Close()
	s, err := newStepper(be, b.data, b.dir, fitting{arch: arch, method: "ce", batch: b.batch})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.steps(2); err != nil {
		return nil, err
	}
	var count, bytes []float64
	for range b.rounds {
		const steps = 1
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := s.steps(steps); err != nil {
			return nil, err
		}
		runtime.ReadMemStats(&after)
		count = append(count, float64(after.Mallocs-before.Mallocs))
		bytes = append(bytes, float64(after.TotalAlloc-before.TotalAlloc))
	}
	return []Row{
		{Work: arch + ", allocations of a training step", Threads: b.mostThreads(), Unit: "count", Ours: summarise(count), Aim: "0"},
		{Work: arch + ", allocated by a training step", Threads: b.mostThreads(), Unit: "bytes", Ours: summarise(bytes), Aim: "0"},
	}, nil
}

// watched is how long a training process is watched at most: its memory
// does not grow after the first steps.
const watched = 12 * time.Second

// trainingPeak compares srn-fit with the peer taking the same steps.
func (b *bench) trainingPeak(arch string) (Row, error) {
	threads := b.mostThreads()
	r := Row{Work: fmt.Sprintf("%s, peak of a training run on %d images", arch, b.data.Train.Len()), Threads: threads, Unit: "MiB"}
	fit := filepath.Join(b.bin, "srn-fit")
	if _, err := os.Stat(fit); err != nil {
		return r, err
	}
	data := b.options.data
	if data == "" {
		data = filepath.Join(b.dir, "data.safetensors")
		if err := b.data.Save(data, artifact.Provenance{Tool: "bench"}); err != nil {
			return r, err
		}
	}
	ours, err := peakOf(exec.Command(fit, "--data", data, "--arch", arch, "--batch", fmt.Sprint(b.batch), "--epochs", "1",
		"--threads", fmt.Sprint(threads), "--quiet", "-o", filepath.Join(b.dir, "peak.safetensors")), watched)
	if err != nil {
		return r, err
	}
	r.Ours = summarise([]float64{ours})
	if b.peer == nil {
		return r, nil
	}
	var theirs []float64
	for _, format := range []string{"nchw", "nhwc"} {
		steps := 10
		if b.quick {
			steps = 1
		}
		p, err := peakOf(exec.Command(b.python, b.script, "memory", b.pixels, b.labels, fmt.Sprint(len(b.data.Classes)),
			fmt.Sprint(threads), arch, format, fmt.Sprint(b.batch), fmt.Sprint(steps)), 10*watched)
		if err != nil {
			return r, err
		}
		theirs = append(theirs, p)
	}
	t := summarise([]float64{min(theirs[0], theirs[1])})
	ratio := summarise([]float64{t.Median / ours})
	r.Theirs, r.Ratio, r.Against, r.Aim = &t, &ratio, "PyTorch, the smaller format", "≥ 1"
	return r, nil
}

// peakOf runs a command until it ends, or is asked to after a while, and
// returns the most memory it had, in MiB. (What the system tells of a child
// that has ended includes the parent's memory before exec.)
func peakOf(c *exec.Cmd, most time.Duration) (mib float64, err error) {
	var messages strings.Builder
	c.Stderr, c.Stdout = &messages, io.Discard
	if err := c.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	deadline := time.After(most)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	stopped := false
	for {
		select {
		case err := <-ended:
			if err != nil && !stopped {
				return 0, fmt.Errorf("%s: %w: %s", filepath.Base(c.Path), err, strings.TrimSpace(messages.String()))
			}
			return mib, nil
		case <-deadline:
			stopped = true
			if err := c.Process.Signal(syscall.SIGTERM); err != nil {
				return 0, err
			}
		case <-tick.C:
			var kib float64
			if _, err := fmt.Sscan(field(fmt.Sprintf("/proc/%d/status", c.Process.Pid), "VmHWM"), &kib); err == nil {
				mib = max(mib, kib/1024)
			}
		}
	}
}
