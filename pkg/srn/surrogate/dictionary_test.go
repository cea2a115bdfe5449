package surrogate_test

import (
	"math"
	"slices"
	"testing"

	"srn/pkg/device"
	"srn/pkg/nn"
	"srn/pkg/rng"
	"srn/pkg/srn/surrogate"
	"srn/pkg/srn/surrogate/surrogatetest"
)

func newTestDictionary(t *testing.T) (*surrogate.Dictionary, device.Backend) {
	t.Helper()
	be := surrogatetest.Backend(t, 1)
	c := surrogate.DefaultConfig()
	c.Surrogate = "dictionary"
	s, err := surrogate.New(be, c, surrogatetest.Layout())
	if err != nil {
		t.Fatal(err)
	}
	s.Init(3)
	return s.(*surrogate.Dictionary), be
}

// The guidance and every derivative of ⟨h, u⟩ are those of the reference.
func TestDictionaryDerivatives(t *testing.T) {
	d, be := newTestDictionary(t)
	n := surrogatetest.Layout().Len()
	var at surrogate.Point
	vectors := map[string]*device.Buffer{"θ": &at.Params, "g": &at.Grad, "v": &at.Velocity, "θ₀": &at.Start, "average": &at.Average}
	host := map[string][]float64{}
	for name, b := range vectors {
		buffer, v := surrogatetest.Random(be, n, name)
		*b, host[name] = buffer, surrogatetest.Wide(v)
	}
	u, hostU := surrogatetest.Random(be, n, "u")
	value := func(phi []float64, at map[string][]float64) (sum float64) {
		for i, h := range surrogatetest.Reference64(phi, surrogatetest.Sizes(d), at["θ"], at["g"], at["v"], at["θ₀"], at["average"]) {
			sum += h * float64(hostU[i])
		}
		return sum
	}
	phi := surrogatetest.Wide(d.Phi())
	h := be.New(n)
	d.Guide(h, at)
	if got, want := be.Dot(h, u), value(phi, host); math.Abs(got-want) > 1e-5*math.Abs(want) {
		t.Errorf("⟨h, u⟩ = %g, want %g", got, want)
	}

	into := surrogate.Point{Params: be.New(n), Grad: be.New(n), Velocity: be.New(n), Average: be.New(n)}
	grad := d.VJP(at, u, into)
	if got := d.VJP(at, u, surrogate.Point{}); !slices.Equal(got, grad) {
		t.Error("∇_φ depends on what else is asked for")
	}
	const step = 1e-6 // short beside where θ/√(|θ|+ε) bends
	check := func(what string, got, up, down float64) {
		t.Helper()
		if want := (up - down) / (2 * step); math.Abs(got-want) > 1e-4*math.Abs(want) {
			t.Errorf("%s: %g, by differences %g", what, got, want)
		}
	}
	random := rng.New(9)
	moved := func(v []float64, direction []float64, h float64) []float64 {
		w := slices.Clone(v)
		for i := range w {
			w[i] += h * direction[i]
		}
		return w
	}
	draw := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = random.NormFloat64()
		}
		return v
	}
	direction := draw(len(phi))
	along := 0.0
	for i, g := range grad {
		along += g * direction[i]
	}
	check("φ", along, value(moved(phi, direction, step), host), value(moved(phi, direction, -step), host))
	for _, c := range []struct {
		name string
		b    device.Buffer
	}{{"θ", into.Params}, {"g", into.Grad}, {"v", into.Velocity}, {"average", into.Average}} {
		name, b := c.name, c.b
		direction := draw(n)
		v := make([]float32, n)
		be.Read(v, b)
		along := 0.0
		for i, g := range v {
			along += float64(g) * direction[i]
		}
		point := func(h float64) map[string][]float64 {
			m := map[string][]float64{}
			for k, v := range host {
				m[k] = v
			}
			m[name] = moved(host[name], direction, h)
			return m
		}
		check(name, along, value(phi, point(step)), value(phi, point(-step)))
	}
}

// Features that are zero, as at the first step, stay zero.
func TestDictionaryAtTheStart(t *testing.T) {
	d, be := newTestDictionary(t)
	n := surrogatetest.Layout().Len()
	theta, _ := surrogatetest.Random(be, n, "θ")
	grad, _ := surrogatetest.Random(be, n, "g")
	h := be.New(n)
	d.Guide(h, surrogate.Point{Params: theta, Grad: grad, Velocity: be.New(n), Start: theta, Average: theta})
	if norm := be.Dot(h, h); !(norm > 0) || math.IsNaN(norm) || math.IsInf(norm, 0) {
		t.Errorf("‖h‖² = %g", norm)
	}
}

func TestShuffleLayers(t *testing.T) {
	d, _ := newTestDictionary(t)
	before := d.Phi()
	d.ShuffleLayers([]int{4, 0, 1, 2, 3})
	if after := d.Phi(); !slices.Equal(after[:5], before[20:]) || !slices.Equal(after[5:], before[:20]) {
		t.Errorf("%v after %v", after, before)
	}

	be := surrogatetest.Backend(t, 1)
	s, err := surrogate.NewScorer(be, surrogatetest.Small(nil), surrogatetest.Layout())
	if err != nil {
		t.Fatal(err)
	}
	s.Init(1)
	n := surrogatetest.Layout().Len()
	params, _ := surrogatetest.Random(be, n, "θ")
	plain, shuffled := be.New(n), be.New(n)
	s.Guide(plain, surrogate.Point{Params: params})
	order := []int{4, 0, 1, 2, 3}
	s.ShuffleLayers(order)
	s.Guide(shuffled, surrogate.Point{Params: params})
	for i, p := range s.Target() {
		part := func(v device.Buffer, t nn.Param) device.Buffer { return v.Slice(t.Offset, t.Offset+t.Len()) }
		size := func(v device.Buffer) float64 { return math.Sqrt(be.Dot(v, v) / float64(v.Len())) }
		a, b := part(plain, p), part(shuffled, p)
		got, want := size(b), size(part(plain, s.Target()[order[i]]))
		cos := be.Dot(a, b) / math.Sqrt(be.Dot(a, a)*be.Dot(b, b))
		if math.Abs(got-want) > 1e-5*want || cos < 0.99999 {
			t.Errorf("%s: root mean square %g, want %g; cosine %g", p.Name, got, want, cos)
		}
	}
}
