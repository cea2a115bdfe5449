package guidance

import (
	"math"
	"slices"
	"strings"
	"testing"

	"srn/pkg/nn"
	"srn/pkg/srn/surrogate"
	"srn/pkg/srn/surrogate/surrogatetest"
)

// A cycle's first turn is the whole gradient; then a block is new at each step,
// and after a cycle without change of Θ all are.
func TestCyclicRefresh(t *testing.T) {
	for _, input := range []string{"all", "conv", "scaled"} {
		be := surrogatetest.Backend(t, 2)
		var l nn.Layout
		l.Add("conv1.weight", 60, 3, 3, 3) // some chunks
		l.Add("conv2.weight", 16, 16, 3, 3)
		c := surrogatetest.Small(func(c *surrogate.Config) { c.Input = input })
		s, err := surrogate.NewScorer(be, c, l)
		if err != nil {
			t.Fatal(err)
		}
		s.Init(2)
		n := l.Len()
		params, theta := surrogatetest.Random(be, n, "θ")
		g, err := New(be, s, Options{Lambda: 1, Every: 3, Refresh: "cyclic"})
		if err != nil {
			t.Fatal(err)
		}
		exact := be.New(n)
		same := func(what string, want bool) {
			t.Helper()
			r := s.Gradient(exact, params).R
			a, b := make([]float32, n), make([]float32, n)
			be.Read(a, exact)
			be.Read(b, g.grad)
			if got := slices.Equal(a, b) && math.Abs(r-g.value.R) < 1e-12; got != want {
				t.Errorf("%s, %s: exact is %v, want %v", input, what, got, want)
			}
		}
		g.Step(nil, params, nil)
		same("first step", true)
		for i := range theta {
			theta[i] *= -1.5
		}
		be.Write(params, theta)
		for step := range 3 {
			g.Step(nil, params, nil)
			same("a cycle", step == 2)
		}
	}
	c := surrogate.DefaultConfig()
	c.Surrogate = "mlp"
	s, err := surrogate.New(surrogatetest.Backend(t, 1), c, surrogatetest.Layout())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(surrogatetest.Backend(t, 1), s, Options{Every: 2, Refresh: "cyclic"}); err == nil || !strings.Contains(err.Error(), "guidance_refresh") {
		t.Errorf("error %v for a perceptron", err)
	}
}

func TestGuidance(t *testing.T) {
	be := surrogatetest.Backend(t, 1)
	s, err := surrogate.NewScorer(be, surrogatetest.Small(nil), surrogatetest.Layout())
	if err != nil {
		t.Fatal(err)
	}
	s.Init(2)
	n := surrogatetest.Layout().Len()
	params, theta := surrogatetest.Random(be, n, "θ")
	exact := be.New(n)
	value := s.Gradient(exact, params)
	g := make([]float32, n)
	be.Read(g, exact)

	literal, err := New(be, s, Options{Lambda: 3, Every: 2})
	if err != nil {
		t.Fatal(err)
	}
	grad := be.New(n)
	got := make([]float32, n)
	if r := literal.Step(nil, params, nil).R; r != value.R {
		t.Errorf("r = %g, want %g", r, value.R)
	}
	be.Fill(grad, 1)
	literal.Add(grad)
	be.Read(got, grad)
	norm := 0.0
	for i, v := range got {
		want := 1 + 3*float32(value.Slope)*g[i]
		if math.Abs(float64(v-want)) > 1e-6 {
			t.Fatalf("element %d: %g, want %g", i, v, want)
		}
		norm += float64(v-1) * float64(v-1)
	}
	if ratio, want := literal.Ratios(), math.Sqrt(norm/float64(n)); math.Abs(ratio-want) > 1e-3*want {
		t.Errorf("ratio %g, want %g", ratio, want)
	}

	// The second step uses the gradient again, the third does not.
	for i := range theta {
		theta[i] *= 2
	}
	be.Write(params, theta)
	if r := literal.Step(nil, params, nil).R; r != value.R {
		t.Errorf("second step: r = %g, want the first step's %g", r, value.R)
	}
	if !literal.Due() {
		t.Error("third step: no new gradient is due")
	}
	if r := literal.Step(nil, params, nil).R; r == value.R {
		t.Error("third step: r is still the first step's")
	}
	if literal.Due() {
		t.Error("fourth step: a new gradient is due")
	}
	literal.Invalidate()
	if !literal.Due() {
		t.Error("after Invalidate: no new gradient is due")
	}

	scaled, err := New(be, s, Options{Lambda: 1, Ratio: 0.1, Every: 1})
	if err != nil {
		t.Fatal(err)
	}
	scaled.Step(nil, params, nil)
	be.Fill(grad, 1)
	scaled.Add(grad)
	be.Read(got, grad)
	norm = 0
	for _, v := range got {
		norm += float64(v-1) * float64(v-1)
	}
	if got, want := math.Sqrt(norm), 0.1*math.Sqrt(float64(n)); math.Abs(got-want) > 1e-4*want {
		t.Errorf("norm %g, want %g", got, want)
	}
	if ratio := scaled.Ratios(); math.Abs(ratio-0.1) > 1e-9 {
		t.Errorf("ratio %g, want 0.1", ratio)
	}
}
