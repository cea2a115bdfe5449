package srn

import (
	"math"
	"slices"
	"testing"

	"srn/pkg/device"
	"srn/pkg/rng"
)

// reference64 is a dictionary's guidance in float64.
func reference64(phi []float64, target []int, theta, grad, velocity, start, average []float64) []float64 {
	h := make([]float64, len(theta))
	at := 0
	for l, n := range target {
		f := make([][]float64, 5)
		square := 0.0
		for i := at; i < at+n; i++ {
			f[0] = append(f[0], theta[i])
			f[1] = append(f[1], theta[i]-start[i])
			f[2] = append(f[2], theta[i]-average[i])
			f[3] = append(f[3], theta[i]/math.Sqrt(math.Abs(theta[i])+1e-4))
			f[4] = append(f[4], velocity[i])
			square += grad[i] * grad[i]
		}
		for k, v := range f {
			if r := rms(v); r > 0 {
				for i, x := range v {
					h[at+i] += math.Sqrt(square/float64(n)) * phi[5*l+k] * x / r
				}
			}
		}
		at += n
	}
	return h
}

func sizes(d *Dictionary) []int {
	var n []int
	for _, t := range d.target {
		n = append(n, t.Len())
	}
	return n
}

func wide(v []float32) []float64 {
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = float64(x)
	}
	return w
}

func newTestDictionary(t *testing.T) (*Dictionary, device.Backend) {
	t.Helper()
	be := backend(t, 1)
	c := DefaultConfig()
	c.Surrogate = "dictionary"
	s, err := New(be, c, layout())
	if err != nil {
		t.Fatal(err)
	}
	s.Init(3)
	return s.(*Dictionary), be
}

// The guidance and every derivative of ⟨h, u⟩ are those of the reference.
func TestDictionaryDerivatives(t *testing.T) {
	d, be := newTestDictionary(t)
	n := layout().Len()
	var at Point
	vectors := map[string]*device.Buffer{"θ": &at.Params, "g": &at.Grad, "v": &at.Velocity, "θ₀": &at.Start, "average": &at.Average}
	host := map[string][]float64{}
	for name, b := range vectors {
		buffer, v := random(be, n, name)
		*b, host[name] = buffer, wide(v)
	}
	u, hostU := random(be, n, "u")
	value := func(phi []float64, at map[string][]float64) (sum float64) {
		for i, h := range reference64(phi, sizes(d), at["θ"], at["g"], at["v"], at["θ₀"], at["average"]) {
			sum += h * float64(hostU[i])
		}
		return sum
	}
	phi := wide(d.Phi())
	h := be.New(n)
	d.Guide(h, at)
	if got, want := be.Dot(h, u), value(phi, host); math.Abs(got-want) > 1e-5*math.Abs(want) {
		t.Errorf("⟨h, u⟩ = %g, want %g", got, want)
	}

	into := Point{Params: be.New(n), Grad: be.New(n), Velocity: be.New(n), Average: be.New(n)}
	grad := d.VJP(at, u, into)
	if got := d.VJP(at, u, Point{}); !slices.Equal(got, grad) {
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
	n := layout().Len()
	theta, _ := random(be, n, "θ")
	grad, _ := random(be, n, "g")
	h := be.New(n)
	d.Guide(h, Point{Params: theta, Grad: grad, Velocity: be.New(n), Start: theta, Average: theta})
	if norm := be.Dot(h, h); !(norm > 0) || !finite(norm) {
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

	be := backend(t, 1)
	s, err := NewScorer(be, small(nil), layout())
	if err != nil {
		t.Fatal(err)
	}
	s.Init(1)
	n := layout().Len()
	params, _ := random(be, n, "θ")
	plain, shuffled := be.New(n), be.New(n)
	s.Guide(plain, Point{Params: params})
	order := []int{4, 0, 1, 2, 3}
	s.ShuffleLayers(order)
	s.Guide(shuffled, Point{Params: params})
	for i, p := range s.target {
		got, want := rootMeanSquare(be, shuffled, p), rootMeanSquare(be, plain, s.target[order[i]])
		a, b := part(plain, p), part(shuffled, p)
		cos := be.Dot(a, b) / math.Sqrt(be.Dot(a, a)*be.Dot(b, b))
		if math.Abs(got-want) > 1e-5*want || cos < 0.99999 {
			t.Errorf("%s: root mean square %g, want %g; cosine %g", p.Name, got, want, cos)
		}
	}
}
