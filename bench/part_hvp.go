package main

import (
	"fmt"

	"srn/pkg/curvature"
	"srn/pkg/nn"
	"srn/pkg/resnet"
)

// bnModes are the statistics of batch normalisation that curvature knows.
var bnModes = []struct {
	name string
	mode nn.Mode
}{{"train", nn.TrainFrozen}, {"eval", nn.Eval}}

// hvp measures Hessian-vector products of the mean loss over a batch.
func (b *bench) hvp() (section, error) {
	var rows []Row
	for _, arch := range b.archs {
		for _, threads := range b.threads {
			for _, bn := range bnModes {
				found, err := b.hvpArch(arch, threads, bn.name, bn.mode)
				if err != nil {
					return section{}, err
				}
				rows = append(rows, found...)
			}
		}
	}
	return compared("hvp", fmt.Sprintf("Hessian-vector product of the mean loss over %d images", b.batch), rows), nil
}

func (b *bench) hvpArch(arch string, threads int, bn string, mode nn.Mode) ([]Row, error) {
	be := b.backend(threads)
	defer be.Close()
	net, err := resnet.New(be, resnet.Config{Arch: arch, Classes: len(b.data.Classes), Batch: b.batch, Tangents: true})
	if err != nil {
		return nil, err
	}
	net.Init(0)
	net.Load()
	loss := curvature.NewCrossEntropy(net, b.data.Images(&b.data.Train), b.data.Train.Labels, mode)
	batch := b.data.Train.Indices()[:b.batch]
	v, hv := make([]float32, loss.Dim()), make([]float32, loss.Dim())
	for i := range v {
		v[i] = float32(i%7 - 3)
	}
	load := func() error { _, err := loss.Load(batch); be.Wait(); return err }
	gradient := here(load)
	product := here(func() error { return loss.HVP(hv, v) })
	whole := here(func() error {
		if err := load(); err != nil {
			return err
		}
		return loss.HVP(hv, v)
	})
	job := request{"arch": arch, "batch": b.batch, "threads": threads, "bn": bn}
	theirWhole, format, err := b.rival(job.with("job", "hvp"))
	if err != nil {
		return nil, err
	}
	var theirKept *contender
	if b.peer != nil { // in the same format
		theirKept = b.peer.contender(job.with("job", "hvp_kept").with("format", format))
	}
	if err := b.effort().compete(contenders(gradient, product, whole, theirWhole, theirKept)...); err != nil {
		return nil, err
	}
	name := func(what string) string { return fmt.Sprintf("%s, BN %s: %s", arch, bn, what) }
	own := row(name("product, times its gradient"), threads, milliseconds, product, gradient, "our gradient", "≤ 2.5")
	// How many gradients a product costs, not how much faster it is.
	cost := summarise(quotients(product.wall, gradient.wall))
	own.Ratio, own.CPURatio = &cost, summarise(quotients(product.cpu, gradient.cpu)).Median
	together, err := b.together(loss, threads, name)
	if err != nil {
		return nil, err
	}
	return []Row{
		row(name("loss, gradient and product"), threads, milliseconds, whole, theirWhole, "PyTorch "+format, "≥ 5"),
		row(name("product, activations or graph kept"), threads, milliseconds, product, theirKept, "PyTorch "+format, "≥ 5"),
		own, together,
	}, b.clean()
}

// together compares products of several vectors over several batches, each of
// which is run forward and backward once for all vectors, with one product
// after the other.
func (b *bench) together(loss curvature.Loss, threads int, name func(string) string) (Row, error) {
	const vectors = 4
	h, err := curvature.NewHessian(loss, b.data.Train.Indices()[:2*b.batch])
	if err != nil {
		return Row{}, err
	}
	var v, hv [][]float32
	for i := range vectors {
		v, hv = append(v, make([]float32, h.Dim())), append(hv, make([]float32, h.Dim()))
		v[i][i] = 1
	}
	all := here(func() error { return h.ApplyAll(hv, v) })
	each := here(func() error {
		for i := range v {
			if err := h.Apply(hv[i], v[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err := (effort{3, 0, 0}).compete(all, each); err != nil {
		return Row{}, err
	}
	what := name(fmt.Sprintf("%d products over %d images together", vectors, 2*b.batch))
	return row(what, threads, milliseconds, all, each, "one by one", ""), nil
}
