package main

import (
	"errors"
	"slices"

	kernels "srn/kernels/cpu"
	"srn/pkg/device/cpu"
)

// instructions compares the kernel sets that this processor can run, on one
// thread: the rate of their matrix product, and training steps.
func (b *bench) instructions() (section, error) {
	sets := kernels.Sets()
	var rows []Row
	var gemms []*contender
	p := newProduct(48, 64, 96)
	for _, set := range sets {
		gemms = append(gemms, here(func() error { set.Gemm(&p.gemm); return nil }))
	}
	if err := b.effort().compete(gemms...); err != nil {
		return section{}, err
	}
	gflops := unit{"GFLOP/s", func(s float64) float64 { return p.flop / s / 1e9 }}
	rows = append(rows, besideFirst("matrix product", sets, gflops, gemms)...)
	for i, arch := range b.archs {
		some := sets
		if i > 0 { // the generic set takes too long for more than the smallest
			some = slices.DeleteFunc(slices.Clone(sets), func(s *kernels.Set) bool { return s.Name == "generic" })
		}
		if i > 1 || len(some) == 0 {
			break
		}
		found, err := b.setsTrain(arch, some)
		if err != nil {
			return section{}, err
		}
		rows = append(rows, found...)
	}
	return compared("isa", "Kernel sets, 1 thread: ratio to "+sets[0].Name, rows), nil
}

func (b *bench) setsTrain(arch string, sets []*kernels.Set) (rows []Row, err error) {
	var list []*contender
	for _, set := range sets {
		be := cpu.New(1, set)
		defer be.Close()
		s, failed := newStepper(be, b.data, b.dir, fitting{arch: arch, method: "ce", batch: b.batch})
		if failed != nil {
			return nil, failed
		}
		defer func() { err = errors.Join(err, s.close()) }()
		list = append(list, s.contender(1))
	}
	if err := b.effort().compete(list...); err != nil {
		return nil, err
	}
	return besideFirst("training step, "+arch, sets, perSecond("images", b.batch), list), nil
}

// besideFirst compares each set with the first.
func besideFirst(work string, sets []*kernels.Set, u unit, list []*contender) []Row {
	rows := []Row{row(work+", "+sets[0].Name, 1, u, list[0], nil, "", "")}
	for i, c := range list[1:] {
		aim := ""
		if sets[i+1].Name == "avx2" {
			aim = "≥ 0.8"
		}
		rows = append(rows, row(work+", "+sets[i+1].Name, 1, u, c, list[0], sets[0].Name, aim))
	}
	return rows
}
