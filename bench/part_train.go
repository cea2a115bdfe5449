package main

import (
	"errors"
	"fmt"
	"slices"
)

// pair is one piece of work on both sides, with a number of threads.
type pair struct {
	threads int
	ours    *contender
	theirs  *contender // nil: no peer
	format  string     // the peer's
}

// compete lets the sides of all pairs compete at once.
func (b *bench) compete(pairs []pair) error {
	var all []*contender
	for _, p := range pairs {
		all = append(all, contenders(p.ours, p.theirs)...)
	}
	return b.effort().compete(all...)
}

// train measures steps of srn-fit.
func (b *bench) train() (section, error) {
	var rows []Row
	for _, arch := range b.archs {
		found, err := b.trainArch(arch)
		if err != nil {
			return section{}, err
		}
		rows = append(rows, found...)
	}
	return compared("train", fmt.Sprintf("Training step: cross-entropy, batch %d, with loading, augmentation and SGD", b.batch), rows), nil
}

func (b *bench) trainArch(arch string) (rows []Row, err error) {
	var list []pair
	for _, threads := range b.threads {
		be := b.backend(threads)
		defer be.Close()
		s, failed := newStepper(be, b.data, b.dir, fitting{arch: arch, method: "ce", batch: b.batch})
		if failed != nil {
			return nil, failed
		}
		defer func() { err = errors.Join(err, s.close()) }()
		p := pair{threads: threads, ours: s.contender(1)}
		if p.theirs, p.format, failed = b.rival(request{"job": "train", "arch": arch, "batch": b.batch, "threads": threads}); failed != nil {
			return nil, failed
		}
		list = append(list, p)
	}
	if err := b.compete(list); err != nil {
		return nil, err
	}
	u := perSecond("images", b.batch)
	for _, p := range list {
		rows = append(rows, row(arch, p.threads, u, p.ours, p.theirs, "PyTorch "+p.format, "≥ 3"))
	}
	return append(rows, scaling(arch, u, list)...), b.clean()
}

// scaling compares the most threads with one.
func scaling(work string, u unit, list []pair) []Row {
	one := slices.IndexFunc(list, func(p pair) bool { return p.threads == 1 })
	last := list[len(list)-1]
	if one < 0 || last.threads == 1 {
		return nil
	}
	r := row(work, last.threads, u, last.ours, list[one].ours, "ours, 1 thread", "")
	r.CPURatio = 0 // it would compare work, not time
	if last.threads == 2 {
		r.Aim = "≥ 1.8"
	}
	return []Row{r}
}
