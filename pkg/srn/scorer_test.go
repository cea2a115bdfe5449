package srn

import (
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	kernels "srn/kernels/cpu"
	"srn/pkg/artifact"
	"srn/pkg/device"
	"srn/pkg/device/cpu"
	"srn/pkg/nn"
	"srn/pkg/rng"
)

func backend(t testing.TB, threads int) device.Backend {
	be := cpu.New(threads, kernels.Best())
	t.Cleanup(be.Close)
	return be
}

func small(change func(*Config)) Config {
	c := DefaultConfig()
	c.Channels, c.Kernel = []int{32, 16}, 5
	if change != nil {
		change(&c)
	}
	return c
}

func layout() nn.Layout {
	var l nn.Layout
	l.Add("conv1.weight", 4, 3, 3, 3)
	l.Add("bn1.weight", 4)
	l.Add("bn1.bias", 4)
	l.Add("conv2.weight", 4, 4, 3, 3)
	l.Add("linear.weight", 3, 4)
	return l
}

func random(be device.Backend, n int, stream string) (device.Buffer, []float32) {
	r := rng.New(1, rng.Stream(stream))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	b := be.New(n)
	be.Write(b, v)
	return b, v
}

var variants = map[string]Config{
	"default":     small(nil),
	"mean head":   small(func(c *Config) { c.Head = "mean" }),
	"linear head": small(func(c *Config) { c.Head = "linear"; c.Clamp = "none" }),
	"soft clamp":  small(func(c *Config) { c.Clamp = "soft"; c.RMax = 1 }),
	"conv":        small(func(c *Config) { c.Input = "conv" }),
	"scaled":      small(func(c *Config) { c.Input = "scaled" }),
	"mlp":         small(func(c *Config) { c.Surrogate, c.Segments = "mlp", 7 }),
	"scaled mlp":  small(func(c *Config) { c.Surrogate, c.Segments, c.Input = "mlp", 24, "scaled" }),
}

// awayFromKinks gives a surrogate biases that keep every ReLU far from where
// it switches, so that differences mean something (the gradient is not
// continuous there), and a head argument where heads bend. It returns φ.
func awayFromKinks(s *Scorer, params device.Buffer) []float32 {
	phi := s.Phi()
	for _, p := range s.Layout() {
		if p.Name != "linear.bias" && strings.HasSuffix(p.Name, ".bias") {
			size := float32(4)
			if !strings.Contains(p.Name, "1") {
				size = 12
			}
			for i := range p.Len() {
				phi[p.Offset+i] = size
				if i%3 == 0 { // off
					phi[p.Offset+i] = -size
				}
			}
		}
	}
	s.SetPhi(phi)
	if s.Head != "mean" {
		phi[len(phi)-1] += float32(0.4 - s.Value(params).u)
		s.SetPhi(phi)
	}
	return phi
}

// nearly compares a derivative with a difference of float32 results.
func nearly(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Max(math.Abs(want), 1e-3)) {
		t.Errorf("%s: %g, by differences %g", what, got, want)
	}
}

func TestSurrogateDerivatives(t *testing.T) {
	for name, c := range variants {
		t.Run(name, func(t *testing.T) {
			be := backend(t, 2)
			s, err := NewScorer(be, c, layout())
			if err != nil {
				t.Fatal(err)
			}
			n := layout().Len()
			params, theta := random(be, n, "θ")
			s.Init(5)
			phi := awayFromKinks(s, params)
			v, dir := random(be, n, "v")
			grad, moved := be.New(n), be.New(n)
			_, phiDir := random(be, len(phi), "φ")

			const h, hTheta = 2e-4, 0.1 // r is all but linear in Θ
			along := func(h float64) device.Buffer {
				m := slices.Clone(theta)
				for i := range m {
					m[i] += float32(h) * dir[i]
				}
				be.Write(moved, m)
				return moved
			}
			phiAlong := func(h float64) {
				m := slices.Clone(phi)
				for i := range m {
					m[i] += float32(h) * phiDir[i]
				}
				s.SetPhi(m)
			}

			value := s.Gradient(grad, params)
			if again := s.Value(params); again != value {
				t.Errorf("value %+v, beside the gradient %+v", again, value)
			}
			slope := value.Slope() * be.Dot(grad, v)
			// The five-point formula, whose error is of the fourth order, so that
			// the step can be long enough for float32.
			near := s.Value(along(hTheta)).R - s.Value(along(-hTheta)).R
			far := s.Value(along(2*hTheta)).R - s.Value(along(-2*hTheta)).R
			nearly(t, "∇_Θ r", slope, (8*near-far)/(12*hTheta), 1e-2)

			_, gradPhi := s.Gradients(grad, params)
			dot := func(g PhiGrad) (sum float64) {
				for i, x := range g {
					sum += x * float64(phiDir[i])
				}
				return sum
			}
			phiAlong(h)
			up := s.Value(params).R
			upSlope := s.Gradient(grad, params).Slope() * be.Dot(grad, v)
			phiAlong(-h)
			down := s.Value(params).R
			downSlope := s.Gradient(grad, params).Slope() * be.Dot(grad, v)
			s.SetPhi(phi)
			nearly(t, "∇_φ r", value.Slope()*dot(gradPhi), (up-down)/(2*h), 5e-3)
			into := be.New(n)
			nearly(t, "∇_φ ⟨∇_Θ r, v⟩", dot(s.VJP(Point{Params: params}, v, Point{Params: into})), (upSlope-downSlope)/(2*h), 5e-3)

			slopeAt := func(h float64) float64 { return s.Gradient(grad, along(h)).Slope() * be.Dot(grad, v) }
			bent := (slopeAt(hTheta) - slopeAt(-hTheta)) / (2 * hTheta)
			be.Write(moved, dir)
			if got := be.Dot(into, moved); math.Abs(got-bent) > 2e-2*math.Abs(bent) {
				t.Errorf("∇_Θ ⟨∇_Θ r, v⟩: %g, by differences %g", got, bent)
			}
		})
	}
}

// The perceptron is as large as the convolutional surrogate.
func TestMatchedParameterCount(t *testing.T) {
	for _, channels := range [][]int{{128, 64, 32}, {64, 32}, {32, 16}} {
		var sizes []int
		for _, kind := range []string{"conv", "mlp"} {
			c := DefaultConfig()
			c.Surrogate, c.Channels = kind, channels
			s, err := NewScorer(backend(t, 1), c, layout())
			if err != nil {
				t.Fatal(err)
			}
			sizes = append(sizes, s.Layout().Len())
		}
		if unit := 512 + 1 + channels[len(channels)-1]; 2*max(sizes[0]-sizes[1], sizes[1]-sizes[0]) > unit {
			t.Errorf("%v: conv %d, mlp %d numbers, a unit has %d", channels, sizes[0], sizes[1], unit)
		}
	}
}

func TestConvInputIgnoresTheRest(t *testing.T) {
	be := backend(t, 1)
	s, err := NewScorer(be, variants["conv"], layout())
	if err != nil {
		t.Fatal(err)
	}
	s.Init(1)
	n := layout().Len()
	params, v := random(be, n, "θ")
	grad := be.New(n)
	be.Fill(grad, 9)
	s.Gradient(grad, params)
	g := make([]float32, n)
	be.Read(g, grad)
	before := s.Value(params)
	for _, p := range layout() {
		isConv := strings.HasPrefix(p.Name, "conv")
		for i := p.Offset; i < p.Offset+p.Len(); i++ {
			if !isConv {
				v[i]++
			}
			if isConv == (g[i] == 0) {
				t.Fatalf("%s: gradient %g", p.Name, g[i])
			}
		}
	}
	be.Write(params, v)
	if after := s.Value(params); after != before {
		t.Errorf("r changes from %g to %g with parameters it does not read", before.R, after.R)
	}
	if _, err := NewScorer(be, variants["conv"], nn.Layout{{Name: "linear.weight", Shape: []int{2, 2}}}); err == nil {
		t.Error("no error for a network without convolutions")
	}
}

func TestInitIsPyTorchs(t *testing.T) {
	s, err := NewScorer(backend(t, 1), DefaultConfig(), layout())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(s.phi), 128*9+128+64*128*9+64+32*64*9+32+32+1; got != want {
		t.Errorf("φ has %d values, want %d", got, want)
	}
	s.Init(3)
	fanIn := map[string]int{"conv1": 9, "conv2": 128 * 9, "conv3": 64 * 9, "linear": 32}
	for _, p := range s.Layout() {
		layer, _, _ := strings.Cut(p.Name, ".")
		bound := 1 / math.Sqrt(float64(fanIn[layer]))
		largest := 0.0
		for _, v := range s.phi[p.Offset : p.Offset+p.Len()] {
			largest = max(largest, math.Abs(float64(v)))
		}
		if largest > bound || p.Len() > 20 && largest < 0.85*bound {
			t.Errorf("%s: largest value %g of bound %g", p.Name, largest, bound)
		}
	}
}

func TestSaveAndLoad(t *testing.T) {
	be := backend(t, 1)
	s, err := NewScorer(be, variants["soft clamp"], layout())
	if err != nil {
		t.Fatal(err)
	}
	s.Init(7)
	path := filepath.Join(t.TempDir(), "s.safetensors.zst")
	made := &File{Arch: "resnet8", Dataset: "synthetic", DataSHA256: "ab", Rounds: 3,
		Provenance: artifact.Provenance{Tool: "srn-meta", Config: DefaultMeta()}}
	if err := Save(path, s, made); err != nil {
		t.Fatal(err)
	}
	f, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if f.Arch != "resnet8" || f.Dataset != "synthetic" || f.Rounds != 3 || f.SHA256 != made.SHA256 || f.Clamp != "soft" {
		t.Errorf("%+v", f)
	}
	got, err := f.Surrogate(be, layout())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Phi(), s.Phi()) {
		t.Error("φ differs")
	}
	var format *artifact.FormatError
	if _, err := f.Surrogate(be, layout()[:3]); !errors.As(err, &format) || !strings.Contains(err.Error(), "layout") {
		t.Errorf("another layout: %v", err)
	}
}

func TestLoadRefuses(t *testing.T) {
	be := backend(t, 1)
	s, err := NewScorer(be, small(nil), layout())
	if err != nil {
		t.Fatal(err)
	}
	s.Init(7)
	path := filepath.Join(t.TempDir(), "s.safetensors")
	for name, test := range map[string]struct {
		change func(*artifact.File)
		want   string
	}{
		"another format":  {func(f *artifact.File) { f.Metadata["format"] = "srn-data/1" }, "srn-data/1"},
		"a broken config": {func(f *artifact.File) { f.Metadata["surrogate"] = "{" }, "surrogate"},
		"huge channels":   {func(f *artifact.File) { f.Metadata["surrogate"] = `{"channels":[1000000]}` }, "surrogate"},
		"a NaN": {func(f *artifact.File) {
			f.Tensors[0] = artifact.Float32(f.Tensors[0].Name, f.Tensors[0].Shape, slices.Repeat([]float32{float32(math.NaN())}, f.Tensors[0].Len()))
		}, "NaN"},
		"a lost tensor": {func(f *artifact.File) { f.Tensors = f.Tensors[1:] }, "missing"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Save(path, s, &File{Arch: "resnet8"}); err != nil {
				t.Fatal(err)
			}
			f, err := artifact.Read(path, artifact.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			test.change(f)
			if err := artifact.Write(path, f); err != nil {
				t.Fatal(err)
			}
			loaded, err := Load(path)
			if err == nil {
				_, err = loaded.Surrogate(be, layout())
			}
			var format *artifact.FormatError
			if !errors.As(err, &format) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want a format error with %q", err, test.want)
			}
		})
	}
}

// A cycle's first turn is the whole gradient; then a block is new at each step,
// and after a cycle without change of Θ all are.
func TestCyclicRefresh(t *testing.T) {
	for _, input := range []string{"all", "conv", "scaled"} {
		be := backend(t, 2)
		var l nn.Layout
		l.Add("conv1.weight", 60, 3, 3, 3) // some chunks
		l.Add("conv2.weight", 16, 16, 3, 3)
		c := small(func(c *Config) { c.Input = input })
		s, err := NewScorer(be, c, l)
		if err != nil {
			t.Fatal(err)
		}
		s.Init(2)
		n := l.Len()
		params, theta := random(be, n, "θ")
		g, err := NewGuidance(be, s, GuidanceConfig{Lambda: 1, Every: 3, Refresh: "cyclic"})
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
	c := DefaultConfig()
	c.Surrogate = "mlp"
	s, err := New(backend(t, 1), c, layout())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewGuidance(backend(t, 1), s, GuidanceConfig{Every: 2, Refresh: "cyclic"}); err == nil || !strings.Contains(err.Error(), "guidance-refresh") {
		t.Errorf("error %v for a perceptron", err)
	}
}

func TestGuidance(t *testing.T) {
	be := backend(t, 1)
	s, err := NewScorer(be, small(nil), layout())
	if err != nil {
		t.Fatal(err)
	}
	s.Init(2)
	n := layout().Len()
	params, theta := random(be, n, "θ")
	exact := be.New(n)
	value := s.Gradient(exact, params)
	g := make([]float32, n)
	be.Read(g, exact)

	literal, err := NewGuidance(be, s, GuidanceConfig{Lambda: 3, Every: 2})
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
		want := 1 + 3*float32(value.Slope())*g[i]
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

	scaled, err := NewGuidance(be, s, GuidanceConfig{Lambda: 1, Ratio: 0.1, Every: 1})
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
