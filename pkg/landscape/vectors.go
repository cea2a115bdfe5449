package landscape

import (
	"fmt"
	"math"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/nn"
)

// Vectors takes the first n vectors for parameters of a layout out of a tensor
// file and scales each to norm 1. The part of vector i along a parameter is the
// tensor "i." and the parameter's name, with its shape; a vector is zero along
// parameters that it has no tensor for. Path is the file's name in errors.
func Vectors(path string, f *artifact.File, layout nn.Layout, n int) ([][]float32, error) {
	bad := func(field, mend, problem string, a ...any) error {
		return &artifact.FormatError{Path: path, Field: field, Problem: fmt.Sprintf(problem, a...), Mend: mend}
	}
	for _, t := range f.Tensors {
		if strings.HasPrefix(t.Name, "eigenvalues.") {
			return nil, bad(fmt.Sprintf("tensor %q", t.Name), "make it by srn-hessian top of the whole network", "belongs to one block of several, whose eigenvectors are no directions of the whole network")
		}
	}
	list := make([][]float32, n)
	for i := range list {
		v := make([]float32, layout.Len())
		for _, p := range layout {
			name := fmt.Sprintf("%d.%s", i, p.Name)
			if _, ok := f.Tensor(name); !ok {
				continue
			}
			t, err := f.Need(path, name, artifact.F32, p.Shape...)
			if err != nil {
				return nil, err
			}
			values, err := t.Float32s()
			if err != nil {
				return nil, err
			}
			copy(v[p.Offset:], values)
		}
		size := norm(v)
		if size == 0 {
			return nil, bad(fmt.Sprintf("tensor %q", fmt.Sprintf("%d.%s", i, layout[0].Name)), "make the file by srn-hessian top, of a network of this architecture, of two eigenvectors for a plane", "vector %d is absent or zero", i)
		}
		if math.IsNaN(size) || math.IsInf(size, 0) {
			return nil, bad(fmt.Sprintf("vector %d", i), "make the file again", "is not finite")
		}
		for k := range v {
			v[k] = float32(float64(v[k]) / size)
		}
		list[i] = v
	}
	return list, nil
}
