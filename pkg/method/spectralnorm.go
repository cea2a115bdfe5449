package method

import (
	"math"

	"srn/pkg/artifact"
	"srn/pkg/device"
	"srn/pkg/nn"
	"srn/pkg/rng"
)

// spectralNorm has the network compute with W/σ(W) in place of every matrix
// of weights W, a convolution's being out × (in·3·3). σ = uᵀWv is estimated by
// one power step for every pass, from u of the pass before; u and v count as
// constants in the gradient:
//
//	∂ℓ/∂W = G/σ − (⟨G, W⟩/σ²)·u·vᵀ,  G = ∂ℓ/∂(W/σ).
type spectralNorm struct {
	net    Network
	be     device.Backend
	layers []*spectralLayer
	trained,
	used, grad []float32
}

type spectralLayer struct {
	name       string
	offset     int
	rows, cols int
	u, v       []float64
	sigma      float64
}

var spectralNormInfo = Info{
	Name:      "spectral-norm",
	Read:      Secondary,
	Kind:      "network",
	Formula:   "weights W/σ(W), one power step a pass",
	Reference: "Miyato, Kataoka, Koyama & Yoshida 2018",
	PaperRow:  "Spectral Norm",
	Passes:    "1",
	Notes: []string{
		"All convolutions and the classifier are normalised; with batch normalisation after every convolution only the classifier's scale, and how far steps turn the weights, changes what is learned.",
		"Checkpoints hold W/σ, the weights that the network computes with; theta_norm and weight decay are of W.",
	},
	make: func(o Options, _ values) (part, error) {
		n := o.Net.Params().Len()
		s := &spectralNorm{net: o.Net, be: o.Net.Backend(),
			trained: make([]float32, n), used: make([]float32, n), grad: make([]float32, n)}
		for i, p := range o.Net.Layout() {
			if len(p.Shape) > 1 {
				s.layers = append(s.layers, newSpectralLayer(p, rng.New(o.Seed, rng.Stream("spectral-norm"), uint64(i))))
			}
		}
		return s, nil
	},
}

func newSpectralLayer(p nn.Param, r *rng.Rand) *spectralLayer {
	l := &spectralLayer{name: p.Name, offset: p.Offset, rows: p.Shape[0], cols: p.Len() / p.Shape[0]}
	l.u, l.v = make([]float64, l.rows), make([]float64, l.cols)
	for _, x := range [][]float64{l.u, l.v} {
		for i := range x {
			x[i] = r.NormFloat64()
		}
		normalise(x)
	}
	return l
}

// normalise divides by the norm, which it returns.
func normalise(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	sum = math.Sqrt(sum) + tiny
	for i := range x {
		x[i] /= sum
	}
	return sum
}

// power takes one step towards the leading singular vectors, after which σ is
// ‖Wv‖.
func (l *spectralLayer) power(w []float32) {
	clear(l.v)
	for i, u := range l.u {
		for j, x := range w[i*l.cols:][:l.cols] {
			l.v[j] += u * float64(x)
		}
	}
	normalise(l.v)
	for i := range l.u {
		l.u[i] = 0
		for j, x := range w[i*l.cols:][:l.cols] {
			l.u[i] += float64(x) * l.v[j]
		}
	}
	l.sigma = normalise(l.u)
}

// measure computes σ = uᵀWv.
func (l *spectralLayer) measure(w []float32) {
	l.sigma = 0
	for i, u := range l.u {
		row := 0.0
		for j, x := range w[i*l.cols:][:l.cols] {
			row += float64(x) * l.v[j]
		}
		l.sigma += u * row
	}
	if math.Abs(l.sigma) < tiny {
		l.sigma = tiny
	}
}

// chain turns G into the gradient in W.
func (l *spectralLayer) chain(g, w []float32) {
	c, scale := dot(g, w)/(l.sigma*l.sigma), 1/l.sigma
	for i, u := range l.u {
		cu := c * u
		for j, v := range l.v {
			k := i*l.cols + j
			g[k] = float32(float64(g[k])*scale - cu*v)
		}
	}
}

func (l *spectralLayer) of(flat []float32) []float32 { return flat[l.offset:][:l.rows*l.cols] }

func (s *spectralNorm) enter() { s.replace(true) }

func (s *spectralNorm) replace(step bool) {
	s.be.Read(s.trained, s.net.Params())
	copy(s.used, s.trained)
	for _, l := range s.layers {
		w := l.of(s.trained)
		if step {
			l.power(w)
		} else {
			l.measure(w)
		}
		to, scale := l.of(s.used), 1/l.sigma
		for i, x := range w {
			to[i] = float32(float64(x) * scale)
		}
	}
	s.be.Write(s.net.Params(), s.used)
	s.net.Load()
}

func (s *spectralNorm) leave() {
	s.be.Read(s.grad, s.net.Grad())
	for _, l := range s.layers {
		l.chain(l.of(s.grad), l.of(s.trained))
	}
	s.be.Write(s.net.Grad(), s.grad)
	// Whatever runs next enters again, and loads.
	s.be.Write(s.net.Params(), s.trained)
}

func (s *spectralNorm) effective() (restore func()) {
	s.replace(false)
	return func() {
		s.be.Write(s.net.Params(), s.trained)
		s.net.Load()
	}
}

func (s *spectralNorm) state() []artifact.Tensor {
	var list []artifact.Tensor
	for _, l := range s.layers {
		list = append(list, artifact.Float64("state.spectral."+l.name+".u", []int{l.rows}, l.u),
			artifact.Float64("state.spectral."+l.name+".v", []int{l.cols}, l.v))
	}
	return list
}

func (s *spectralNorm) restore(f *artifact.File, path string) error {
	for _, l := range s.layers {
		if err := f.ReadFinite(path, "state.spectral."+l.name+".u", l.u); err != nil {
			return err
		}
		if err := f.ReadFinite(path, "state.spectral."+l.name+".v", l.v); err != nil {
			return err
		}
	}
	return nil
}
