package curvature

import "testing"

// cheap is an operator whose products cost nothing beside the algorithm.
type cheap struct{ dim int }

func (c cheap) Dim() int { return c.dim }
func (c cheap) Apply(dst, v []float32) error {
	for i := range dst {
		dst[i] = v[i] * float32(i%10007)
	}
	return nil
}

// BenchmarkLanczos is the algorithm's own cost at ResNet-20's size.
func BenchmarkLanczos(b *testing.B) {
	for b.Loop() {
		r, err := Lanczos(cheap{272474}, Options{K: 1, Tol: 1e-5, MaxSteps: 20})
		if err != nil || r.Steps != 20 {
			b.Fatal(r, err)
		}
	}
}
