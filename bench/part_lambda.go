package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"srn/pkg/curvature"
	"srn/pkg/device"
	"srn/pkg/nn"
	"srn/pkg/resnet"
)

const (
	// lambdaTolerance is the relative one at which both sides stop.
	lambdaTolerance = 1e-3
	// lambdaSteps is how many training steps make a spectrum worth looking at:
	// few large eigenvalues above a bulk.
	lambdaSteps = 100
)

// found is a largest eigenvalue and what it took.
type found struct {
	Lambda   float64 `json:"lambda"`
	Loss     float64 `json:"loss"`
	Products int     `json:"products"`
}

// lambda measures the search for the Hessian's largest eigenvalue beside
// PyHessian's, each until its own rule says that it has converged to 1e-3.
func (b *bench) lambda() (section, error) {
	var rows []Row
	var notes []string
	if b.peer != nil && b.peer.pyhessian == "" {
		notes = append(notes, "without PyHessian (pip install pyhessian) ours is measured alone")
	}
	for _, arch := range b.archs {
		if arch == "resnet32" { // tells no more, in minutes
			continue
		}
		for _, threads := range b.threads {
			found, note, err := b.lambdaArch(arch, threads)
			if err != nil {
				return section{}, err
			}
			rows, notes = append(rows, found...), append(notes, note)
			if err := b.clean(); err != nil {
				return section{}, err
			}
		}
	}
	return compared("lambda", fmt.Sprintf("Largest eigenvalue of the Hessian over %d images after %d training steps, BN eval", b.lambdaImages, b.trained()), rows, notes...), nil
}

// trained is how many steps the network takes.
func (b *bench) trained() int {
	if b.quick {
		return 3
	}
	return lambdaSteps
}

func (b *bench) lambdaArch(arch string, threads int) ([]Row, string, error) {
	fail := func(err error) ([]Row, string, error) { return nil, "", err }
	be := b.backend(threads)
	defer be.Close()
	params, running, err := b.taught(be, arch)
	if err != nil {
		return fail(err)
	}
	n := min(b.lambdaImages, len(b.data.Train.Labels))
	net, err := resnet.New(be, resnet.Config{Arch: arch, Classes: len(b.data.Classes), Batch: n, Tangents: true})
	if err != nil {
		return fail(err)
	}
	be.Write(net.Params(), params)
	be.Write(net.Running(), running)
	net.Load()
	search := func(tol float64) (found, error) {
		// A new operator, so that the forward and the backward pass are part of it.
		h, err := curvature.NewHessian(curvature.NewCrossEntropy(net, b.data.Images(&b.data.Train), b.data.Train.Labels, nn.Eval), b.data.Train.Indices()[:n])
		if err != nil {
			return found{}, err
		}
		r, err := curvature.Lanczos(h, curvature.Options{Tol: tol, Verify: true})
		if err != nil {
			return found{}, err
		}
		return found{r.Pairs[0].Value, h.Loss(), r.HVPs}, nil
	}
	exact, err := search(1e-5) // and memory is taken
	if err != nil {
		return fail(err)
	}
	var mine found
	ours := &contender{run: func(int) (span, error) {
		return timed(func() (err error) { mine, err = search(lambdaTolerance); return err })
	}}
	theirs, err := b.lambdaPeers(arch, threads, n, params, running)
	if err != nil {
		return fail(err)
	}
	all := []*contender{ours}
	for _, p := range theirs {
		all = append(all, p.contender)
	}
	if err := b.effort().once(all...); err != nil {
		return fail(err)
	}
	off := func(f found) string {
		return fmt.Sprintf("%.6g, off by %.0e, %d products", f.Lambda, math.Abs(f.Lambda/exact.Lambda-1), f.Products)
	}
	note := fmt.Sprintf("%s, %d threads: ours %s", arch, threads, off(mine))
	seconds := unit{"s", func(s float64) float64 { return s }}
	if theirs == nil {
		return []Row{row(arch, threads, seconds, ours, nil, "", "")}, note, nil
	}
	var rows []Row
	for _, p := range theirs {
		if math.Abs(p.Loss-exact.Loss) > 1e-4*exact.Loss {
			return fail(fmt.Errorf("the peer's loss is %g, ours %g: not the same network", p.Loss, exact.Loss))
		}
		rows = append(rows, row(arch, threads, seconds, ours, p.contender, p.name, "≥ 5"))
	}
	return rows, note + "; PyHessian " + off(theirs[0].found), nil
}

// lambdaPeer is PyHessian's search in one of its ways.
type lambdaPeer struct {
	*contender
	found
	name string
}

// taught trains a network a little and returns its state.
func (b *bench) taught(be device.Backend, arch string) (params, running []float32, err error) {
	s, err := newStepper(be, b.data, b.dir, fitting{arch: arch, method: "ce", batch: b.batch})
	if err != nil {
		return nil, nil, err
	}
	if err := s.steps(b.trained()); err != nil {
		return nil, nil, err
	}
	params, running = make([]float32, s.net.Params().Len()), make([]float32, s.net.Running().Len())
	be.Read(params, s.net.Params())
	be.Read(running, s.net.Running())
	return params, running, s.close()
}

// lambdaPeers are PyHessian's searches: with all images in one batch, whose
// gradient's graph it keeps, and with batches, which take less memory. Either
// can be the faster. There are none without it.
func (b *bench) lambdaPeers(arch string, threads, n int, params, running []float32) ([]*lambdaPeer, error) {
	if b.peer == nil || b.peer.pyhessian == "" {
		return nil, nil
	}
	state := filepath.Join(b.dir, "state")
	bytes, err := binary.Append(nil, binary.NativeEndian, slices.Concat(params, running))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(state, bytes, 0o666); err != nil {
		return nil, err
	}
	job, err := b.peer.best(request{"job": "hvp", "arch": arch, "batch": b.batch, "threads": threads, "bn": "eval"})
	if err != nil {
		return nil, err
	}
	if err := b.peer.drop(); err != nil {
		return nil, err
	}
	var list []*lambdaPeer
	for _, batch := range []int{n, b.batch} {
		p := &lambdaPeer{name: fmt.Sprintf("PyHessian %s, batches of %d", job["format"], batch)}
		if batch == n {
			p.name = fmt.Sprintf("PyHessian %s, one batch", job["format"])
		}
		ask := request{
			"do": "lambda", "arch": arch, "format": job["format"], "threads": threads, "images": n, "batch": batch,
			"state": state, "mean": b.data.Mean, "std": b.data.Std, "tol": lambdaTolerance,
		}
		p.contender = &contender{run: func(int) (span, error) {
			var a struct {
				found
				Seconds    float64 `json:"seconds"`
				CPUSeconds float64 `json:"cpu_seconds"`
			}
			err := b.peer.ask(ask, &a)
			p.found = a.found
			return span{a.Seconds, a.CPUSeconds}, err
		}}
		list = append(list, p)
	}
	return list, nil
}
