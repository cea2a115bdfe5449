package devicetest

import (
	"math"
	"slices"
	"testing"

	"srn/pkg/device"
	"srn/pkg/rng"
)

// The oracle's own derivatives, by central differences.
func TestConv1DOracleByDifferences(t *testing.T) {
	shape := device.Conv1DShape{Channels: []int{16, 16}, Kernel: 5, Length: 9}
	r := rng.New(2)
	w, x, v := normals(r, shape.Weights(), 0.3), normals(r, shape.Length, 1), normals(r, shape.Length, 1)
	dw, c := normals(r, shape.Weights(), 1), normals(r, shape.Features(), 1)
	o := newConv1DOracle(shape, w, x)
	gx, gw := o.backward(c, nil)
	tangents := o.tangents(v)
	_, gwDot := o.backward(c, tangents)

	const h = 1e-6
	moved := func(base, dir []float64, h float64) []float64 {
		m := slices.Clone(base)
		for i := range m {
			m[i] += h * dir[i]
		}
		return m
	}
	value := func(w, x []float64) float64 {
		o := newConv1DOracle(shape, w, x)
		return dot(c, o.mean(o.a[len(o.a)-1]))
	}
	check := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-6*(1+math.Abs(want)) {
			t.Errorf("%s: %g by differences, %g by formula", what, want, got)
		}
	}
	check("sequence", dot(gx, v), (value(w, moved(x, v, h))-value(w, moved(x, v, -h)))/(2*h))
	check("weights", dot(gw, dw), (value(moved(w, dw, h), x)-value(moved(w, dw, -h), x))/(2*h))
	check("features' tangent", dot(c, o.mean(tangents[2])), (value(w, moved(x, v, h))-value(w, moved(x, v, -h)))/(2*h))
	grad := func(x []float64) float64 {
		_, g := newConv1DOracle(shape, w, x).backward(c, nil)
		return dot(g, dw)
	}
	check("weight gradient's tangent", dot(gwDot, dw), (grad(moved(x, v, h))-grad(moved(x, v, -h)))/(2*h))
}
