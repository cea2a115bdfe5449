package surrogate

import (
	"math"

	"srn/pkg/device"
	"srn/pkg/nn"
	"srn/pkg/rng"
)

// Dictionary composes the guidance of each tensor l of Θ from what there is to
// be seen of its training:
//
//	h_l = rms(g_l)·Σ_k w_lk·b_lk,  b_lk = f_lk / rms(f_lk)
//	f   = θ, θ − θ₀, θ − EMA(θ), θ/√(|θ|+ε), velocity
//
// with g the task's gradient. φ are the w, five numbers a tensor, 115 for
// ResNet-8. It is no gradient of a score r(Θ): the same Θ can be guided in
// different ways. A feature that is zero stays zero.
type Dictionary struct {
	base

	// Host copies of a point and of a vector like Θ.
	theta, grad, velocity, start, average, v []float32
	f                                        [atoms][]float64 // of one tensor, then b
	back                                     device.Buffer    // what VJP adds to a point, once it was asked for
}

const (
	atoms = 5 // features of a tensor
	// rootEpsilon keeps the slope of the fourth feature, sign(θ)·√|θ|, finite.
	rootEpsilon = 1e-4
	// untrainedScale is the deviation of untrained coefficients: small, so that
	// training soon outweighs it; with a held ratio the scale does not matter.
	untrainedScale = 0.1
)

func newDictionary(be device.Backend, c Config, target nn.Layout) *Dictionary {
	d := &Dictionary{base: base{Config: c, be: be, target: target}}
	d.layout.Add("dictionary.weight", len(target), atoms)
	d.phi = make([]float32, d.layout.Len())
	largest := 0
	for _, t := range target {
		largest = max(largest, t.Len())
	}
	for k := range d.f {
		d.f[k] = make([]float64, largest)
	}
	for _, v := range []*[]float32{&d.theta, &d.grad, &d.velocity, &d.start, &d.average, &d.v} {
		*v = make([]float32, target.Len())
	}
	return d
}

// SetPhi sets the coefficients.
func (d *Dictionary) SetPhi(phi []float32) { d.setPhi(phi) }

// Init draws the coefficients from a normal distribution.
func (d *Dictionary) Init(seed uint64) {
	r := rng.New(seed, rng.Stream("dictionary"))
	for i := range d.phi {
		d.phi[i] = float32(untrainedScale * r.NormFloat64())
	}
}

// ReadsPath is true.
func (d *Dictionary) ReadsPath() bool { return true }

// ShuffleLayers exchanges the tensors' coefficients.
func (d *Dictionary) ShuffleLayers(order []int) {
	phi := d.Phi()
	for l, from := range order {
		copy(d.phi[l*atoms:(l+1)*atoms], phi[from*atoms:])
	}
}

// read takes a point to host memory.
func (d *Dictionary) read(at Point) {
	d.be.Read(d.theta, at.Params)
	d.be.Read(d.grad, at.Grad)
	d.be.Read(d.velocity, at.Velocity)
	d.be.Read(d.start, at.Start)
	d.be.Read(d.average, at.Average)
}

// unit computes a tensor's features, divided by their root mean squares, which
// it returns.
func (d *Dictionary) unit(t nn.Param) (b [atoms][]float64, size [atoms]float64) {
	n := t.Len()
	for k := range b {
		b[k] = d.f[k][:n]
	}
	for i := range n {
		at := t.Offset + i
		theta := float64(d.theta[at])
		b[0][i] = theta
		b[1][i] = theta - float64(d.start[at])
		b[2][i] = theta - float64(d.average[at])
		b[3][i] = theta / math.Sqrt(math.Abs(theta)+rootEpsilon)
		b[4][i] = float64(d.velocity[at])
	}
	for k, v := range b {
		size[k] = rms(v)
		if size[k] == 0 {
			continue
		}
		for i := range v {
			v[i] /= size[k]
		}
	}
	return b, size
}

func rms(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum / float64(len(v)))
}

// rmsOf is the root mean square of a tensor's part of a host vector.
func rmsOf(v []float32, t nn.Param) float64 {
	sum := 0.0
	for _, x := range v[t.Offset : t.Offset+t.Len()] {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum / float64(t.Len()))
}

// Guide writes h.
func (d *Dictionary) Guide(h device.Buffer, at Point) Value {
	d.read(at)
	for l, t := range d.target {
		b, _ := d.unit(t)
		w := d.phi[l*atoms : (l+1)*atoms]
		size := rmsOf(d.grad, t)
		for i := range t.Len() {
			sum := 0.0
			for k, c := range w {
				sum += float64(c) * b[k][i]
			}
			d.v[t.Offset+i] = float32(size * sum)
		}
	}
	d.be.Write(h, d.v)
	return Value{Slope: 1}
}

// VJP computes the gradient of ⟨h, u⟩ in w, rms(g_l)·⟨b_lk, u_l⟩, and in what
// the features are made of.
func (d *Dictionary) VJP(at Point, u device.Buffer, into Point) PhiGrad {
	d.read(at)
	d.be.Read(d.v, u)
	grad := make(PhiGrad, len(d.phi))
	var back backPoint
	if into.Params != nil {
		back = newBackPoint(d.target.Len())
	}
	for l, t := range d.target {
		b, size := d.unit(t)
		cotangent := d.v[t.Offset : t.Offset+t.Len()]
		scale := rmsOf(d.grad, t)
		along := 0.0 // ⟨Σ_k w·b, u⟩
		for k := range atoms {
			dot := 0.0
			for i, c := range cotangent {
				dot += b[k][i] * float64(c)
			}
			grad[l*atoms+k] = scale * dot
			w := float64(d.phi[l*atoms+k])
			along += w * dot
			if back.params == nil || size[k] == 0 {
				continue
			}
			// Through b = f/rms(f): (u − b·⟨b, u⟩/n)/rms(f).
			mean := dot / float64(t.Len())
			for i, c := range cotangent {
				d.addBack(back, t.Offset+i, k, scale*w*(float64(c)-b[k][i]*mean)/size[k])
			}
		}
		if back.params == nil || scale == 0 {
			continue
		}
		for i := range cotangent {
			at := t.Offset + i
			back.grad[at] += float32(along * float64(d.grad[at]) / (float64(t.Len()) * scale))
		}
	}
	if back.params != nil {
		if d.back == nil {
			d.back = d.be.New(d.target.Len())
		}
		back.addTo(d.be, into, d.back)
	}
	return grad
}

// addBack adds a gradient in a feature's element to what it is made of; θ₀ is
// where it is.
func (d *Dictionary) addBack(to backPoint, at, feature int, g float64) {
	switch feature {
	case 3:
		size := math.Abs(float64(d.theta[at]))
		g *= (0.5*size + rootEpsilon) / math.Pow(size+rootEpsilon, 1.5)
	case 2:
		to.average[at] -= float32(g)
	case 4:
		to.velocity[at] += float32(g)
		return
	}
	to.params[at] += float32(g)
}

// backPoint is gradients in a point's vectors in host memory.
type backPoint struct{ params, grad, velocity, average []float32 }

func newBackPoint(n int) backPoint {
	return backPoint{make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)}
}

func (b backPoint) addTo(be device.Backend, into Point, scratch device.Buffer) {
	for _, v := range []struct {
		to   device.Buffer
		from []float32
	}{{into.Params, b.params}, {into.Grad, b.grad}, {into.Velocity, b.velocity}, {into.Average, b.average}} {
		be.Write(scratch, v.from)
		be.Axpy(v.to, 1, scratch)
	}
}
