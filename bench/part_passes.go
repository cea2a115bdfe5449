package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"srn/pkg/curvature"
	"srn/pkg/nn"
	"srn/pkg/resnet"
)

// Pass is one kind of operation of a step, beside its floor.
type Pass struct {
	Threads int    `json:"threads"`
	Name    string `json:"name"`
	Shape   string `json:"shape,omitempty"`
	Count   int    `json:"count"` // in a step
	// Arithmetic and Traffic are the milliseconds that the operations of a
	// step would take at the measured peak and bandwidth; the floor is the
	// greater one.
	Arithmetic float64 `json:"arithmetic_ms"`
	Traffic    float64 `json:"traffic_ms"`
	Measured   float64 `json:"measured_ms"`
	Share      float64 `json:"share"` // of all that a step took
}

func (p Pass) floor() float64 { return max(p.Arithmetic, p.Traffic) }

// passes measures the operations of a training step one by one.
func (b *bench) passes() (section, error) {
	return b.operations("passes", "Passes of a training step", func(be *probe, arch string) (func() error, func() error, error) {
		s, err := newStepper(be, b.data, b.dir, fitting{arch: arch, method: "ce", batch: b.batch})
		if err != nil {
			return nil, nil, err
		}
		return func() error { return s.steps(1) }, s.close, nil
	})
}

// hvpPasses measures those of a Hessian-vector product, activations kept.
func (b *bench) hvpPasses() (section, error) {
	return b.operations("hvp-passes", "Passes of a Hessian-vector product", func(be *probe, arch string) (func() error, func() error, error) {
		net, err := resnet.New(be, resnet.Config{Arch: arch, Classes: len(b.data.Classes), Batch: b.batch, Tangents: true})
		if err != nil {
			return nil, nil, err
		}
		net.Init(0)
		net.Load()
		loss := curvature.NewCrossEntropy(net, b.data.Images(&b.data.Train), b.data.Train.Labels, nn.TrainFrozen)
		if _, err := loss.Load(b.data.Train.Indices()[:b.batch]); err != nil {
			return nil, nil, err
		}
		v, hv := make([]float32, loss.Dim()), make([]float32, loss.Dim())
		for i := range v {
			v[i] = float32(i%7 - 3)
		}
		return func() error { return loss.HVP(hv, v) }, func() error { return nil }, nil
	})
}

// operations measures steps of what prepare plans on a probe.
func (b *bench) operations(name, title string, prepare func(be *probe, arch string) (step, end func() error, err error)) (section, error) {
	arch := b.usual()
	s := section{Name: name, Title: fmt.Sprintf("%s, %s, batch %d", title, arch, b.batch),
		table: [][]string{{"threads", "pass", "shape", "count", "arithmetic", "traffic", "floor ms", "measured ms", "measured/floor", "share"}}}
	var all []Pass
	for _, threads := range b.threads {
		found, note, err := b.operationsOn(threads, arch, prepare)
		if err != nil {
			return s, err
		}
		s.Notes = append(s.Notes, note)
		all = append(all, found...)
	}
	rest := map[int]*Pass{} // what is too little for a line, by threads
	for _, threads := range b.threads {
		rest[threads] = &Pass{Threads: threads, Name: "the rest"}
	}
	lines := slices.Clone(all)
	lines = slices.DeleteFunc(lines, func(p Pass) bool {
		if p.Share >= 0.01 {
			return false
		}
		r := rest[p.Threads]
		r.Count, r.Measured, r.Share = r.Count+p.Count, r.Measured+p.Measured, r.Share+p.Share
		r.Arithmetic, r.Traffic = r.Arithmetic+p.Arithmetic, r.Traffic+p.Traffic
		return true
	})
	for _, threads := range b.threads {
		lines = append(lines, *rest[threads])
	}
	slices.SortStableFunc(lines, func(a, b Pass) int { return cmp.Compare(a.Threads, b.Threads) })
	for _, p := range lines {
		times := ""
		if p.floor() > 0 {
			times = number(p.Measured / p.floor())
		}
		s.table = append(s.table, []string{fmt.Sprint(p.Threads), p.Name, p.Shape, fmt.Sprint(p.Count), number(p.Arithmetic), number(p.Traffic),
			number(p.floor()), number(p.Measured), times, fmt.Sprintf("%.1f%%", 100*p.Share)})
	}
	s.Data = all
	return s, nil
}

func (b *bench) operationsOn(threads int, arch string, prepare func(be *probe, arch string) (step, end func() error, err error)) (_ []Pass, note string, err error) {
	windows := 30
	if b.quick {
		windows = 2
	}
	be := b.backend(threads)
	defer be.Close()
	peak, rate := peakFLOPs(b.kernels, threads, windows), bandwidth(be, windows)
	p := newProbe(be, b.batch)
	step, end, err := prepare(p, arch)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, end()) }()
	if err := step(); err != nil {
		return nil, "", err
	}
	took := map[*kind][]float64{}
	latest := map[*kind]kind{}
	var steps []float64
	for start := time.Now(); len(steps) < b.rounds || time.Since(start).Seconds() < b.window*float64(b.rounds); {
		p.reset()
		s, err := timed(step)
		if err != nil {
			return nil, "", err
		}
		steps = append(steps, s.wall)
		rest := s.wall
		for _, k := range p.kinds {
			if k.count > 0 {
				took[k] = append(took[k], k.seconds)
				latest[k] = *k
				rest -= k.seconds
			}
		}
		k := p.find("outside the backend", "", work{})
		k.seconds, k.count = rest, 1
		took[k], latest[k] = append(took[k], rest), *k
	}
	total := 0.0
	var list []Pass
	for _, k := range p.kinds {
		if len(took[k]) == 0 {
			continue
		}
		f := latest[k]
		one := Pass{Threads: threads, Name: k.name, Shape: k.shape, Count: f.count, Measured: 1e3 * summarise(took[k]).Median,
			Arithmetic: 1e3 * k.work.flop * float64(f.images) / peak, Traffic: 1e3 * k.work.bytes * float64(f.images) / rate}
		total += one.Measured
		list = append(list, one)
	}
	for i := range list {
		list[i].Share = list[i].Measured / total
	}
	slices.SortStableFunc(list, func(a, b Pass) int { return cmp.Compare(b.Measured, a.Measured) })
	note = fmt.Sprintf("%d threads: peak %.0f GFLOP/s, bandwidth %.1f GB/s; a step, operation by operation, %.1f ms", threads,
		peak/1e9, rate/1e9, 1e3*summarise(steps).Median)
	return list, note, b.clean()
}
