package surrogate_test

import (
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/device"
	"srn/pkg/nn"
	"srn/pkg/srn/surrogate"
	"srn/pkg/srn/surrogate/surrogatetest"
)

var variants = map[string]surrogate.Config{
	"default":     surrogatetest.Small(nil),
	"mean head":   surrogatetest.Small(func(c *surrogate.Config) { c.Head = "mean" }),
	"linear head": surrogatetest.Small(func(c *surrogate.Config) { c.Head = "linear"; c.Clamp = "none" }),
	"soft clamp":  surrogatetest.Small(func(c *surrogate.Config) { c.Clamp = "soft"; c.RMax = 1 }),
	"conv":        surrogatetest.Small(func(c *surrogate.Config) { c.Input = "conv" }),
	"scaled":      surrogatetest.Small(func(c *surrogate.Config) { c.Input = "scaled" }),
	"mlp":         surrogatetest.Small(func(c *surrogate.Config) { c.Surrogate, c.Segments = "mlp", 7 }),
	"scaled mlp":  surrogatetest.Small(func(c *surrogate.Config) { c.Surrogate, c.Segments, c.Input = "mlp", 24, "scaled" }),
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
			be := surrogatetest.Backend(t, 2)
			s, err := surrogate.NewScorer(be, c, surrogatetest.Layout())
			if err != nil {
				t.Fatal(err)
			}
			n := surrogatetest.Layout().Len()
			params, theta := surrogatetest.Random(be, n, "θ")
			s.Init(5)
			phi := surrogatetest.AwayFromKinks(s, params)
			v, dir := surrogatetest.Random(be, n, "v")
			grad, moved := be.New(n), be.New(n)
			_, phiDir := surrogatetest.Random(be, len(phi), "φ")

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
			slope := value.Slope * be.Dot(grad, v)
			// The five-point formula, whose error is of the fourth order, so that
			// the step can be long enough for float32.
			near := s.Value(along(hTheta)).R - s.Value(along(-hTheta)).R
			far := s.Value(along(2*hTheta)).R - s.Value(along(-2*hTheta)).R
			nearly(t, "∇_Θ r", slope, (8*near-far)/(12*hTheta), 1e-2)

			_, gradPhi := s.Gradients(grad, params)
			dot := func(g surrogate.PhiGrad) (sum float64) {
				for i, x := range g {
					sum += x * float64(phiDir[i])
				}
				return sum
			}
			phiAlong(h)
			up := s.Value(params).R
			upSlope := s.Gradient(grad, params).Slope * be.Dot(grad, v)
			phiAlong(-h)
			down := s.Value(params).R
			downSlope := s.Gradient(grad, params).Slope * be.Dot(grad, v)
			s.SetPhi(phi)
			nearly(t, "∇_φ r", value.Slope*dot(gradPhi), (up-down)/(2*h), 5e-3)
			into := be.New(n)
			nearly(t, "∇_φ ⟨∇_Θ r, v⟩", dot(s.VJP(surrogate.Point{Params: params}, v, surrogate.Point{Params: into})), (upSlope-downSlope)/(2*h), 5e-3)

			slopeAt := func(h float64) float64 { return s.Gradient(grad, along(h)).Slope * be.Dot(grad, v) }
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
			c := surrogate.DefaultConfig()
			c.Surrogate, c.Channels = kind, channels
			s, err := surrogate.NewScorer(surrogatetest.Backend(t, 1), c, surrogatetest.Layout())
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
	be := surrogatetest.Backend(t, 1)
	s, err := surrogate.NewScorer(be, variants["conv"], surrogatetest.Layout())
	if err != nil {
		t.Fatal(err)
	}
	s.Init(1)
	n := surrogatetest.Layout().Len()
	params, v := surrogatetest.Random(be, n, "θ")
	grad := be.New(n)
	be.Fill(grad, 9)
	s.Gradient(grad, params)
	g := make([]float32, n)
	be.Read(g, grad)
	before := s.Value(params)
	for _, p := range surrogatetest.Layout() {
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
	if _, err := surrogate.NewScorer(be, variants["conv"], nn.Layout{{Name: "linear.weight", Shape: []int{2, 2}}}); err == nil {
		t.Error("no error for a network without convolutions")
	}
}

func TestInitIsPyTorchs(t *testing.T) {
	s, err := surrogate.NewScorer(surrogatetest.Backend(t, 1), surrogate.DefaultConfig(), surrogatetest.Layout())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(s.Phi()), 128*9+128+64*128*9+64+32*64*9+32+32+1; got != want {
		t.Errorf("φ has %d values, want %d", got, want)
	}
	s.Init(3)
	fanIn := map[string]int{"conv1": 9, "conv2": 128 * 9, "conv3": 64 * 9, "linear": 32}
	for _, p := range s.Layout() {
		layer, _, _ := strings.Cut(p.Name, ".")
		bound := 1 / math.Sqrt(float64(fanIn[layer]))
		largest := 0.0
		for _, v := range s.Phi()[p.Offset : p.Offset+p.Len()] {
			largest = max(largest, math.Abs(float64(v)))
		}
		if largest > bound || p.Len() > 20 && largest < 0.85*bound {
			t.Errorf("%s: largest value %g of bound %g", p.Name, largest, bound)
		}
	}
}

func TestSaveAndLoad(t *testing.T) {
	be := surrogatetest.Backend(t, 1)
	s, err := surrogate.NewScorer(be, variants["soft clamp"], surrogatetest.Layout())
	if err != nil {
		t.Fatal(err)
	}
	s.Init(7)
	path := filepath.Join(t.TempDir(), "s.safetensors.zst")
	made := &surrogate.File{Arch: "resnet8", Dataset: "synthetic", DataSHA256: "ab", Rounds: 3, Meta: surrogatetest.Meta(),
		Provenance: artifact.Provenance{Tool: "srn-meta"}}
	if err := surrogate.Save(path, s, made); err != nil {
		t.Fatal(err)
	}
	f, err := surrogate.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if f.Arch != "resnet8" || f.Dataset != "synthetic" || f.Rounds != 3 || f.SHA256 != made.SHA256 || f.Clamp != "soft" {
		t.Errorf("%+v", f)
	}
	got, err := f.Surrogate(be, surrogatetest.Layout())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Phi(), s.Phi()) {
		t.Error("φ differs")
	}
	var format *artifact.FormatError
	if _, err := f.Surrogate(be, surrogatetest.Layout()[:3]); !errors.As(err, &format) || !strings.Contains(err.Error(), "layout") {
		t.Errorf("another layout: %v", err)
	}
}

func TestLoadRefuses(t *testing.T) {
	be := surrogatetest.Backend(t, 1)
	s, err := surrogate.NewScorer(be, surrogatetest.Small(nil), surrogatetest.Layout())
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
			if err := surrogate.Save(path, s, &surrogate.File{Arch: "resnet8", Meta: surrogatetest.Meta()}); err != nil {
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
			loaded, err := surrogate.Load(path)
			if err == nil {
				_, err = loaded.Surrogate(be, surrogatetest.Layout())
			}
			var format *artifact.FormatError
			if !errors.As(err, &format) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want a format error with %q", err, test.want)
			}
		})
	}
}
