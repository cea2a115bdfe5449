package surrogate

import (
	"fmt"
	"slices"

	"srn/pkg/artifact"
	"srn/pkg/device"
)

// dictionaryInfluence is the influence of a dictionary: h is linear in w, so that the sum over steps is
// one vector like Θ for each feature,
//
//	Z_lk ← decay·Z_lk + rms(g_l)·b_lk.
type dictionaryInfluence struct {
	d     *Dictionary
	decay float32
	z     [atoms][]float32
	v     []float32
}

func (d *Dictionary) Influence(decay float64) Influence {
	f := &dictionaryInfluence{d: d, decay: float32(decay), v: make([]float32, d.target.Len())}
	for k := range f.z {
		f.z[k] = make([]float32, d.target.Len())
	}
	return f
}

func (f *dictionaryInfluence) Add(at Point, _ bool) {
	f.d.read(at)
	for _, t := range f.d.target {
		b, _ := f.d.unit(t)
		size := rmsOf(f.d.grad, t)
		for k, v := range b {
			z := f.z[k][t.Offset:]
			for i, x := range v {
				z[i] = f.decay*z[i] + float32(size*x)
			}
		}
	}
}

func (f *dictionaryInfluence) Pull(v device.Buffer) PhiGrad {
	f.d.be.Read(f.v, v)
	grad := make(PhiGrad, len(f.d.phi))
	for l, t := range f.d.target {
		for k, z := range f.z {
			sum := 0.0
			for i := t.Offset; i < t.Offset+t.Len(); i++ {
				sum += float64(z[i]) * float64(f.v[i])
			}
			grad[l*atoms+k] = sum
		}
	}
	return grad
}

func (f *dictionaryInfluence) name(k int) string { return fmt.Sprintf("influence.%d", k) }

func (f *dictionaryInfluence) State() []artifact.Tensor {
	var list []artifact.Tensor
	for k, z := range f.z {
		list = append(list, artifact.Float32(f.name(k), []int{len(z)}, z))
	}
	return list
}

func (f *dictionaryInfluence) Restore(file *artifact.File, path string) error {
	for k, z := range f.z {
		if err := file.ReadFinite32(path, f.name(k), z); err != nil {
			return err
		}
	}
	return nil
}

// scorerInfluence keeps where ∇r was computed, with the weights of the steps
// that it served; pull is a VJP each. What weighs less than a twentieth is
// dropped, and of many places the oldest.
type scorerInfluence struct {
	s       *Scorer
	decay   float64
	places  []device.Buffer // oldest first
	weights []float64
}

const (
	mostPlaces  = 4
	leastWeight = 0.05
)

func (s *Scorer) Influence(decay float64) Influence { return &scorerInfluence{s: s, decay: decay} }

func (f *scorerInfluence) Add(at Point, fresh bool) {
	total := 1.0
	for i := range f.weights {
		f.weights[i] *= f.decay
		total += f.weights[i]
	}
	if !fresh && len(f.places) > 0 {
		f.weights[len(f.weights)-1]++
		return
	}
	var place device.Buffer
	for len(f.places) > 0 && (len(f.places) == mostPlaces || f.weights[0] < leastWeight*total) {
		place = f.places[0]
		f.places, f.weights = slices.Delete(f.places, 0, 1), slices.Delete(f.weights, 0, 1)
	}
	if place == nil {
		place = f.s.be.New(at.Params.Len())
	}
	f.s.be.Copy(place, at.Params)
	f.places, f.weights = append(f.places, place), append(f.weights, 1)
}

func (f *scorerInfluence) Pull(v device.Buffer) PhiGrad {
	grad := make(PhiGrad, len(f.s.phi))
	for i, place := range f.places {
		for j, g := range f.s.VJP(Point{Params: place}, v, Point{}) {
			grad[j] += f.weights[i] * g
		}
	}
	return grad
}

func (f *scorerInfluence) State() []artifact.Tensor {
	list := []artifact.Tensor{artifact.Float64("influence.weights", []int{len(f.weights)}, f.weights)}
	for i, place := range f.places {
		v := make([]float32, place.Len())
		f.s.be.Read(v, place)
		list = append(list, artifact.Float32(fmt.Sprintf("influence.%d", i), []int{len(v)}, v))
	}
	return list
}

func (f *scorerInfluence) Restore(file *artifact.File, path string) error {
	t, err := file.Need(path, "influence.weights", artifact.F64, -1)
	if err != nil {
		return err
	}
	if t.Len() > mostPlaces {
		return &artifact.FormatError{Path: path, Field: `tensor "influence.weights"`,
			Problem: fmt.Sprintf("%d places, want at most %d", t.Len(), mostPlaces)}
	}
	f.places, f.weights = nil, make([]float64, t.Len())
	if err := file.ReadFinite(path, "influence.weights", f.weights); err != nil {
		return err
	}
	for i := range f.weights {
		v := make([]float32, f.s.target.Len())
		if err := file.ReadFinite32(path, fmt.Sprintf("influence.%d", i), v); err != nil {
			return err
		}
		place := f.s.be.New(len(v))
		f.s.be.Write(place, v)
		f.places = append(f.places, place)
	}
	return nil
}
