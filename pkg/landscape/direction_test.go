package landscape

import (
	"math"
	"slices"
	"testing"

	"srn/pkg/nn"
	"srn/pkg/resnet"
)

func layoutAndParams(t *testing.T) (nn.Layout, []float32) {
	t.Helper()
	layout, _, err := resnet.Layouts("resnet8", 10)
	if err != nil {
		t.Fatal(err)
	}
	params := make([]float32, layout.Len())
	for i := range params {
		params[i] = float32(1 + i%7)
	}
	return layout, params
}

func TestRandomDirections(t *testing.T) {
	layout, params := layoutAndParams(t)
	for _, d := range []Directions{
		{Filter, false, 1}, {Filter, true, 1}, {Layer, false, 1}, {Layer, true, 1}, {None, false, 1}, {None, true, 1},
	} {
		v, err := d.Random(layout, params, 2)
		if err != nil {
			t.Fatal(err)
		}
		if c := Cosine(v[0], v[1]); math.Abs(c) > 1e-7 {
			t.Errorf("%v: cosine %g of two directions", d, c)
		}
		if d.Normalisation == None {
			if n := Norm(v[1]); math.Abs(n-1) > 1e-6 {
				t.Errorf("%v: norm %g, want 1", d, n)
			}
			continue
		}
		for _, p := range layout {
			each := p.Len()
			if d.Normalisation == Filter && len(p.Shape) > 1 {
				each /= p.Shape[0]
			}
			for lo := p.Offset; lo < p.Offset+p.Len(); lo += each {
				want := Norm(params[lo : lo+each])
				if len(p.Shape) == 1 && !d.OneDimensional {
					want = 0
				}
				for k := range v {
					if got := Norm(v[k][lo : lo+each]); math.Abs(got-want) > 1e-5*want {
						t.Fatalf("%v, direction %d, %s at %d: norm %g, want %g", d, k, p.Name, lo, got, want)
					}
				}
			}
		}
	}
}

// TestDirectionsAreShared: what a seed draws does not depend on the
// parameters, how many directions are wanted or whether others move.
func TestDirectionsAreShared(t *testing.T) {
	layout, params := layoutAndParams(t)
	d := Directions{Layer, false, 3}
	two, _ := d.Random(layout, params, 2)
	one, _ := d.Random(layout, params, 1)
	if !slices.Equal(one[0], two[0]) {
		t.Error("the first direction depends on the number of them")
	}
	for i := range params {
		params[i] *= 2
	}
	twice, _ := d.Random(layout, params, 2)
	for i, x := range twice[1] {
		if math.Abs(float64(x)-2*float64(two[1][i])) > 1e-6*math.Abs(float64(x)) {
			t.Fatalf("element %d: %g with twice the parameters, %g before", i, x, two[1][i])
		}
	}
	d.Seed = 4
	other, _ := d.Random(layout, params, 1)
	if c := Cosine(other[0], one[0]); math.Abs(c) > 0.02 {
		t.Errorf("another seed: cosine %g", c)
	}
	if _, err := d.Random(layout, params[1:], 1); err == nil {
		t.Error("parameters of another layout are taken")
	}
}

func TestAxis(t *testing.T) {
	var a Axis
	if err := a.UnmarshalText([]byte("-1:1:51")); err != nil {
		t.Fatal(err)
	}
	if a.At(0) != -1 || a.At(25) != 0 || a.At(50) != 1 || a.String() != "-1:1:51" {
		t.Errorf("%v: %g %g %g", a, a.At(0), a.At(25), a.At(50))
	}
	for _, bad := range []string{"", "1", "1:2", "a:b:c", "1:1:5", "2:1:5", "0:1:1", "0:1:100000", "0:inf:5", "nan:1:5", "0:1:5:6"} {
		if err := a.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
