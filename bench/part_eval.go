package main

import (
	"fmt"

	"srn/pkg/evaluate"
	"srn/pkg/resnet"
)

// eval measures scoring images as srn-eval does.
func (b *bench) eval() (section, error) {
	var rows []Row
	for _, arch := range b.archs {
		found, err := b.evalArch(arch)
		if err != nil {
			return section{}, err
		}
		rows = append(rows, found...)
	}
	return compared("eval", fmt.Sprintf("Evaluation, batch %d, from bytes to scores", b.batch), rows), nil
}

func (b *bench) evalArch(arch string) (rows []Row, err error) {
	images := min(b.evalled, b.data.Train.Len())
	var list []pair
	for _, threads := range b.threads {
		be := b.backend(threads)
		defer be.Close()
		net, err := resnet.New(be, resnet.Config{Arch: arch, Classes: len(b.data.Classes), Batch: b.batch, ForwardOnly: true})
		if err != nil {
			return nil, err
		}
		net.Init(0)
		net.Load()
		e := evaluate.New(net, b.data.Images(&b.data.Train), b.data.Train.Labels, b.data.Train.Indices()[:images])
		p := pair{threads: threads, ours: here(func() error { _, err := e.Run(); return err })}
		p.theirs, p.format, err = b.rival(request{"job": "eval", "arch": arch, "batch": b.batch, "threads": threads, "images": images})
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	if err := b.compete(list); err != nil {
		return nil, err
	}
	u := perSecond("images", images)
	for _, p := range list {
		rows = append(rows, row(arch, p.threads, u, p.ours, p.theirs, "PyTorch "+p.format, "≥ 3"))
	}
	return append(rows, scaling(arch, u, list)...), b.clean()
}
