package landscape

import (
	"fmt"
	"math"

	"srn/pkg/nn"
	"srn/pkg/rng"
)

// Normalisation says how long a random direction is, as Li et al. 2018 call
// it ("Visualizing the loss landscape of neural nets").
type Normalisation string

const (
	// Filter gives every filter of the direction (the weights that make one
	// output channel, or one class) the norm of that filter of the parameters,
	// so that plots of networks that differ only in the scale of filters agree.
	Filter Normalisation = "filter"
	// Layer does so for whole tensors.
	Layer Normalisation = "layer"
	// None gives the whole direction norm 1: coordinates are distances.
	None Normalisation = "none"
)

// Directions describes random directions.
type Directions struct {
	Normalisation
	// OneDimensional moves the tensors of one dimension (scales and shifts of
	// batch normalisation, biases) too, each of which is then one filter.
	// Otherwise the directions are zero there.
	OneDimensional bool
	Seed           uint64
}

// group is a part of the flat vector that is normalised by itself.
type group struct{ lo, hi int }

// groups cuts the part of a flat vector that moves.
func (d Directions) groups(layout nn.Layout) []group {
	var list []group
	for _, p := range layout {
		if len(p.Shape) < 2 && !d.OneDimensional {
			continue
		}
		each := p.Len()
		if d.Normalisation == Filter && len(p.Shape) > 1 {
			each /= p.Shape[0]
		}
		for lo := p.Offset; lo < p.Offset+p.Len(); lo += each {
			list = append(list, group{lo, lo + each})
		}
	}
	if d.Normalisation == None { // one group, whose norm is that of the whole
		return []group{{0, layout.Len()}}
	}
	return list
}

// Random returns n Gaussian directions, normalised by the parameters. The
// numbers drawn depend on the seed, the direction's number and the layout
// alone, so that the same seed gives all networks of an architecture the same
// directions but for their scale.
//
// Each direction is made orthogonal to those before it by Gram–Schmidt within
// every group that is normalised by itself: orthogonal groups stay orthogonal
// when they are scaled, so the whole directions do too.
func (d Directions) Random(layout nn.Layout, params []float32, n int) ([][]float32, error) {
	if len(params) != layout.Len() {
		return nil, fmt.Errorf("%d parameters for a layout of %d", len(params), layout.Len())
	}
	groups := d.groups(layout)
	wide := make([][]float64, n)
	for k := range n {
		v := make([]float64, layout.Len())
		for t, p := range layout {
			if len(p.Shape) < 2 && !d.OneDimensional {
				continue
			}
			r := rng.New(d.Seed, rng.Stream("landscape"), uint64(k), uint64(t))
			for i := range p.Len() {
				v[p.Offset+i] = r.NormFloat64()
			}
		}
		for _, g := range groups {
			part := v[g.lo:g.hi]
			for range 2 { // twice is enough for rounding
				for _, u := range wide[:k] {
					project(part, u[g.lo:g.hi])
				}
			}
			target := 1.0
			if d.Normalisation != None {
				target = norm(params[g.lo:g.hi])
			}
			if size := norm(part); size > 0 {
				for i := range part {
					part[i] *= target / size
				}
			}
		}
		wide[k] = v
	}
	directions := make([][]float32, n)
	for k, v := range wide {
		directions[k] = make([]float32, len(v))
		for i, x := range v {
			directions[k][i] = float32(x)
		}
	}
	return directions, nil
}

// project removes from v its component along u.
func project(v, u []float64) {
	var uv, uu float64
	for i, x := range u {
		uv += x * v[i]
		uu += x * x
	}
	if uu == 0 {
		return
	}
	for i, x := range u {
		v[i] -= uv / uu * x
	}
}

// Dot is ⟨a, b⟩ in float64.
func Dot(a, b []float32) float64 {
	var sum float64
	for i, x := range a {
		sum += float64(x) * float64(b[i])
	}
	return sum
}

// Norm is the Euclidean norm in float64.
func Norm(v []float32) float64 { return norm(v) }

// Cosine is that of the angle between two vectors, NaN where one is zero.
func Cosine(a, b []float32) float64 {
	return Dot(a, b) / (Norm(a) * Norm(b))
}

func norm[T float32 | float64](v []T) float64 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}
