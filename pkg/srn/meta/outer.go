package meta

import (
	"errors"
	"math"

	"srn/pkg/artifact"
	"srn/pkg/optim"
	"srn/pkg/srn/surrogate"
)

// outer moves φ and knows what is to be frozen of its way.
type outer struct {
	rate  float64
	adam  *optim.Adam // nil: SGD
	phi0  []float32
	first int // round from which φ is averaged
	sum   []float64
	count []float64 // rounds in the sum
}

func newOuter(s surrogate.Surrogate, c Config) *outer {
	n := s.Layout().Len()
	o := &outer{rate: c.OuterLR, phi0: s.Phi(), sum: make([]float64, n), count: make([]float64, 1)}
	o.first = c.Rounds - max(1, int(math.Round(c.OuterAverage*float64(c.Rounds))))
	if c.OuterOptimizer == "adam" {
		o.adam = optim.NewAdam(n, c.OuterLR, 0)
	}
	return o
}

// step descends a gradient in φ.
func (o *outer) step(s surrogate.Surrogate, grad surrogate.PhiGrad, round int) {
	phi := s.Phi()
	if o.adam == nil {
		for i := range phi {
			phi[i] -= float32(o.rate * grad[i])
		}
	} else {
		p := make([]float64, len(phi))
		for i, v := range phi {
			p[i] = float64(v)
		}
		o.adam.Step(p, grad)
		for i, v := range p {
			phi[i] = float32(v)
		}
	}
	s.SetPhi(phi)
	if round >= o.first {
		for i, v := range phi {
			o.sum[i] += float64(v)
		}
		o.count[0]++
	}
}

// drift is ‖φ − φ₀‖/‖φ₀‖.
func (o *outer) drift(phi []float32) float64 {
	var drift, start float64
	for i, v := range phi {
		d := float64(v) - float64(o.phi0[i])
		drift += d * d
		start += float64(o.phi0[i]) * float64(o.phi0[i])
	}
	return math.Sqrt(drift / start)
}

// frozen is the mean of φ over the last rounds.
func (o *outer) frozen() []float32 {
	phi := make([]float32, len(o.sum))
	for i, v := range o.sum {
		phi[i] = float32(v / o.count[0])
	}
	return phi
}

func (o *outer) State() []artifact.Tensor {
	list := []artifact.Tensor{artifact.Float64("outer.sum", []int{len(o.sum)}, o.sum), artifact.Float64("outer.count", []int{1}, o.count)}
	if o.adam != nil {
		list = append(list, o.adam.State("outer.adam")...)
	}
	return list
}

func (o *outer) Restore(f *artifact.File, path string) error {
	if err := errors.Join(f.ReadFinite(path, "outer.sum", o.sum), f.ReadFinite(path, "outer.count", o.count)); err != nil {
		return err
	}
	if o.adam == nil {
		return nil
	}
	return o.adam.Restore(f, path, "outer.adam")
}
