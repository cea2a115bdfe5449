package landscape

import (
	"errors"
	"math"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/nn"
)

func TestVectors(t *testing.T) {
	var layout nn.Layout
	layout.Add("a", 2, 1)
	layout.Add("b", 1)
	tensor := func(name string, shape []int, v ...float32) artifact.Tensor { return artifact.Float32(name, shape, v) }
	one := []artifact.Tensor{tensor("0.a", []int{2, 1}, 3, 0), tensor("0.b", []int{1}, 4), tensor("1.b", []int{1}, -2), tensor("eigenvalues", []int{2}, 5, 1)}
	got, err := Vectors("f", &artifact.File{Tensors: one}, layout, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float64{{0.6, 0, 0.8}, {0, 0, -1}} {
		for k, x := range want {
			if math.Abs(float64(got[i][k])-x) > 1e-7 {
				t.Errorf("vector %d: %v, want %v", i, got[i], want)
			}
		}
	}
	for want, tensors := range map[string][]artifact.Tensor{
		"vector 2 is absent or zero": one,
		"is not finite":              {tensor("0.b", []int{1}, float32(math.NaN()))},
		"shape":                      {tensor("0.a", []int{1, 2}, 1, 2)},
		"one block of several":       {tensor("0.b", []int{1}, 1), tensor("eigenvalues.stem", []int{1}, 2)},
	} {
		_, err := Vectors("f", &artifact.File{Tensors: tensors}, layout, 3)
		var format *artifact.FormatError
		if !errors.As(err, &format) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}
