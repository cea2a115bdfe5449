package main

import (
	"fmt"

	"srn/pkg/resnet"
)

// surrogate measures r and its exact gradient in the parameters of the
// networks, beside PyTorch and beside the peak of the FMA units.
func (b *bench) surrogate() (section, error) {
	var rows []Row
	for _, threads := range b.threads {
		found, err := b.surrogateGradient(b.usual(), threads)
		if err != nil {
			return section{}, err
		}
		rows = append(rows, found...)
	}
	return compared("srn", "Exact gradient of r in the parameters", rows,
		"GFLOP/s: as if convolved directly, two for each multiply-add; the peak is that of a matrix product in the first cache level"), nil
}

func (b *bench) surrogateGradient(arch string, threads int) ([]Row, error) {
	be := b.backend(threads)
	defer be.Close()
	net, err := resnet.New(be, resnet.Config{Arch: arch, Classes: len(b.data.Classes), Batch: 1, ForwardOnly: true})
	if err != nil {
		return nil, err
	}
	net.Init(0)
	s, err := newSurrogate(be, net)
	if err != nil {
		return nil, err
	}
	gradient := be.New(net.Params().Len())
	ours := here(func() error { s.Gradient(gradient, net.Params()); return nil })

	// Forward, and backward to the input: each tap of each pair of channels
	// once at every position.
	length, before, flop := net.Layout().Len(), 1, 0.0
	for _, c := range s.Channels {
		flop += 2 * 2 * float64(length) * float64(s.Kernel*before*c)
		before = c
	}
	theirs, _, err := b.rival(request{"job": "srn", "length": length, "channels": s.Channels, "kernel": s.Kernel, "threads": threads})
	if err != nil {
		return nil, err
	}
	// A product that takes about as long, on every thread, beside it.
	own := make([]*product, threads)
	for t := range own {
		own[t] = newProduct(48, 64, 96)
	}
	repeats := int(flop / own[0].flop / float64(threads))
	peak := here(func() error {
		onThreads(threads, func(t int) {
			for range repeats {
				b.kernels.Gemm(&own[t].gemm)
			}
		})
		return nil
	})
	if err := b.effort().compete(contenders(ours, peak, theirs)...); err != nil {
		return nil, err
	}
	u := unit{"GFLOP/s", func(s float64) float64 { return flop / s / 1e9 }}
	work := fmt.Sprintf("%s, %d parameters, %.1f GMAC", arch, length, flop/2e9)
	share := row(work, threads, u, ours, peak, "FMA peak", "≥ 0.8")
	return []Row{row(work, threads, u, ours, theirs, "PyTorch", ""), share}, b.clean()
}
