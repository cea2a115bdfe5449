package measure

import (
	"fmt"
	"slices"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/curvature"
)

// partial is a measurement that can save a part of a block. It carries nothing
// from one block to the next, so that its state is of no use once the block's
// record is written.
type partial interface {
	// Blocks are those of a checkpoint, each with a record.
	Blocks(*checkpoint.Checkpoint) ([]curvature.Block, error)
	// part is what is there of the block at hand; nil: nothing yet.
	part() []artifact.Tensor
	// resume takes up a part of a block of so many parameters. Path is the file's
	// name for the error, an *artifact.FormatError.
	resume(f *artifact.File, path string, dim int) error
}

// Partial says that a state beside the records holds a part of the record that
// follows those it was saved with.
func (s *Series) Partial() bool {
	_, ok := s.Measurement.(partial)
	return ok
}

// dim is the number of parameters of the block whose record comes after so many
// others, 0 where that is none of a block.
func (s *Series) dim(m partial, records int) (int, error) {
	for _, c := range s.Checkpoints {
		blocks, err := m.Blocks(c)
		if err != nil {
			return 0, err
		}
		switch i := records - s.Measurement.tests(); {
		case i < 0:
			return 0, nil
		case i < len(blocks):
			return blocks[i].Dim(), nil
		}
		records -= s.Measurement.tests() + len(blocks)
	}
	return 0, nil
}

func (d *Density) part() []artifact.Tensor {
	if len(d.done) == 0 {
		return nil
	}
	var sizes []int64
	var nodes, weights []float64
	for _, q := range d.done {
		sizes = append(sizes, int64(len(q.Nodes)))
		nodes, weights = append(nodes, q.Nodes...), append(weights, q.Weights...)
	}
	return []artifact.Tensor{
		artifact.Int64s("sizes", []int{len(sizes)}, sizes),
		artifact.Float64("nodes", []int{len(nodes)}, nodes),
		artifact.Float64("weights", []int{len(weights)}, weights),
	}
}

func (d *Density) resume(f *artifact.File, path string, dim int) error {
	sizes, err := counts(f, path, "sizes", -1)
	if err != nil {
		return err
	}
	if len(sizes) >= d.Probes {
		return damaged(path, "sizes", "has %d probes, want fewer than %d", len(sizes), d.Probes)
	}
	total := 0
	for _, n := range sizes {
		if n < 1 || n > min(d.Steps, dim) {
			return damaged(path, "sizes", "a probe of %d nodes, want 1 to %d", n, min(d.Steps, dim))
		}
		total += n
	}
	nodes, err := finite(f, path, "nodes", total)
	if err != nil {
		return err
	}
	weights, err := finite(f, path, "weights", total)
	if err != nil {
		return err
	}
	var done []curvature.Quadrature
	for _, n := range sizes {
		q := curvature.Quadrature{Nodes: nodes[:n:n], Weights: weights[:n:n]}
		if !slices.IsSorted(q.Nodes) {
			return damaged(path, "nodes", "are not ascending")
		}
		if slices.Min(q.Weights) < 0 {
			return damaged(path, "weights", "%g is below 0", slices.Min(q.Weights))
		}
		done, nodes, weights = append(done, q), nodes[n:], weights[n:]
	}
	d.done = done
	return nil
}

func (t *Trace) part() []artifact.Tensor {
	s := &t.state
	if s.Products() == 0 {
		return nil
	}
	n := []int64{int64(s.Sketched), int64(len(s.Basis)), int64(s.Exact), int64(len(s.Forms))}
	basis := slices.Concat(s.Basis...)
	return []artifact.Tensor{
		artifact.Int64s("counts", []int{len(n)}, n),
		artifact.Float32("basis", []int{len(basis)}, basis),
		artifact.Float64("exact", []int{3}, []float64{s.Trace, s.Squares, s.Sizes}),
		artifact.Float64("forms", []int{len(s.Forms)}, s.Forms),
		artifact.Float64("norms", []int{len(s.Norms)}, s.Norms),
	}
}

func (t *Trace) resume(f *artifact.File, path string, dim int) error {
	n, err := counts(f, path, "counts", 4)
	if err != nil {
		return err
	}
	for _, k := range n {
		if k < 0 || k > t.HVPs {
			return damaged(path, "counts", "%d, want 0 to %d", k, t.HVPs)
		}
	}
	if _, err := f.Need(path, "basis", artifact.F32, n[1]*dim); err != nil {
		return err
	}
	basis := make([]float32, n[1]*dim)
	if err := f.ReadFinite32(path, "basis", basis); err != nil {
		return err
	}
	exact, err := finite(f, path, "exact", 3)
	if err != nil {
		return err
	}
	s := curvature.TraceState{Sketched: n[0], Exact: n[2], Trace: exact[0], Squares: exact[1], Sizes: exact[2]}
	for v := range slices.Chunk(basis, dim) {
		s.Basis = append(s.Basis, v)
	}
	if s.Forms, err = finite(f, path, "forms", n[3]); err != nil {
		return err
	}
	if s.Norms, err = finite(f, path, "norms", n[3]); err != nil {
		return err
	}
	if err := s.Check(t.HVPs, t.sketch(dim), dim); err != nil {
		return damaged(path, "counts", "%v", err)
	}
	if s.Whole(t.HVPs, dim) {
		return damaged(path, "counts", "leave nothing to do")
	}
	t.state = s
	return nil
}

// counts reads a vector of whole numbers; n −1 takes any length.
func counts(f *artifact.File, path, name string, n int) ([]int, error) {
	t, err := f.Need(path, name, artifact.I64, n)
	if err != nil {
		return nil, err
	}
	values, err := t.Int64s()
	list := make([]int, len(values))
	for i, v := range values {
		list[i] = int(v)
	}
	return list, err
}

// finite reads a vector of finite numbers.
func finite(f *artifact.File, path, name string, n int) ([]float64, error) {
	if _, err := f.Need(path, name, artifact.F64, n); err != nil { // before n is believed
		return nil, err
	}
	v := make([]float64, n)
	return v, f.ReadFinite(path, name, v)
}

func damaged(path, name, format string, a ...any) error {
	return &artifact.FormatError{Path: path, Field: fmt.Sprintf("tensor %q", name), Problem: fmt.Sprintf(format, a...)}
}
