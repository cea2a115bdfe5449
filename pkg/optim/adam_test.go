package optim

import (
	"math"
	"testing"

	"srn/pkg/artifact"
)

// Three steps as torch.optim.Adam takes them in float64, with a state that is
// saved and restored after each.
func TestAdam(t *testing.T) {
	for _, c := range []struct {
		decay float64
		want  [3]float64
	}{
		{0, [3]float64{0.47076816955448425, -0.9700000015000001, 1.9767976799816329}},
		{0.1, [3]float64{0.4703945842442005, -0.97000324494766943, 1.972073054971403}},
	} {
		a, p := NewAdam(3, 0.01, c.decay), []float64{0.5, -1, 2}
		for k := range 3 {
			a.Step(p, []float64{0.1 * float64(k+1), -0.2, 0.3 - 0.2*float64(k)})
			restored := NewAdam(3, 0.01, c.decay)
			if err := restored.Restore(&artifact.File{Tensors: a.State("adam")}, "state", "adam"); err != nil {
				t.Fatal(err)
			}
			a = restored
		}
		for i, want := range c.want {
			if math.Abs(p[i]-want) > 1e-15*math.Abs(want) {
				t.Errorf("decay %g: parameter %d is %.17g, want %.17g", c.decay, i, p[i], want)
			}
		}
	}
}
